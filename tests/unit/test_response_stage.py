"""The response in the pipeline: its tasks, its perturbations by name, its refusals, and its table."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.config.parsing import ConfigError
from kgmm.errors import ScientificFailure
from kgmm.figures.kinds import response as figure
from kgmm.jobs.plan import Plan
from kgmm.jobs.run import run_task
from kgmm.langevin.perturbations import at_states
from kgmm.report.response_table import response_table
from kgmm.results import ExperimentResult
from kgmm.stages.perturbation import observed_perturbation, state_perturbation
from kgmm.statistics.metrics import metric_rows
from kgmm.statistics.response_error import response_error
from kgmm.systems.registry import get_system
from tests.unit.plans import BLOCK, keys, plan, renamed

PUSH = {"push": {"variable": "x", "size": 0.1}}


def settings(**given) -> dict:
    return {"push": None, "damping": None, "parameter": None} | given


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_response_adds_its_tasks_and_renames_nothing():
    assert renamed({"response": PUSH}) == {"truth", "response_model", "response"}
    only_score = keys(plan({"response": PUSH, "until": "score"}))
    assert {"truth", "response"} <= set(only_score) and "response_model" not in only_score
    one, other = keys(plan({"response": PUSH})), keys(plan({"response": PUSH, "estimator": {"sigma": 0.2}}))
    assert one["truth"] == other["truth"] and one["response"] != other["response"]


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"response": {}}, "0 of push, damping, parameter are given: one is needed"),
        ({"response": PUSH | {"parameter": {"a": 1.0}}}, "2 of push, damping, parameter are given"),
        (
            {"response": {"push": {"variable": "y", "size": 1.0}}},
            "response.variable is 'y': those of double_well are x",
        ),
        ({"response": PUSH, "until": "trajectory"}, "response is given, and until is 'trajectory'"),
        (
            {"system": {"name": "lorenz63"}, "response": {"parameter": {"rho": 1.0}}},
            "response.parameter is 'rho': those of lorenz63 are prandtl, rayleigh, geometry, noise_amplitude",
        ),
    ],
)
def test_unusable_settings_are_refused_in_one_sentence(block, sentence):
    with pytest.raises(ConfigError, match=sentence):
        plan(block)


def test_a_parameter_is_the_change_of_the_drift():
    system = get_system("lorenz63")
    x = np.random.default_rng(0).standard_normal((50, 3))
    u, divergence = observed_perturbation(settings(parameter={"rayleigh": 2.0}), ("x", "y", "z"), np.zeros(3), system)
    values, of_u = at_states(x, u, divergence)
    np.testing.assert_allclose(values, np.stack([0 * x[:, 0], 2 * x[:, 0], 0 * x[:, 0]], axis=1), atol=1e-12)
    np.testing.assert_allclose(of_u, 0, atol=1e-9)
    u, divergence = observed_perturbation(settings(parameter={"geometry": 1.0}), ("x", "y", "z"), np.zeros(3), system)
    np.testing.assert_allclose(at_states(x, u, divergence)[1], -1.0)
    np.testing.assert_allclose(state_perturbation(settings(parameter={"geometry": 1.0}), np.zeros(3), system)(x), u(x))


def test_damping_pulls_to_the_mean_and_leaves_unobserved_variables_alone():
    mean = np.array([1.0, 2.0, 3.0, 4.0])
    given = settings(damping={"variable": "x2", "rate": 0.5})
    x = np.random.default_rng(0).standard_normal((5, 44))
    of_state = state_perturbation(given, mean, get_system("lorenz96"))(x)
    of_observed, of_u = at_states(x[:, :4], *observed_perturbation(given, ("x1", "x2", "x3", "x4"), mean, None))
    np.testing.assert_allclose(of_state[:, 1], -0.5 * (x[:, 1] - 2.0))
    np.testing.assert_allclose(of_state[:, :4], of_observed)
    assert not np.delete(of_state, 1, axis=1).any() and (of_u == -0.5).all()


def test_unobserved_variables():
    system, names = get_system("lorenz96"), ("x1", "x2", "x3", "x4")
    # The forcing acts on the slow variables, all of which are observed.
    u, divergence = observed_perturbation(settings(parameter={"forcing": 0.1}), names, np.zeros(4), system)
    np.testing.assert_allclose(u, 0.1)
    assert divergence is None
    with pytest.raises(ScientificFailure, match="time_ratio depends on variables that are not observed"):
        observed_perturbation(settings(parameter={"time_ratio": 1.0}), names, np.zeros(4), system)
    with pytest.raises(ScientificFailure, match="acts on x3, which is not observed: x1, x2 are"):
        observed_perturbation(settings(push={"variable": "x3", "size": 1.0}), names[:2], np.zeros(2), system)
    with pytest.raises(ScientificFailure, match="noise_amplitude of lorenz96 changes the noise"):
        observed_perturbation(settings(parameter={"noise_amplitude": 1.0}), names, np.zeros(4), system)


def test_the_error_of_a_response_has_units_and_a_floor():
    truth = xr.DataArray([[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]], dims=("variable", "lag"))
    off = truth + xr.DataArray([0.0, 10.0], dims="variable")
    error = response_error(off, 0.1 * truth, truth, 0.05 * truth, np.array([1.0, 100.0]))
    np.testing.assert_allclose(error, (np.sqrt(0.03 / 5), 0.1, 0.05))
    assert np.isnan(response_error(off, truth, truth, 0.3 * truth, np.ones(2)).value)
    assert np.isnan(response_error(off, truth, 0.0 * truth, truth, np.ones(2)).value)


def test_the_table_says_what_is_judged_by_which_check():
    names = [
        "response_checks_pass", "response_check_mean", "response_correction", "response_check_start",
        "response_check_start",
    ]  # fmt: skip
    table = pd.DataFrame(
        {
            "statistic": [*names, "response_error_score", "response_error_gaussian"], "status": "ok", "sigma": 0.1,
            "min_probability": 0.01, "n_samples": 1000.0, "replicate": 0, "floor": 0.01, "stderr": 0.02,
            "value": [0.0, 1.0, 0.12, -5.0, 2.0, 0.1, 0.4],
            "variable": [None, None, None, "mean of x", "mean of y", "mean", "mean"],
        }
    )  # fmt: skip
    (row,) = response_table(table)
    assert row == {
        "sigma": "0.1", "observable": "mean", "score": "0.100 ± 0.020", "gaussian": "0.400 ± 0.020", "model": "–",
        "truth": "0.01", "check": "−5", "mean_check": "1", "correction": "12", "passes": "no",
    }  # fmt: skip
    assert response_table(table[:0]) == []


@pytest.fixture(scope="module")
def small_run(tmp_path_factory) -> Plan:
    """A run of a double well whose response has been computed, with its files in a folder of its own."""
    block = BLOCK | {
        "name": "wells",
        "simulation": {"n_members": 2000, "n_times": 10, "path_members": 100, "path_length": 60.0},
        "estimator": {"sigma": 0.1, "min_probability": 0.02, "max_draws": 8},
        "langevin": {"n_members": 100, "n_times": 5, "path_members": 20},
        "network": {"hidden": [24], "max_iterations": 100},
        "response": {"damping": {"variable": "x", "rate": 0.1}, "max_pairs": 10_000, "n_lags": 10},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("run"))
        run = Plan({"name": "test", "experiments": [block]})
        needed = {"trajectory", "cells", "score", "sample", "mobility", "truth", "response_model", "response"}
        for role in needed:
            assert role in run.rows[0].tasks
        for task in run.all_tasks():
            if task in [run.rows[0].tasks[role] for role in needed]:
                run_task(task)
        (file,) = run.rows[0].tasks["response"].outputs.values()
        with xr.open_dataset(file) as dataset:
            return dataset.load()


def test_the_stages_predict_the_response_of_a_double_well(small_run):
    rows = {(row["statistic"], row["variable"]): row["value"] for row in metric_rows(small_run)}
    # Friction takes from the variance; symmetry makes the response of the mean zero, which is not judged.
    assert float(small_run["truth_step"].sel(observable="variance")[0, -1]) < -0.01
    assert rows["response_error_score", "variance"] < 0.25
    assert rows["response_error_gaussian", "variance"] > 2 * rows["response_error_score", "variance"]
    assert np.isnan(rows["response_error_score", "mean"])
    assert rows["response_error_model", "variance"] < 0.3


def test_its_figure_shows_every_way(small_run, tmp_path):
    file = tmp_path / "response.nc"
    small_run.to_netcdf(file)
    drawn = figure.draw(figure.gather([ExperimentResult("wells", "double_well", "kgmm", 0.1, response=str(file))]))
    assert len(drawn.axes) == 2
    (legend,) = drawn.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["perturbed simulations", "score (KGMM network)", "perturbed model", "quasi-Gaussian"]


def test_a_figure_without_a_response_says_so():
    empty = figure.gather([ExperimentResult("wells", "double_well", "kgmm", 0.1)])
    assert "no response" in figure.draw(empty).texts[0].get_text()
