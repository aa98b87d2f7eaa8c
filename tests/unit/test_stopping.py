"""When a fit of the network stops, and when it is a failure."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from kgmm import ScientificFailure
from kgmm.score.network import Network
from tests.unit.noisy_fits import ENDLESS, FOLD, HALF, few_points, fit, last_not_worse, losses_of, noisy_points, watched


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
