"""A Gaussian's smoothed score is ``−(C + σ²S²)⁻¹(x − m)``: cells, network and divergence against it."""

from functools import cache

import numpy as np
import pytest

from kgmm import KGMM, ScoreModel, get_system
from kgmm.statistics.comparison import relative_error
from tests.statistical.exact_laws import gaussian_samples, mean_is

pytestmark = pytest.mark.statistical

# Variables whose deviations differ by a factor of 30, correlated by the rotation.
SYSTEM = get_system("ornstein_uhlenbeck", noise1=0.1, noise2=3.0, rotation=0.1)
MEAN = np.array([0.4, -7.0])
SIGMA = 0.5
REPLICATES = 8


def draw(n: int, seed: int) -> np.ndarray:
    return gaussian_samples(MEAN, SYSTEM.covariance, n, seed)


@cache
def fitted() -> tuple[KGMM, ...]:
    return tuple(
        KGMM(SIGMA, 0.02, max_draws=16, random_state=seed).fit(draw(20_000, seed)) for seed in range(REPLICATES)
    )


def mean_square_z(sigma: float) -> float:
    """Mean square of the cells' errors in units of their standard errors, against the score smoothed by ``sigma``."""
    squares = []
    for cells in fitted():
        exact = SYSTEM.smoothed_score(cells.centers_ - MEAN, sigma * cells.cell_score_.standardization.scale)
        squares.append(np.mean(((cells.score_ - exact) / cells.score_stderr_) ** 2))
    return float(np.mean(squares))


def calibrated(mean_square: float) -> bool:
    # 20 blocks make t-distributed errors, mean square 19/17 = 1.12; the error of the centres adds about 0.1. One fit
    # scatters by 0.25, eight by 0.09: four of these either way.
    return 0.85 < mean_square < 1.6


def test_cells_agree_with_the_smoothed_score_within_their_errors():
    assert calibrated(mean_square_z(SIGMA))


@pytest.mark.parametrize("wrong_sigma", [0.0, 0.4, 0.6])
def test_cells_disagree_with_the_score_at_another_sigma(wrong_sigma):
    assert not calibrated(mean_square_z(wrong_sigma))


def network_error(exact_sigma: float) -> float:
    cells = fitted()[0]
    scale = cells.cell_score_.standardization.scale
    model = ScoreModel.fit(cells, hidden=(32,), max_iterations=100)
    x = draw(5000, 100) + SIGMA * scale * np.random.default_rng(101).standard_normal((5000, 2))
    exact = SYSTEM.smoothed_score(x - MEAN, exact_sigma * scale)
    return relative_error(model(x) * scale, exact * scale).value


def test_network_reproduces_the_smoothed_score():
    # 20 000 samples determine the variances, and with them the matrix of the score, to 1 %: 1e-4; five times that.
    assert network_error(SIGMA) < 5e-4


def test_network_does_not_reproduce_the_unsmoothed_score():
    assert network_error(0.0) > 0.1


def divergence_excess(sigma: float) -> np.ndarray:
    """Mean over the cells of estimated minus exact divergence, one number per replicate, standardised coordinates.

    Over a cell the identity gives the divergence plus the variance of the score in the cell, and the square of the
    estimated score exceeds that of the exact one by the squared standard error.
    """
    excess = []
    for seed, cells in enumerate(fitted()):
        scale = cells.cell_score_.standardization.scale
        fresh = draw(200_000, 1000 + seed)
        fresh += SIGMA * scale * np.random.default_rng(2000 + seed).standard_normal(fresh.shape)
        cell = cells.predict(fresh)
        score = SYSTEM.smoothed_score(fresh - MEAN, SIGMA * scale)
        count = np.bincount(cell, minlength=cells.counts_.size)
        inside = 0.0
        for column in score.T:
            mean = np.bincount(cell, column) / count
            inside = inside + np.bincount(cell, column**2) / count - mean**2
        # A linear score has a constant divergence, the trace of its matrix.
        exact = np.trace(SYSTEM.smoothed_score(np.eye(2), sigma * scale))
        difference = cells.divergence_ - (exact + inside - (cells.score_stderr_**2).sum(axis=1))
        excess.append(np.average(difference, weights=cells.counts_) * scale.min() ** 2)
    return np.array(excess)


def test_divergence_identity_holds_with_anisotropic_scales():
    assert mean_is(divergence_excess(SIGMA), 0.0, standard_errors=6.0)  # Student's t with 7 degrees: 6 is 5e-4


def test_divergence_is_not_that_of_the_unsmoothed_score():
    assert not mean_is(divergence_excess(0.0), 0.0, standard_errors=6.0)
