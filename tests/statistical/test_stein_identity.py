"""Stein's identity ``E[s xᵀ] = −I`` holds for the smoothed score under the smoothed law, and only there."""

import numpy as np
import pytest

from kgmm import get_system
from kgmm.data.standardization import Standardization
from kgmm.score.evaluation import ScoreEvaluator

pytestmark = pytest.mark.statistical

SYSTEM = get_system("double_well")
SIGMA = 0.5


def exact_samples(n: int, seed: int) -> np.ndarray:
    """Independent samples of the double well by inversion of its distribution function."""
    x = np.linspace(-2.8, 2.8, 20_001)
    cumulative = np.cumsum(np.exp(-((x**2 - 1) ** 2)))
    return np.interp(np.random.default_rng(seed).random(n), cumulative / cumulative[-1], x)[:, None]


X = exact_samples(100_000, seed=1)
STANDARDIZATION = Standardization.of(X)
NOISE_SCALE = SIGMA * STANDARDIZATION.scale


def metrics(score, sigma=SIGMA, system=SYSTEM):
    rng = np.random.default_rng(2)
    return (
        ScoreEvaluator(X, sigma=sigma, standardization=STANDARDIZATION, system=system, rng=rng).evaluate(score).metrics
    )


def exact(x):
    return SYSTEM.smoothed_score(x, NOISE_SCALE)


def test_exact_smoothed_score_has_no_residual_at_noisy_points():
    found = metrics(exact)["stein_residual"]
    assert found.value < 4 * found.stderr


def test_exact_smoothed_score_has_a_residual_at_the_clean_data():
    found = metrics(exact, sigma=0.0, system=None)["stein_residual"]
    assert found.value > 20 * found.stderr
    assert found.value == pytest.approx(0.5, abs=0.1)  # measured when the method was written down


def test_unsmoothed_and_scaled_scores_have_a_residual():
    for wrong in (SYSTEM.score, lambda x: 1.2 * exact(x)):
        found = metrics(wrong)["stein_residual"]
        assert found.value > 8 * found.stderr


def test_errors_of_the_exact_scores_vanish_and_the_bias_is_the_smoothing():
    smoothed, clean = metrics(exact), metrics(SYSTEM.score)
    assert smoothed["smoothed_score_error"].value == pytest.approx(0, abs=1e-12)
    assert clean["score_error"].value == pytest.approx(0, abs=1e-12)
    assert smoothed["score_error"] == smoothed["smoothing_bias"]
    assert smoothed["smoothing_bias"].value > 0.1


def test_no_score_has_a_lower_denoising_loss_than_the_exact_one():
    best = metrics(exact)["denoising_loss"]
    # E‖ε‖² − 2 E[ε·z] = −E‖ε‖² at the optimum.
    noisy = X + NOISE_SCALE * np.random.default_rng(2).standard_normal(X.shape)
    assert best.value == pytest.approx(-((NOISE_SCALE * exact(noisy)) ** 2).mean(), abs=4 * best.stderr)
    for factor in (0.9, 1.1):
        worse = metrics(lambda x, factor=factor: factor * exact(x))["denoising_loss"]
        assert worse.value > best.value


def test_metrics_that_need_an_exact_score_are_left_out_without_one():
    assert set(metrics(exact, system=None)) == {"denoising_loss", "stein_residual"}
