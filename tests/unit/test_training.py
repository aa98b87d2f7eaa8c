"""Fits of the network: the held-out fold, the state that is kept, stopping, observers and batches as they come."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from kgmm import KGMM, ScientificFailure, ScoreModel
from kgmm.data.standardization import Standardization
from kgmm.score.batches import fit_batches
from kgmm.score.cell_targets import held_out_groups
from kgmm.score.network import Network
from kgmm.score.training import fit_network

all_optimizers = pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "orthogonal"])
ENDLESS = 10**6


def noisy_points(n=300, noise=1.0, seed=0):
    """Points of which a large network could learn every target by heart."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4))
    return x, function(x) + noise * rng.standard_normal((n, 1)), np.ones(n)


def function(x):
    return np.tanh(x[:, :1] + x[:, 1:2])


def every(k, n=300):
    fold = np.zeros(n, dtype=bool)
    fold[::k] = True
    return fold


FOLD = every(4)


def fit(points=None, *, held_out=FOLD, optimizer="lbfgs", **options):
    sizes = {"hidden": (30,), "max_iterations": 300, "steps": 600, "batch_size": 64, "learning_rate": 0.02, "seed": 3}
    return fit_network(*(points or noisy_points()), held_out=held_out, optimizer=optimizer, **{**sizes, **options})


def loss_on(network: Network, points, chosen) -> float:
    x, y, w = (a[chosen] for a in points)
    error = network(torch.tensor(x, dtype=torch.float32)).double().numpy() - y
    return float((w[:, None] / w.sum() * error**2).sum())


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


# Half of few and noisy points held out, and a network and time enough to learn the noise of the others.
HALF = every(2, 200)
RICH = {"held_out": HALF, "hidden": (60,), "steps": 1000, "learning_rate": 0.05}


def few_points(seed=0, noise=2.0):
    return noisy_points(200, noise, seed)


def losses_of(states, points, fold) -> np.ndarray:
    """Share of every held-out point in the loss of every state, ``(n_states, n_fold)``."""
    x, y, w = (a[fold] for a in points)
    x = torch.tensor(x, dtype=torch.float32)
    return np.array([w / w.sum() * ((state(x).double().numpy() - y) ** 2).sum(axis=1) for state in states])


def last_not_worse(losses, standard_errors=2.0) -> int:
    """Index of the last state whose mean loss is within so many standard errors of that of the best."""
    difference = (losses - losses[losses.sum(axis=1).argmin()]) * losses.shape[1]
    error = difference.std(axis=1) / losses.shape[1] ** 0.5
    return int(np.flatnonzero(difference.mean(axis=1) <= standard_errors * error)[-1])


def watched(points, **options):
    states = []
    found = fit(points, observe=lambda k, network: states.append(network), **{**RICH, **options})
    return found, states


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


# Stopping.


@pytest.mark.parametrize(("optimizer", "limit"), [("lbfgs", 300), ("adam", 1000)])
def test_fit_stops_when_patience_is_at_its_end(optimizer, limit):
    points = few_points()
    stopped, states = watched(points, optimizer=optimizer, patience=5)
    stopped = stopped.history
    assert stopped.iteration[-1] < limit / 2
    assert len(stopped.loss) - 1 - stopped.kept == 5
    # The state that is kept is the last good one so far, whatever might have come.
    assert stopped.kept == last_not_worse(losses_of(states, points, HALF))
    # Controls: with no fold, and with endless patience, the same fit runs on.
    for options in ({"held_out": None, "patience": 5}, {"patience": ENDLESS}):
        history = watched(points, optimizer=optimizer, **options)[0].history
        assert history.iteration[-1] > 2 * stopped.iteration[-1]
        assert history.iteration[-1] == limit
    # Up to where it stopped it was the same.
    np.testing.assert_array_equal(history.loss[: len(stopped.loss) - 1], stopped.loss[:-1])


def worse_in_a_row(losses) -> list[int]:
    """How many states up to each were in a row worse than the best until then."""
    row, rows = 0, []
    for k in range(len(losses)):
        row = 0 if last_not_worse(losses[: k + 1]) == k else row + 1
        rows.append(row)
    return rows


def test_patience_counts_from_the_last_state_that_is_not_worse():
    points, rows = few_points(), {}
    for patience in (2, 20):
        found, states = watched(points, optimizer="adam", patience=patience)
        rows[patience] = worse_in_a_row(losses_of(states, points, HALF))
        assert rows[patience][-1] == patience and max(rows[patience][:-1]) == patience - 1
        assert found.history.kept == len(states) - 1 - patience
    assert len(rows[20]) > len(rows[2])
    assert rows[20][: len(rows[2])] == rows[2]
    # The count began anew in between.
    assert any(a > 0 and b == 0 for a, b in pairwise(rows[20]))


