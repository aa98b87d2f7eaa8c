"""Laws that are hard for an estimate: what is found before the fit, and that no model is wrong without a warning."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import kgmm
from kgmm.data.trajectory import as_trajectory
from kgmm.statistics.diagnosis import DataWarning, diagnose
from kgmm.statistics.quantiles import quantile_errors
from tests.statistical.laws import LAWS

pytestmark = pytest.mark.statistical

SEEDS = range(3)
# The kind of finding that names what is wrong with a law.
FOUND = {
    "normal, single precision, mean 1e5": "resolution",
    "Student t, 3": "tail",
    "Cauchy": "tail",
    "Pareto, 3": "tail",
    "lognormal": "tail",
    "log-uniform, four decades": "tail",
    "exponential": "edge",
    "gamma, 1/2": "edge",
    "uniform": "edge",
    "arcsine": "edge",
    "half-normal": "edge",
    "triangular": "edge",
    "clipped normal": "atom",
    "integers 0 to 5": "resolution",
    "normal, rounded to 0.1": "resolution",
    "normal, rounded to 0.5": "resolution",
    "5 % of -9999": "missing",
    "30 % zeros": "atom",
    "1 % of deviation 50": "tail",
    "30 % in a spike": "blur",
    "von Mises as cosine and sine": "circle",
    "collinear": "collinear",
    "parabola": "edge",
}


def samples(name: str, seed: int) -> np.ndarray:
    return LAWS[name](np.random.default_rng(seed), 2000 if "20 variables" in name else 10_000)


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_wrong_with_a_law_is_found(name, seed):
    assert FOUND[name] in {finding.kind for finding in diagnose(samples(name, seed))}


@pytest.mark.parametrize("name", sorted(set(LAWS) - set(FOUND)))
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_found_in_easy_laws(name, seed):
    assert diagnose(samples(name, seed)) == ()


@pytest.mark.parametrize("system", ["asymmetric_potential", "double_well", "lorenz63", "phi4_chain"])
def test_nothing_is_found_in_paths_of_systems(system):
    """Successive states are alike: a long stay near the largest value is one visit, no edge."""
    path = kgmm.simulate(system, n_members=4, n_times=4000, interval=0.1, seed=2).values
    assert diagnose(path.reshape(-1, path.shape[2])) == ()


@pytest.mark.parametrize(("kind", "slow"), [("trend", lambda n: np.linspace(0, 3, n)), ("random walk", None)])
def test_levels_that_drift_are_found(kind, slow):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(5000)
    x = x.cumsum() if slow is None else x + slow(5000)
    assert {finding.kind for finding in diagnose(x[:, None])} == {"drift"}
    # The same values in any other order are stationary.
    assert diagnose(rng.permutation(x)[:, None]) == ()


# Numbers of samples: steps in these are short, and times in proportion.
SIZES = {"normal, 20 variables": 2000, "ring with a hole": 1500, "two modes ten deviations apart": 1500}
_WALKERS = 1000


@pytest.mark.parametrize("name", sorted(set(LAWS) - set(FOUND)))
@pytest.mark.parametrize("seed", SEEDS)
def test_laws_without_a_finding_give_models_with_the_right_quantiles(name, seed):
    X = LAWS[name](np.random.default_rng(seed), SIZES.get(name, 5000))
    score = kgmm.fit_score(X, random_state=seed)
    model = kgmm.fit_langevin(X, score, circulation="none", random_state=seed + 1)
    start = X[:_WALKERS]
    step = model.choose_step(start).dt
    n_steps = int(4.0 / model.fastest_rate / step)
    sample = model.sample(len(start), n_steps, step, save_every=n_steps, initial=start, seed=3)
    is_off = quantile_errors(X[None].astype(float), sample.values).max() > 0.1
    assert is_off == bool(model.dynamics.warnings)
    # None of them is off; were the check blind, this would not tell.
    assert not is_off


def test_the_score_of_a_ring_with_a_hole():
    """Of the radius ``r ~ N(1, 0.1²)`` and a uniform angle: ``s = −((r − 1)/0.01 + 1/r) x/r``."""
    X = LAWS["ring with a hole"](np.random.default_rng(4), 10_000)
    score = kgmm.fit_score(X, families=("polynomial", "radial"))
    at = LAWS["ring with a hole"](np.random.default_rng(5), 1000)
    r = np.linalg.norm(at, axis=1, keepdims=True)
    exact = -((r - 1.0) / 0.01 + 1.0 / r) * at / r
    assert np.mean((score(at) - exact) ** 2) < 0.02 * np.mean(exact**2)
    # A disc without a hole has another.
    full = kgmm.fit_score(np.random.default_rng(6).standard_normal((5000, 2)) / 1.4, families=("polynomial",))
    assert np.mean((full(at) - exact) ** 2) > 0.5 * np.mean(exact**2)


def test_a_model_with_wrong_quantiles_is_warned_of():
    """The score of other data: half of the spread."""
    X = np.random.default_rng(0).standard_normal((5000, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        narrow = kgmm.fit_score(0.5 * X, families=("polynomial",))
    model = kgmm.fit_langevin(X, narrow, circulation="none")
    (warning,) = model.dynamics.warnings
    assert warning.startswith("quantiles of x1 from 1 to 99 % are off by")


def test_samples_are_diagnosed_as_they_are_read():
    trajectory = kgmm.simulate("double_well", n_members=50, n_times=40, seed=0)
    in_order = kgmm.Samples(trajectory)
    assert diagnose(in_order) == diagnose(in_order[:]) == ()
    assert [finding.kind for finding in diagnose(kgmm.Samples(trajectory.round(0)))] == ["resolution"]


def test_an_edge_comes_with_the_transform_that_moves_it_away():
    rng = np.random.default_rng(0)
    x = np.stack(
        [rng.exponential(size=10_000), rng.beta(0.8, 0.8, size=10_000), 7 + rng.exponential(size=10_000)], axis=1
    )
    path = as_trajectory(x[None], ["rain", "cover", "level"], 1.0)
    rain, cover, level = diagnose(path)
    assert '--transform rain=log:0, or transform={"rain": "log:0"} in kgmm.read; where' in rain.remedy
    assert rain.remedy.endswith("mirror it there by rain=reflect:0") and "reflect" not in cover.remedy
    assert "cover=logit:0:1" in cover.remedy and cover.said.count("samples within") == 2
    edge = float(level.remedy.split("level=log:")[1].split(",")[0])
    assert 6.97 < edge < x[:, 2].min()


def test_findings_are_warnings_of_the_fit():
    X = samples("uniform", 0)[:2000]
    with pytest.warns(DataWarning, match="x1 has .* samples within 0.05 deviations of its smallest value"):
        kgmm.fit_score(X, 0.05, families=("polynomial",))


def test_one_sentence_for_all_variables_with_the_same_finding():
    X = np.random.default_rng(0).uniform(size=(2000, 6))
    with pytest.warns(DataWarning, match=r"\(the same of x2, x3, x4, x5 and 1 more\)") as caught:
        kgmm.fit_score(X, 0.05, families=("polynomial",))
    assert sum(issubclass(one.category, DataWarning) for one in caught) == 1
