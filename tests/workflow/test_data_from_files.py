"""A user's data through the whole workflow: imported, modelled, and not computed twice."""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.linalg import expm

from kgmm.results import BASELINES
from tests.workflow.station import COVARIANCE, DRIFT, MINE, N_TIMES, STEP, changed, series, write
from tests.workflow.test_reruns import (
    OF_THE_DATA,
    OF_THE_MODELS,
    OF_THE_PICTURES,
    OF_THE_RUN,
    OF_THE_SCORE,
    with_pages,
)

pytestmark = pytest.mark.workflow


# A whole run.


@pytest.fixture(scope="module")
def finished(new_project):
    """A finished run on a file; tests plan on it and leave it as it is."""
    project = new_project()
    write(project, series())
    project.snakemake("--configfile", project.write_config("mine.yaml", MINE), check=True)
    return project


def planned(project, config=MINE):
    return project.planned_jobs("--configfile", project.write_config("changed.yaml", config))


def test_every_stage_ran_once(finished):
    plan = pd.read_csv(finished.root / "results/mine/plan.csv")
    assert len(plan) == 2
    assert plan["key.trajectory"].str.startswith("station/data-").all()
    costs = pd.read_csv(finished.root / "results/mine/costs.csv")
    jobs = OF_THE_SCORE | OF_THE_PICTURES | {"import_dataset": 1, "describe_trajectory": 1}
    assert costs.groupby("stage").size().to_dict() == jobs
    assert (costs["status"] == "ok").all()


def test_the_store_holds_the_file(finished):
    (folder,) = (finished.root / "results/store/import_dataset/station").iterdir()
    table = series()[["wind", "pressure"]].to_numpy(dtype=np.float32)
    for name in ("samples", "path"):
        with xr.open_dataset(folder / f"{name}.nc") as stored:
            np.testing.assert_array_equal(stored["state"][0], table)
            assert list(stored["variable"].values) == ["wind", "pressure"]
            assert float(stored["time"][0]) == STEP
            assert stored.attrs["source"] == "series.csv"
    with xr.open_dataset(folder / "samples.nc") as stored:
        assert ((stored["effective_size"] > 400) & (stored["effective_size"] <= N_TIMES)).all()


def test_the_score_and_the_model_are_those_of_the_process(finished):
    metrics = pd.read_csv(finished.root / "results/mine/metrics.csv")
    assert set(metrics["status"]) == {"ok"}
    assert {"kgmm", "kgmm_cells"} == set(metrics["method"])
    # Saved once every half unit of time, the path is too coarse for a slope: the fitted mobility is matched.
    assert set(metrics["mobility"].dropna()) == {"identity", "matched", *BASELINES}
    own = metrics[(metrics["method"] == "kgmm") & (metrics["mobility"] == "matched")]
    own = own.set_index(["statistic", "variable"])["value"]
    for variable, mean, deviation in (
        ("wind", 0.0, COVARIANCE[0, 0] ** 0.5),
        ("pressure", 1000.0, COVARIANCE[1, 1] ** 0.5),
    ):
        assert own["relative_entropy", variable] < 0.2
        # 2000 values of the model; the data leave several per cent of a deviation open, the smoothing two.
        assert own["mean", variable] == pytest.approx(mean, abs=0.35 * deviation)
        assert own["standard_deviation", variable] == pytest.approx(deviation, rel=0.25)


def test_the_fitted_score_is_linear(finished):
    """Outside of the workflow, the file that it wrote."""
    from kgmm import ScoreModel

    (path,) = (finished.root / "results/store/fit_score/station").glob("kgmm-*/score.nc")
    score = ScoreModel.load(path)
    x = np.random.default_rng(1).multivariate_normal([0, 1000], COVARIANCE, 2000)
    scale = np.diag(np.diag(COVARIANCE))
    exact = -(x - [0, 1000]) @ np.linalg.inv(COVARIANCE + 0.2**2 * scale)
    error = ((score(x) - exact) ** 2).sum() / (exact**2).sum()
    assert error < 0.1  # of 3200 samples, worth some thousand
    other = -(x - [0, 1000]) @ np.linalg.inv(scale)  # negative control: as if they were uncorrelated
    assert ((score(x) - other) ** 2).sum() / (other**2).sum() > 2 * error


