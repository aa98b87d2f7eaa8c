"""The error budget: exact averages over cells, and which term is found to limit where the answer is known."""

import numpy as np
import pytest

from kgmm import KGMM, ScoreModel, get_system, simulate
from kgmm.data.samples import as_samples
from kgmm.score.budget import error_budget, exact_averages
from kgmm.score.error_terms import TERMS
from kgmm.score.evaluation import ScoreEvaluator

pytestmark = pytest.mark.statistical

SYSTEM = get_system("double_well")
NETWORK = {"hidden": (20,), "max_iterations": 200}


@pytest.fixture(scope="module")
def samples():
    return as_samples(simulate(SYSTEM, n_members=4000, n_times=10, seed=5)).astype(float)


def budget(samples, sigma, p_min, draws):
    cells = KGMM(sigma, p_min, stopping="fixed", max_draws=draws).fit(samples[:-2000]).cell_score_
    model = ScoreModel.fit(cells, **NETWORK)
    evaluator = ScoreEvaluator(
        samples[-2000:],
        sigma=sigma,
        standardization=cells.standardization,
        system=SYSTEM,
        rng=np.random.default_rng(3),
    )
    found = error_budget(cells, model, samples[:-2000], evaluator, SYSTEM, network=NETWORK, seed=0)
    return {name.removeprefix("budget_"): value.value for name, value in found.items()}


def largest(terms):
    return max(terms, key=terms.get)


def test_terms_are_named_and_not_negative(samples):
    terms = budget(samples, 0.1, 0.02, 4)
    assert tuple(terms) == TERMS
    assert all(value >= 0 for value in terms.values())


def test_a_large_amplitude_is_limited_by_smoothing(samples):
    assert largest(budget(samples, 0.5, 0.02, 8)) == "smoothing"


def test_few_samples_and_a_small_amplitude_are_limited_by_noise(samples):
    terms = budget(samples[-3000:], 0.03, 0.02, 2)
    assert terms["draws"] + terms["data"] > max(terms["smoothing"], terms["cells"], terms["network"])


def test_coarse_cells_are_limited_by_their_size(samples):
    coarse, fine = (budget(samples, 0.1, p_min, 16)["cells"] for p_min in (0.12, 0.02))
    assert coarse > 5 * fine


def test_exact_averages_are_what_the_cells_average_without_noise(samples):
    cells = KGMM(0.1, 0.02, stopping="fixed", max_draws=16).fit(samples).cell_score_
    scale = cells.standardization.scale

    def conditional_mean(x):
        import torch

        points = cells.standardization.backward(x.double().numpy())
        return torch.from_numpy(-0.1 * scale * SYSTEM.smoothed_score(points, 0.1 * scale)).to(x.dtype)

    exact = exact_averages(cells, samples, conditional_mean)
    z = (cells.estimates.noise_mean - exact.noise_mean) / cells.estimates.stderr
    # Some forty cells, whose errors are correlated: a root mean square of 1 ± 0.3.
    assert 0.5 < np.sqrt(np.mean(z**2)) < 1.6
    # The centre of a cell is off by its size: a cell's average is not the value there.
    at_centers = -0.1 * scale * SYSTEM.smoothed_score(cells.centers, 0.1 * scale)
    assert np.abs(at_centers - exact.noise_mean).max() > 10 * np.median(np.abs(at_centers - exact.noise_mean))
