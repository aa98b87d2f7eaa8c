"""The cells' standard errors against the exact mean score of each cell, for independent and for correlated data.

In one dimension a cell is an interval ``(a, b)`` and the mean of the score ``p'/p`` over it is
``(p(b) − p(a))/∫_a^b p`` exactly.
"""

import numpy as np
import pytest
from scipy.stats import norm

from kgmm import KGMM
from tests.statistical.exact_laws import chained_samples

pytestmark = pytest.mark.statistical

SIGMA, P_MIN, REPLICATES = 0.3, 0.02, 40
SETTINGS = {"independent": 0.0, "correlated": 0.9}


def exact_cell_scores(cells: KGMM) -> np.ndarray:
    """Mean score of ``N(0, 1 + (σS)²)`` over every cell, shape ``(n_cells,)``."""
    tree, scaling = cells.partition_, cells.standardization_
    inner = (tree.labels < 0).numpy()
    cuts = np.sort(tree.offsets.numpy()[inner] / tree.normals.numpy()[inner, 0])
    edges = np.concatenate([[-40.0], scaling.backward(cuts), [40.0]])
    law = norm(0, (1 + (SIGMA * scaling.scale[0]) ** 2) ** 0.5)
    exact = np.empty(cells.counts_.size)
    exact[cells.predict(0.5 * (edges[1:] + edges[:-1])[:, None])] = np.diff(law.pdf(edges)) / np.diff(law.cdf(edges))
    return exact


def errors(keep: float, *, shuffled: bool = False, max_draws: int = 16) -> tuple[float, float]:
    """Mean square error of the cell scores over that promised by the standard errors, and by draws taken alone."""
    square, promised, of_draws = 0.0, 0.0, 0.0
    for seed in range(REPLICATES):
        rng = np.random.default_rng(seed)
        x = chained_samples(1, 10_000, keep, rng).reshape(-1, 1)
        if shuffled:
            rng.shuffle(x)
        cells = KGMM(SIGMA, P_MIN, min_draws=max_draws, max_draws=max_draws, random_state=seed).fit(x)
        scale = (SIGMA * cells.standardization_.scale) ** 2
        estimates = cells.cells_
        variance = estimates.noise_squared_mean - estimates.noise_mean**2
        square += np.mean((cells.score_[:, 0] - exact_cell_scores(cells)) ** 2)
        promised += np.mean(cells.score_stderr_**2)
        of_draws += np.mean(variance / estimates.count[:, None] / scale)
    return square / promised, square / of_draws


def calibrated(ratio: float) -> bool:
    # 40 replicates of some 35 cells that hang together in groups of a few: about 400 independent squares, 7 %; three
    # of these.
    return 0.8 < ratio < 1.25


@pytest.mark.parametrize("keep", SETTINGS.values(), ids=SETTINGS)
def test_errors_are_calibrated(keep):
    ratio, of_draws_alone = errors(keep)
    assert calibrated(ratio)
    # Control: the naive error Var(z | cell)/n_c does not see that the data are finite.
    assert not calibrated(of_draws_alone)


def test_errors_of_shuffled_correlated_data_are_too_small():
    ratio, _ = errors(SETTINGS["correlated"], shuffled=True)
    assert not calibrated(ratio)
    assert ratio > 2


def test_one_antithetic_pair_is_not_promised_too_much():
    ratio, _ = errors(0.0, max_draws=2)
    # The draws' part is then a bound only: errors may be smaller than promised, not larger.
    assert ratio < 1.25