@pytest.mark.parametrize("patience", [0, -3])
def test_no_patience_is_refused(patience):
    with pytest.raises(ValueError, match=f"patience is {patience}: input should be greater than or equal to 1"):
        fit(patience=patience)


@pytest.mark.parametrize(
    ("optimizer", "n_seeds", "options"),
    [
        ("lbfgs", 60, {"max_iterations": 60}),
        ("lbfgs", 60, {"max_iterations": 60, "patience": 1}),
        ("adam", 10, {"batch_size": 256}),
    ],
)
def test_targets_of_noise_alone_are_no_failure(optimizer, n_seeds, options):
    """The residual of a Gaussian density is nothing but noise: to learn none of it is right."""
    first = []
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((2, 300, 2))
        fold = rng.permutation(300) < 30
        history = fit((x, y, np.ones(300)), held_out=fold, optimizer=optimizer, noise_fraction=1.0, **options).history
        first.append(history.validation_loss.argmin() == 0)
    # Control: there are fits whose first state is the best, which are no failures either.
    assert any(first)


def test_fit_that_lowers_no_loss_is_a_failure():
    x, y, w = noisy_points()
    start = Network.random((4, 30, 1), 3)
    learnt = start(torch.tensor(x, dtype=torch.float32)).numpy()
    with pytest.raises(ScientificFailure, match="the network's loss did not fall: 0 before, 0 after"):
        fit((x, learnt, w), held_out=None)
    fit((x, y, w), held_out=None)


def test_fold_without_weight_is_no_fold():
    x, y, w = noisy_points()
    found = fit((x, y, np.where(FOLD, 0.0, w)))
    assert np.isnan(found.history.validation_loss).all() and found.history.kept == len(found.history.loss) - 1
    alone = fit((x[~FOLD], y[~FOLD], w[~FOLD]), held_out=None)
    np.testing.assert_allclose(found.history.loss, alone.history.loss, rtol=1e-6)


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


# Batches as they come.


def batches(seed, *, batch_size=64):
    generator = torch.Generator().manual_seed(seed)

    def batch():
        x = 4 * torch.rand(batch_size, 1, generator=generator) - 2
        return x, torch.sin(2 * x) + 0.5 * torch.randn(batch_size, 1, generator=generator)

    return batch


def fit_to_batches(seed=0, network_seed=0, **options):
    options = {"steps": 800, "learning_rate": 0.02, **options}
    return fit_batches(Network.random((1, 20, 1), network_seed), batches(seed), **options)


def test_equal_batches_give_equal_bytes():
    fits = [fit_to_batches(*seeds) for seeds in ((0, 0), (0, 0), (1, 0), (0, 1))]
    first, again, other_batches, other_start = (f.network.parameters.numpy().tobytes() for f in fits)
    assert first == again
    assert first != other_batches and first != other_start
    np.testing.assert_array_equal(fits[0].history.loss, fits[1].history.loss)


def test_batches_fit_the_mean_of_the_targets():
    x = np.linspace(-2, 2, 200)[:, None]
    start = Network.random((1, 20, 1), 0)
    error = {name: loss_on(network, (x, np.sin(2 * x), np.ones(200)), slice(None))
             for name, network in (("start", start), ("fit", fit_to_batches().network))}  # fmt: skip
    # 51 200 targets of variance 0.25 for some ten effective parameters: 5e-5, and the network's own error.
    assert error["fit"] < 5e-3 < 0.2 < error["start"]


def test_history_of_batches_has_a_hundred_rows_and_no_fold():
    seen = []
    found = fit_to_batches(steps=250, observe=lambda k, network: seen.append((k, network)))
    history = found.history
    np.testing.assert_array_equal(history.iteration, [*range(2, 251, 2)])
    assert np.isnan(history.validation_loss).all() and history.kept == len(history.loss) - 1
    assert [k for k, _ in seen] == history.iteration.tolist()
    assert torch.equal(seen[-1][1].parameters, found.network.parameters)
    assert fit_to_batches(steps=205).history.iteration[-1] == 205  # no multiple of the interval
    # The floor is the noise of the targets.
    assert np.mean(fit_to_batches().history.loss[-20:]) == pytest.approx(0.25, rel=0.1)


def test_start_is_left_as_it_was():
    start = Network.random((1, 20, 1), 0)
    before = start.parameters.clone()
    fit_batches(start, batches(0), steps=10)
    assert torch.equal(start.parameters, before)


@pytest.mark.parametrize("steps", [1, 0])
def test_too_few_steps_are_refused(steps):
    with pytest.raises(ValueError, match=f"steps is {steps}: input should be greater than or equal to 2"):
        fit_to_batches(steps=steps)


# The fold of the score model.

X = np.random.default_rng(0).standard_normal((3000, 2)) * [0.5, 20.0]
STANDARDIZATION = Standardization.of(X)


