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

SIGMA, P_MIN, REPLICATES = 0.3, 0.02, 22
SETTINGS = {"independent": 0.0, "correlated": 0.9}


def exact_cell_scores(cells: KGMM) -> np.ndarray:
    """Mean score of ``N(0, 1 + (σS)²)`` over every cell, shape ``(n_cells,)``."""
    tree, scaling = cells.cell_score_.partition, cells.cell_score_.standardization
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
        scale = (SIGMA * cells.cell_score_.standardization.scale) ** 2
        estimates = cells.cell_score_.estimates
        variance = estimates.noise_squared_mean - estimates.noise_mean**2
        square += np.mean((cells.score_[:, 0] - exact_cell_scores(cells)) ** 2)
        promised += np.mean(cells.score_stderr_**2)
        of_draws += np.mean(variance / estimates.count[:, None] / scale)
    return square / promised, square / of_draws


def three_deviations(n_squares: float) -> float:
    """Of the mean of so many independent squares of normal numbers."""
    return 3 * (2 / n_squares) ** 0.5


# Some 35 cells that hang together in groups of a few: about ten independent squares each time.
TOLERANCE = three_deviations(10 * REPLICATES)


def calibrated(ratio: float) -> bool:
    return abs(ratio - 1) < TOLERANCE


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
    assert ratio < 1 + TOLERANCE


Z_REPLICATES = 36


def mean_square_z(keep: float, n_samples: int) -> tuple[float, float]:
    """Mean square of the cells' errors in units of their own standard errors, and of those of the draws alone.

    Each error over its own promise: ``errors`` above compares the sums, which the largest cells decide. An error that
    is known from 40 blocks makes Student's t of a unit normal, with 39/37 for its mean square: divided out.
    """
    square, of_draws = [], []
    for seed in range(Z_REPLICATES):
        x = chained_samples(1, n_samples, keep, np.random.default_rng([seed, 1])).reshape(-1, 1)
        cells = KGMM(SIGMA, 0.05, max_draws=6, stopping="fixed", n_blocks=40, cells="constant", random_state=seed).fit(
            x
        )
        error = cells.score_ - exact_cell_scores(cells)[:, None]
        scale = SIGMA * cells.cell_score_.standardization.scale
        estimates = cells.cell_score_.estimates
        naive = (estimates.noise_squared_mean - estimates.noise_mean**2) / estimates.count[:, None] / scale**2
        square.append(np.mean((error / cells.score_stderr_) ** 2))
        of_draws.append(np.mean(error**2 / naive))
    return float(np.mean(square)) * 37 / 39, float(np.mean(of_draws))


@pytest.mark.parametrize(("keep", "n_samples"), [(0.0, 4000), (0.5, 10_000)], ids=SETTINGS)
def test_errors_in_units_of_their_standard_errors_have_unit_variance(keep, n_samples):
    own, naive = mean_square_z(keep, n_samples)
    # 14 cells that hang together in pairs. Of 160 replicates with 100 blocks: 1.01 and 1.04.
    tolerance = three_deviations(7 * Z_REPLICATES)
    assert own == pytest.approx(1, abs=tolerance)
    # Controls: errors that promise a fifth more or less, and the error that knows of the draws only.
    assert own / 1.2**2 != pytest.approx(1, abs=tolerance)
    assert own * 1.2**2 != pytest.approx(1, abs=tolerance)
    assert naive != pytest.approx(1, abs=tolerance)
