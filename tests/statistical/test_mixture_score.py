"""Gaussian mixtures: the smoothed score in closed form against cells and network, the direct sum by brute force."""

from dataclasses import replace

import numpy as np
import pytest

from kgmm import KGMM, DirectGMM, ScoreModel
from kgmm.statistics.comparison import relative_error
from tests.statistical.exact_laws import GaussianMixture

pytestmark = pytest.mark.statistical

ONE_D = GaussianMixture(np.array([0.3, 0.7]), np.array([[-1.5], [1.0]]), np.array([[[0.25]], [[0.16]]]))
TWO_D = GaussianMixture(
    np.array([0.5, 0.5]),
    np.array([[-1.0, 20.0], [1.0, -20.0]]),
    np.array([[[0.3, 2.0], [2.0, 100.0]], [[0.2, 0.0], [0.0, 60.0]]]),
)
SIGMA = 0.2
CASES = [pytest.param(ONE_D, 0.005, id="1-d"), pytest.param(TWO_D, 0.002, id="2-d")]


def errors(law: GaussianMixture, p_min: float, exact_sigma: float) -> dict[str, float]:
    """Relative mean-square errors at fresh noisy points, against the score smoothed by ``exact_sigma``."""
    cells = KGMM(SIGMA, p_min, max_draws=16).fit(law.sample(50_000, seed=1))
    scale = cells.cell_score_.standardization.scale
    fresh = law.sample(5000, seed=2)
    fresh = fresh + SIGMA * scale * np.random.default_rng(3).standard_normal(fresh.shape)
    exact = law.smoothed_score(fresh, exact_sigma * scale) * scale
    network = ScoreModel.fit(cells, hidden=(32, 16), max_iterations=300)
    return {
        "cells": relative_error(cells.score_at(fresh) * scale, exact).value,
        "network": relative_error(network(fresh) * scale, exact).value,
    }


@pytest.mark.parametrize(("law", "p_min"), CASES)
def test_cells_and_network_estimate_the_smoothed_score(law, p_min):
    found = errors(law, p_min, SIGMA)
    # Constant cells carry the width of a cell; the network interpolates and must do clearly better.
    assert found["cells"] < 0.04
    assert found["network"] < 0.005
    assert found["network"] < 0.5 * found["cells"]


@pytest.mark.parametrize(("law", "p_min"), CASES)
def test_they_do_not_estimate_the_score_at_twice_the_noise(law, p_min):
    found = errors(law, p_min, 2 * SIGMA)
    assert found["cells"] > 0.06
    assert found["network"] > 0.06


def brute_force(mixture: DirectGMM, kernels: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Every kernel at every point, in physical units."""
    width = mixture.sigma * kernels.std(axis=0)
    shift = kernels[None] - x[:, None]
    weight = np.exp(-0.5 * ((shift / width) ** 2).sum(axis=2))
    return (weight[:, :, None] * shift).sum(axis=1) / weight.sum(axis=1)[:, None] / width**2


@pytest.mark.parametrize("law", [ONE_D, TWO_D], ids=["1-d", "2-d"])
def test_direct_mixture_is_the_sum_over_all_kernels(law):
    kernels, x = law.sample(1500, seed=4), law.sample(200, seed=5)
    mixture = DirectGMM(0.3).fit(kernels)
    # Kernels beyond 6σ weigh less than e^-18 = 1.5e-8 each, 1500 of them less than 2.3e-5 of one within reach.
    np.testing.assert_allclose(mixture.score_at(x), brute_force(mixture, kernels, x), rtol=1e-4, atol=1e-6)


def test_direct_mixture_is_exact_where_every_kernel_is_in_reach():
    kernels, x = TWO_D.sample(1500, seed=4), TWO_D.sample(200, seed=5)
    mixture = DirectGMM(2.0).fit(kernels)
    exact = brute_force(mixture, kernels, x)
    np.testing.assert_allclose(mixture.score_at(x), exact, rtol=1e-10, atol=1e-12)
    wrong = replace(mixture.mixture_, sigma=1.9)  # the wrong width fails the same check
    assert not np.allclose(wrong(x), exact, rtol=1e-3)


def test_pieces_of_the_direct_mixture_add_nothing(monkeypatch):
    kernels, x = ONE_D.sample(1500, seed=4), ONE_D.sample(200, seed=5)
    mixture = DirectGMM(0.3).fit(kernels)
    whole = mixture.score_at(x)
    monkeypatch.setattr("kgmm.score.direct_gmm._PAIRS_AT_ONCE", 5000)
    np.testing.assert_array_equal(mixture.score_at(x), whole)


def test_stderr_of_the_direct_mixture_is_that_of_its_scatter():
    x = np.array([[-1.5], [0.0], [1.0]])
    scores, errors = zip(*(DirectGMM(0.2).fit(ONE_D.sample(400, seed)).score_with_stderr_at(x) for seed in range(300)))
    ratio = np.std(scores, axis=0) / np.sqrt(np.mean(np.square(errors), axis=0))
    # A deviation from 300 replicates is known to 4 %; kernels are few at 0, where the delta method is worst.
    assert (np.abs(ratio - 1) < 0.2).all()