def folds_of(monkeypatch, n_groups, **options):
    """What ``fit_points`` holds out of groups of three points."""
    seen = {}

    def spy(*args, held_out, **kwargs):
        seen["fold"] = held_out
        return fit_network(*args, held_out=held_out, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr("kgmm.score.model.fit_network", spy)
        rng = np.random.default_rng(1)
        points = rng.standard_normal((3 * n_groups, 2))
        model = ScoreModel.fit_points(
            points, -np.tanh(points), np.ones(3 * n_groups), sigma=0.2, standardization=STANDARDIZATION,
            hidden=(8,), max_iterations=5, **{"group_size": 3, **options},
        )  # fmt: skip
    return seen["fold"], model


def test_few_groups_have_no_fold(monkeypatch):
    fold, model = folds_of(monkeypatch, 499)
    assert fold.shape == (3 * 499,) and not fold.any()
    assert np.isnan(model.history.validation_loss).all()


@pytest.mark.parametrize(("n_groups", "held_out", "expected"), [(500, 0.1, 50), (1000, 0.1, 100), (500, 0.25, 125)])
def test_whole_groups_are_held_out(monkeypatch, n_groups, held_out, expected):
    fold, model = folds_of(monkeypatch, n_groups, held_out=held_out)
    groups = fold.reshape(n_groups, 3)
    assert (groups.all(axis=1) == groups.any(axis=1)).all()
    assert groups.any(axis=1).sum() == expected
    assert np.isfinite(model.history.validation_loss).all()


def test_fold_depends_on_the_seed_and_may_be_empty(monkeypatch):
    first, again, other = (folds_of(monkeypatch, 500, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not folds_of(monkeypatch, 500, held_out=0)[0].any()
    # It is spread over all of them, not one end.
    chosen = np.flatnonzero(held_out_groups(10_000, 0.1, 0))
    assert chosen.mean() == pytest.approx(5000, abs=4.5 * 10_000 / 12**0.5 / 1000**0.5)


@pytest.mark.parametrize("held_out", [-0.1, 1.0, 1.5])
def test_impossible_folds_are_refused(held_out):
    with pytest.raises(ValueError, match=f"held_out is {held_out}: input should be (greater|less) than"):
        ScoreModel.fit_points(X, X, np.ones(len(X)), sigma=0.2, standardization=STANDARDIZATION, held_out=held_out)


@pytest.mark.parametrize(("min_probability", "has_fold"), [(0.02, False), (0.003, False), (0.0012, True)])
def test_fold_of_cells_and_history_survive_a_file(tmp_path, min_probability, has_fold):
    x = np.random.default_rng(2).standard_normal((6000, 2))
    cells = KGMM(0.2, min_probability, max_draws=4).fit(x)
    assert (len(cells.counts_) >= 500) == has_fold
    model = ScoreModel.fit(cells, hidden=(8,), max_iterations=20)
    assert np.isfinite(model.history.validation_loss).all() == has_fold
    model.save(tmp_path / "score.nc")
    loaded = ScoreModel.load(tmp_path / "score.nc").history
    for name in ("iteration", "loss", "validation_loss"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model.history, name))
        assert getattr(loaded, name).dtype == getattr(model.history, name).dtype
    assert loaded.kept == model.history.kept and isinstance(loaded.kept, int)
    stored = model.to_dataset().drop_vars(["iteration", "loss", "validation_loss", "kept"])
    assert stored.sizes.get("evaluation") is None
    without = ScoreModel.from_dataset(stored)
    assert without.history is None
    without.save(tmp_path / "by_hand.nc")
    assert ScoreModel.load(tmp_path / "by_hand.nc").history is None


def test_orthogonalised_momentum_learns_a_rich_function_in_fewer_batches():
    x = np.random.default_rng(0).uniform(-2, 2, size=(4000, 2))
    y = np.stack([np.sin(5 * x[:, 0]) * np.cos(3 * x[:, 1]), np.cos(4 * x[:, 0] * x[:, 1])], axis=1)
    losses = {}
    for optimizer in ("adam", "orthogonal"):
        fit = fit_network(x, y, np.ones(4000), optimizer=optimizer, hidden=(64, 64), steps=600, batch_size=256)
        losses[optimizer] = fit.history.loss[-1]
    assert losses["orthogonal"] < 0.5 * losses["adam"]
    again = fit_network(x, y, np.ones(4000), optimizer="orthogonal", hidden=(64, 64), steps=600, batch_size=256)
    assert again.history.loss[-1] == losses["orthogonal"]


def test_unknown_optimizers_of_batches_are_refused():
    with pytest.raises(ValueError, match="optimizer is 'lbfgs': it should be 'adam' or 'orthogonal'"):
        fit_batches(Network.random((1, 4, 1), 0), batches(0), optimizer="lbfgs", steps=10)
