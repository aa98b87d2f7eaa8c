"""Fits of the network: the held-out fold, the state that is kept, and observers."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.unit.noisy_fits import (
    ENDLESS,
    FOLD,
    HALF,
    RICH,
    all_optimizers,
    few_points,
    fit,
    function,
    last_not_worse,
    loss_on,
    losses_of,
    noisy_points,
    watched,
)

# The fold.


@all_optimizers
def test_held_out_points_take_no_part_in_the_fit(optimizer):
    x, y, w = noisy_points()
    moved = np.where(FOLD[:, None], y + 10, y)
    plain, other = (fit((x, t, w), optimizer=optimizer, patience=ENDLESS) for t in (y, moved))
    np.testing.assert_array_equal(plain.history.loss, other.history.loss)
    assert (other.history.validation_loss > plain.history.validation_loss + 10).all()
    # Control: a change to points of the fit.
    moved = np.where(FOLD[:, None], y, 1.5 * y)
    other = fit((x, moved, w), optimizer=optimizer, patience=ENDLESS)
    assert not np.allclose(other.history.loss, plain.history.loss, rtol=0.1)


def test_fit_with_a_fold_is_the_fit_to_the_other_points():
    points = noisy_points()
    alone = fit(tuple(a[~FOLD] for a in points), held_out=None)
    np.testing.assert_allclose(fit(points, patience=ENDLESS).history.loss, alone.history.loss, rtol=1e-6)
    assert np.isnan(alone.history.validation_loss).all()
    np.testing.assert_array_equal(fit(points, held_out=np.zeros(300, dtype=bool)).history.loss,
                                  fit(points, held_out=None).history.loss)  # fmt: skip


@all_optimizers
def test_state_that_is_kept_is_the_last_that_is_not_worse_than_the_best(optimizer):
    points = few_points()
    found, states = watched(points, optimizer=optimizer, patience=ENDLESS)
    history, losses = found.history, losses_of(states, points, HALF)
    # The loss is evaluated in single precision.
    np.testing.assert_allclose(history.validation_loss, losses.sum(axis=1), rtol=1e-4)
    assert history.kept == last_not_worse(losses)
    assert torch.equal(found.network.parameters, states[history.kept].parameters)
    # Controls: it is neither the best nor the last, and fewer or more standard errors would keep another.
    assert 0 < history.validation_loss.argmin() < history.kept < len(states) - 1
    assert last_not_worse(losses, 1.0) < history.kept < last_not_worse(losses, 4.0)
    assert loss_on(states[-1], points, HALF) > 1.3 * history.validation_loss[history.kept]
    assert history.loss[-1] < history.loss[history.kept] < history.loss[history.validation_loss.argmin()]


def test_without_a_fold_the_last_state_is_kept():
    history = fit(held_out=None).history
    assert history.kept == len(history.loss) - 1


def test_validation_loss_is_weighted():
    x, y, _ = few_points()
    # The points that count are fewer, and the error of a difference larger than that of all.
    w = np.random.default_rng(1).exponential(size=200) ** 3
    found, states = watched((x, y, w), patience=ENDLESS)
    history, even = found.history, losses_of(states, (x, y, np.ones(200)), HALF)
    losses = losses_of(states, (x, y, w), HALF)
    np.testing.assert_allclose(history.validation_loss, losses.sum(axis=1), rtol=1e-4)
    assert history.kept == last_not_worse(losses)
    assert not np.allclose(history.validation_loss, even.sum(axis=1), rtol=0.05)
    assert history.kept != last_not_worse(even)


def errors_of_choices(optimizer, noise, n_seeds) -> dict[str, np.ndarray]:
    """Mean square errors against the function without its noise, ``(n_seeds,)``, over all points."""
    errors = {"fold": [], "none": [], "last": []}
    for seed in range(n_seeds):
        x, y, w = few_points(seed, noise)
        for name, options in (
            ("fold", {}),
            ("none", {"held_out": None}),  # twice the points
            ("last", {"held_out": None, "chosen": ~HALF}),  # the points of the first, to the end
        ):
            chosen = options.pop("chosen", np.ones(200, dtype=bool))
            network = fit((x[chosen], y[chosen], w[chosen]), optimizer=optimizer, **{**RICH, **options}).network
            errors[name].append(loss_on(network, (x, function(x), w), slice(None)))
    return {name: np.array(values) for name, values in errors.items()}


@pytest.mark.parametrize(("optimizer", "n_seeds"), [("lbfgs", 8), ("adam", 5)])
def test_fold_chooses_a_network_nearer_to_the_truth(optimizer, n_seeds):
    """What a fold is for, where the noise can be learnt by heart."""
    error = errors_of_choices(optimizer, 2.0, n_seeds)
    for other in ("none", "last"):
        gain = error[other] - error["fold"]
        assert gain.mean() > 2 * gain.std(ddof=1) / n_seeds**0.5  # the least of the four is 3
    assert error["fold"].mean() < 0.75 * error["none"].mean()
    assert error["fold"].mean() < 0.25 * error["last"].mean()
    # Control: where there is no noise a fold has nothing to give, and takes its points away.
    error = errors_of_choices(optimizer, 0.0, 2)
    assert error["fold"].mean() > error["none"].mean()
    np.testing.assert_allclose(error["fold"], error["last"], rtol=0.1)


# Observers.


@all_optimizers
def test_observer_sees_the_fit_as_it_goes(optimizer):
    points, seen = noisy_points(), []
    found = fit(points, held_out=None, optimizer=optimizer, observe=lambda k, network: seen.append((k, network)))
    iterations = [k for k, _ in seen]
    assert all(a < b for a, b in pairwise(iterations))
    np.testing.assert_array_equal(iterations, found.history.iteration)
    assert torch.equal(seen[-1][1].parameters, found.network.parameters)
    # Each is a state of its own, not a view of the last.
    assert len({float(network.parameters.square().sum()) for _, network in seen}) > 0.9 * len(seen)
    if optimizer == "lbfgs":
        for (_, network), loss in zip(seen, found.history.loss):
            assert loss_on(network, points, slice(None)) == pytest.approx(loss, rel=1e-3)


@all_optimizers
def test_observer_changes_nothing(optimizer):
    watched = fit(optimizer=optimizer, observe=lambda k, network: network.parameters.mul_(2))
    assert torch.equal(watched.network.parameters, fit(optimizer=optimizer).network.parameters)
