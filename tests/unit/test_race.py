"""The race: order of the entries, clock and checkpoints, the time a baseline needs, and scores on one noise."""

import numpy as np
import pytest
import xarray as xr

from kgmm import ScientificFailure, get_system
from kgmm.data.standardization import Standardization
from kgmm.score.evaluation import ScoreEvaluator
from kgmm.score.race import CHECKPOINTS, Entry, entries, run_entry, run_race
from kgmm.score.race_summary import summary, time_to_reach

X = np.random.default_rng(0).standard_normal((3000, 2)) * [1.0, 3.0]
OPTIONS = {"sigma": 0.3, "estimator": {"max_draws": 2, "stopping": "fixed"}, "network": {"hidden": (8,)}}


def test_methods_alternate():
    order = entries([0.1, 0.01], [50], [10, 20, 30])
    assert [entry.method for entry in order[:6]] == ["dsm", "kgmm", "dsm_antithetic", "kgmm", "dsm", "dsm_antithetic"]
    assert len(order) == 2 + 6
    assert {entry.label for entry in order} >= {"p_min 0.1, 50 iterations", "30 batches"}


@pytest.mark.parametrize("entry", [Entry("kgmm", 40, 0.05), Entry("dsm", 40), Entry("dsm_antithetic", 40)])
def test_entry_has_its_way_and_its_end(entry):
    finished = run_entry(entry, X, seed=1, **OPTIONS)
    seconds, iterations, models = zip(*finished.checkpoints)
    assert len(seconds) <= CHECKPOINTS
    assert (np.diff(seconds) > 0).all() and (np.diff(iterations) > 0).all()
    assert finished.clustering <= seconds[0] <= seconds[-1] <= finished.total
    assert (finished.clustering > 0) == (entry.method == "kgmm")
    assert iterations[-1] == 40
    # The last state of the way is the model itself where no fold chose another.
    np.testing.assert_array_equal(models[-1](X[:50]), finished.model(X[:50]))
    assert not np.allclose(models[0](X[:50]), finished.model(X[:50]))


def test_entries_are_what_they_say():
    pairs, single = (run_entry(Entry(m, 30), X, seed=1, **OPTIONS).model for m in ("dsm_antithetic", "dsm"))
    assert not np.allclose(pairs(X[:50]), single(X[:50]))
    batches = OPTIONS | {"network": {"hidden": (8,), "optimizer": "adam"}}
    assert run_entry(Entry("kgmm", 30, 0.05), X, seed=1, **batches).checkpoints[-1][1] == 30


def test_scores_need_an_exact_density_or_none():
    assert set(small_race()[0].data_vars) >= {"final_denoising_loss", "denoising_loss"}
    assert "final_score_error" not in small_race()[0]
    exact = small_race(system=get_system("ornstein_uhlenbeck"))[0]
    assert (exact["final_score_error"] > 1e-3).all()
    # The last state of the way is the model itself.
    for way, final in zip(exact["smoothed_score_error"].values, exact["final_smoothed_score_error"].values):
        assert way[~np.isnan(way)][-1] == final


@pytest.mark.parametrize(
    ("errors", "target", "expected"),
    [
        ([1.0, 0.1, 0.01], 0.1, 10.0),
        ([1.0, 0.1, 0.01], 0.055, 10.0 * 10.0**0.5),  # half-way in the error, and in the logarithm of time
        ([1.0, 0.1, 0.01], 2.0, 1.0),
        ([1.0, 0.1, 0.01], 0.001, np.inf),
        ([1.0, 0.1, 0.5], 0.3, 1.0 * 10.0 ** (0.7 / 0.9)),  # what was reached is not lost again
        ([-0.1, -0.2, -0.3], -0.25, 10.0 * 10.0**0.5),  # losses are negative
    ],
)
def test_time_to_reach(errors, target, expected):
    assert time_to_reach(np.array([1.0, 10.0, 100.0]), np.array(errors), target) == pytest.approx(expected)


def small_race(entropy=lambda model, seed: 0.5, system=None):
    evaluator = ScoreEvaluator(
        X[:500], sigma=0.3, standardization=Standardization.of(X), system=system, rng=np.random.default_rng(2)
    )
    return run_race(
        X,
        [Entry("dsm", 10), Entry("kgmm", 10, 0.05), Entry("dsm_antithetic", 30)],
        [1, 2],
        evaluator=evaluator,
        entropy=entropy,
        **OPTIONS,
    )


def test_race_has_every_entry_with_every_seed():
    results, times = small_race()
    assert results.sizes["run"] == times.sizes["run"] == 6
    np.testing.assert_array_equal(results["seed"], [1, 1, 1, 2, 2, 2])
    assert list(results["method"].values[:3]) == ["dsm", "kgmm", "dsm_antithetic"]
    assert "seconds" not in results and "total" not in results  # times stand apart
    np.testing.assert_array_equal(results["iteration"].isnull(), times["seconds"].isnull())


def test_errors_of_the_way_are_metrics_of_the_evaluation():
    system = get_system("ornstein_uhlenbeck")
    evaluator = ScoreEvaluator(
        X[:500], sigma=0.3, standardization=Standardization.of(X), system=system, rng=np.random.default_rng(2)
    )
    metrics = evaluator.evaluate(system.score).metrics
    errors = evaluator.errors(system.score)
    assert set(errors) == {"denoising_loss", "smoothed_score_error", "score_error"}
    assert errors == {name: metrics[name].value for name in errors}


def test_a_model_that_fails_is_no_number():
    def fails(model, seed):
        raise ScientificFailure("members left the box")

    assert small_race(fails)[0]["relative_entropy"].isnull().all()


def test_summary_compares_medians():
    rows = [("kgmm", "a", 2.0, 0.1), ("kgmm", "a", 4.0, 0.3), ("dsm", "x", 1.0, 1.0), ("dsm", "y", 10.0, 0.2),
            ("dsm_antithetic", "x", 1.0, 0.9), ("dsm_antithetic", "y", 10.0, 0.5)]  # fmt: skip
    method, label, total, error = zip(*rows)
    race = xr.Dataset(
        {
            "method": ("run", list(method)), "label": ("run", list(label)), "total": ("run", list(total)),
            "final_loss": ("run", list(error)), "effort": ("run", np.ones(6)), "min_probability": ("run", np.ones(6)),
        }
    )  # fmt: skip
    (row,) = summary(race, "loss")
    assert (row["entry"], row["seconds"]) == ("a", 3.0)
    assert row["error"] == pytest.approx(0.2)
    assert row["dsm"]["seconds"] == pytest.approx(10.0)
    assert row["dsm_antithetic"] == {"seconds": np.inf, "bound": 10.0, "best": 0.5}