def test_the_trajectory_has_its_page_and_its_table(finished):
    root = finished.root / "results/mine"
    for suffix in ("png", "pdf", "nc"):
        assert (root / f"trajectories/station.{suffix}").stat().st_size > 1000
        assert (root / f"figures/station.{suffix}").stat().st_size > 1000
    with xr.open_dataset(root / "trajectories/station.nc") as page:
        rho = page["autocorrelation"].values
        lag = page["lag"].values
        assert page.attrs["kind"] == "trajectory" and "density_exact" not in page
    exact = np.array([np.diag(expm(DRIFT * t) @ COVARIANCE) / np.diag(COVARIANCE) for t in lag])
    assert rho[0].tolist() == [1.0, 1.0]
    # 4000 values, worth some 700 for the slower variable.
    assert np.abs(rho - exact).max() < 4.5 * 700**-0.5
    table = pd.read_csv(root / "trajectories.csv")
    assert list(table["variable"]) == ["wind", "pressure"]
    assert (table["n_samples"] == N_TIMES).all() and (table["status"] == "ok").all()
    assert (table[["mean_halves", "deviation_halves"]].abs() < 4.5).all(axis=None)
    assert (table["decorrelation_time"] > 0.5).all()


def test_the_report_shows_the_data_and_the_model(finished):
    report = (finished.root / "results/mine/report.html").read_text()
    assert "Wind and pressure" in report and "Observations" in report
    assert "trajectories/station.png" in report and "figures/station.png" in report
    assert report.count("data:image/webp;base64") == 3  # the data, the score and model, and the fits
    assert "autocorrelations" in report
    assert ">nan<" not in report.lower()


# What is computed again.


def test_nothing_is_left_to_do(finished):
    assert planned(finished) == {}


def test_touching_the_file_reruns_nothing(finished):
    path = finished.root / "data/series.csv"
    for moment in (time.time() + 100, time.time() - 10_000):
        os.utime(path, (moment, moment))
        assert planned(finished) == {}


@pytest.fixture
def other_content(finished):
    """The file with one number changed, for one test."""
    path = finished.root / "data/series.csv"
    before = path.read_bytes()
    table = series()
    table.loc[17, "wind"] += 0.001
    write(finished, table)
    yield finished
    path.write_bytes(before)


# Two methods, one import, cells and evaluation of both.
FROM_DATA = with_pages({"import_dataset": 1} | OF_THE_SCORE | OF_THE_DATA | OF_THE_RUN | {"write_plan": 1})


def test_changing_the_file_reruns_its_import_and_what_follows(other_content):
    assert planned(other_content) == FROM_DATA


def test_the_old_content_is_still_there(finished):
    assert planned(finished) == {}


def test_another_model_imports_nothing(finished):
    jobs = planned(finished, changed(network={"hidden": [8]}))
    fitted = {"fit_score": 1, "evaluate_score": 1} | OF_THE_MODELS
    assert jobs == with_pages(fitted | OF_THE_RUN | {"write_plan": 1})


def test_other_variables_are_another_import(finished):
    assert planned(finished, changed(system={"variables": ["wind"]})) == FROM_DATA


def test_the_same_file_gives_the_same_bytes(finished, new_project):
    other = new_project()
    write(other, series())
    config = other.write_config("mine.yaml", changed(until="score"))
    other.snakemake("--configfile", config, "--cores", "1", check=True)
    ours, theirs = finished.hashes(), other.hashes()
    assert {name: ours[name] for name in theirs} == theirs
    # Two of the import; description, cells, score and evaluation.
    assert len(theirs) == 6


def test_until_trajectory_makes_a_report_of_the_data_alone(finished):
    config = changed(until="trajectory", estimator={"method": "kgmm"}) | {"name": "data"}
    name = finished.write_config("data.yaml", config)
    jobs = finished.planned_jobs("--configfile", name)
    assert jobs == {
        "write_plan": 1, "collect_metrics": 1, "collect_trajectories": 1, "collect_races": 1, "verify_claims": 1,
        "collect_costs": 1, "draw_trajectory": 1, "write_report": 1, "write_manifest": 1, "check_run": 1,
    }  # fmt: skip
    finished.snakemake("--configfile", name, check=True)
    report = (finished.root / "results/data/report.html").read_text()
    assert "trajectories/station.png" in report and "figures/station.png" not in report
