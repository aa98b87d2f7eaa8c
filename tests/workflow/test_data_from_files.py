"""A user's data through the whole workflow: refused before any job, imported, modelled, and not computed twice."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.linalg import expm, solve_continuous_lyapunov

from kgmm.results import BASELINES
from tests.statistical.exact_laws import linear_paths
from tests.workflow.test_reruns import (
    OF_THE_DATA,
    OF_THE_MODELS,
    OF_THE_PICTURES,
    OF_THE_RUN,
    OF_THE_SCORE,
    with_pages,
)

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]

# dX = A X dt + B dW: correlated variables, one slower than the other.
DRIFT = np.array([[-1.0, 0.9], [0.0, -0.6]])
COVARIANCE = solve_continuous_lyapunov(DRIFT, -np.diag([1.0, 0.5]))
STEP, N_TIMES = 0.5, 4000

MINE = {
    "name": "mine",
    "seed": 3,
    "defaults": {
        # For the blocks that are simulated; there is none.
        "simulation": {"n_members": 200},
        "langevin": {"n_members": 200, "n_times": 10, "burn_in": 5.0, "path_length": 20.0, "path_members": 2},
        "evaluation": {"n_points": 500},
    },
    "experiments": [
        {
            "name": "station",
            "title": "Wind and pressure",
            "system": {
                "kind": "dataset", "name": "station", "path": "data/series.csv", "variables": ["wind", "pressure"],
            },
            "estimator": {"sigma": 0.2, "min_probability": 0.02, "max_draws": 8, "method": ["kgmm", "kgmm_cells"]},
            "network": {"hidden": [16], "max_iterations": 100},
        }
    ],
}  # fmt: skip


def series(seed=0) -> pd.DataFrame:
    """Wind and pressure; the latter around a thousand."""
    values = linear_paths(DRIFT, COVARIANCE, STEP, 1, N_TIMES, seed)[0]
    times = 100 + STEP * np.arange(N_TIMES)
    return pd.DataFrame({"time": times, "wind": values[:, 0], "pressure": 1000 + values[:, 1], "note": "none"})


def write(project, table, name="series.csv"):
    (project.root / "data").mkdir(exist_ok=True)
    table.to_csv(project.root / "data" / name, index=False)


def changed(**settings) -> dict:
    """The configuration with other settings of its block."""
    config = copy.deepcopy(MINE)
    for section, values in settings.items():
        block = config["experiments"][0]
        block[section] = {**block.get(section, {}), **values} if isinstance(values, dict) else values
    return config


# Refusals.


@pytest.fixture(scope="module")
def unused(new_project):
    """A copy in which nothing is ever run."""
    project = new_project()
    write(project, series())
    broken = series()
    broken.loc[[12, 700], "pressure"] = np.nan
    write(project, broken, "broken.csv")
    (project.root / "data" / "empty.npy").touch()
    (project.root / "data" / "text.nc").write_text("wind\n1\n")
    return project


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"system": {"path": "data/none.csv"}}, "the data file data/none.csv does not exist"),
        (
            {"system": {"path": "data/broken.csv"}},
            "data/broken.csv holds 2 non-finite values, the first in 'pressure' at time index 12",
        ),
        ({"system": {"variables": ["wind", "snow"]}}, "has no column 'snow': it has time, wind, pressure, note"),
        ({"system": {"variables": ["note"]}}, "column 'note' of data/series.csv holds text"),
        ({"system": {"path": "data/empty.npy", "time_step": 1.0}}, "data/empty.npy"),
        ({"system": {"path": "data/text.nc"}}, "data/text.nc"),
        ({"simulation": {"n_members": 100}}, "simulation is given: data from a file are not simulated"),
        ({"data": {"points": 2}}, "data.points and data.shifts are for systems on a ring"),
    ],
    ids=["missing", "NaN", "column", "text", "empty", "no NetCDF", "simulation", "points"],
)
def test_unusable_data_are_one_sentence_before_any_job(unused, settings, sentence):
    result = unused.snakemake("--configfile", unused.write_config("bad.yaml", changed(**settings)))
    assert result.returncode != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    refused = [line for line in result.stderr.splitlines() if "The configuration is unusable" in line]
    assert len(refused) <= 1
    assert not (unused.root / "results" / "mine").exists()
    assert not list((unused.root / "results").rglob("*.nc"))


def test_too_few_samples_are_refused_with_a_p_min_that_is_accepted(unused):
    def run(p_min):
        config = changed(estimator={"min_probability": p_min})
        return unused.snakemake("-n", "--configfile", unused.write_config("bad.yaml", config))

    result = run(1e-3)
    assert result.returncode != 0 and "Traceback" not in result.stdout + result.stderr
    message = result.stdout + result.stderr
    assert "data/series.csv gives 3200 training samples, worth" in message
    independent = float(message.split("worth ")[1].split(" ")[0])
    # The slower variable decides: its memory and that of its square, and the scatter of an estimate from 20 blocks.
    keep = np.exp(STEP * DRIFT[1, 1])
    exact = 3200 * 2 / ((1 + keep) / (1 - keep) + (1 + keep**2) / (1 - keep**2))
    assert abs(independent / exact - 1) < 3 * 0.23
    least = float(message.split("allow no less than ")[1].split(" ")[0])
    assert run(least).returncode == 0
    assert run(0.9 * least).returncode != 0


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


def test_real_observations_run_to_the_report(new_project):
    """Monthly sunspot numbers: two dozen cycles say little about a density, and the report must show how little."""
    project = new_project()
    project.write_example()
    project.snakemake("--configfile", "config/sunspots.yaml", check=True)
    folder = project.root / "results" / "sunspots"
    metrics = pd.read_csv(folder / "metrics.csv")
    assert (metrics["status"] == "ok").all()
    assert not metrics["statistic"].isin(["score_error", "smoothed_score_error"]).any()  # nobody knows the exact score
    entropy = metrics[metrics["statistic"] == "relative_entropy"]
    # Of the model with the identity, of the one with the time scales of the data, and of both baselines.
    assert len(entropy) == 4 and set(BASELINES) < set(entropy["mobility"])
    entropy = entropy[~entropy["mobility"].isin(BASELINES)]
    # Held out are 53 years, five cycles: a few dozen independent months at best.
    assert (entropy["stderr"] > 0.01).all()
    assert (entropy["value"] < entropy["floor"] + 5 * entropy["stderr"]).all()
    trajectories = pd.read_csv(folder / "trajectories.csv")
    assert (trajectories["n_samples"] == 3153).all()
    assert (trajectories["effective_size"] < 0.2 * 3153).all()
    report = (folder / "report.html").read_text()
    assert "Observations: path" in report and "Simulation of" not in report
    assert "transformed: number by log (-10)" in report


def with_gaps(file: Path) -> None:
    """A station of two variables, one of them positive, with a trend, and gaps that leave segments of many lengths."""
    rng, n = np.random.default_rng(8), 3000
    x = np.zeros((n, 2))
    for k in range(1, n):
        x[k] = 0.8 * x[k - 1] + 0.6 * rng.standard_normal(2)
    table = {
        "date": pd.date_range("1990-01-01", periods=n),
        "rain": np.exp(x[:, 0]),
        "t": x[:, 1] + 0.001 * np.arange(n),
    }
    gaps = [*range(200, 230), 500, *range(800, 900), 1001, 1003, *range(2100, 2103), 2700]
    file.parent.mkdir(exist_ok=True)
    pd.DataFrame(table).drop(index=gaps).to_csv(file, index=False)


@pytest.mark.parametrize(
    "arguments, name, prepared, used",
    [
        (["examples/nino12.csv", "--anomalies", "monthly"], "nino12", "monthly means were subtracted.", ""),
        (
            ["data/gaps.csv", "--gaps", "segments", "--transform", "rain=log", "--detrend"], "gaps",
            "137 missing states divide the series into 7 members, and 1 lone state between gaps is left out;",
            "All 2862 states of the 7 segments between gaps are used.",
        ),
    ],
)  # fmt: skip
def test_the_command_line_and_the_workflow_give_the_same_bytes(new_project, arguments, name, prepared, used):
    """Temperatures of the README, and a station with gaps: ``kgmm model``, and ``kgmm init`` run by Snakemake."""
    project = new_project()
    with_gaps(project.root / "data/gaps.csv")
    kgmm = [sys.executable, "-m", "kgmm.cli.main"]
    options = {"cwd": project.root, "env": project.environment, "capture_output": True, "text": True}
    done = subprocess.run([*kgmm, "model", *arguments, "--output", "out"], **options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(project.root / "out/report.html")
    report = (project.root / "out/report.html").read_text()
    assert f"Preparation of the data: {prepared}" in report
    # What was subtracted or transformed is put back in a figure and a table.
    assert "In the units of the file" in report and "Quantiles in the units of the file" in report
    assert used in done.stdout and used in report
    written = subprocess.run([*kgmm, "init", *arguments], **options, check=True).stdout
    (project.root / "config/mine.yaml").write_text(written)
    project.snakemake("--configfile", "config/mine.yaml", check=True)
    for folder, pattern in (("store", "**/*.nc"), (name, "metrics.csv"), (name, "*/*.nc")):
        ours, theirs = (
            {file.relative_to(root): file.read_bytes() for file in (root / "results" / folder).glob(pattern)}
            for root in (project.root, project.root / "out")
        )
        assert ours.keys() == theirs.keys() and ours
        assert [str(file) for file in ours if ours[file] != theirs[file]] == []


@pytest.mark.parametrize(
    "script, arguments, status, sentence",
    [
        (None, ["enso.csv", "--anomalies", "monthly"], 0, "The model can be used for densities"),
        ("tree_rings.py", ["tree_rings.csv"], 0, "The model can be used for"),
        # Fifty winters: what is missing is said, and how much of it.
        ("pacific_sst.py", ["pacific_sst.nc", "--reduce", "pcs=1"], 2, "so about 211 states are needed"),
    ],
)
def test_examples_of_the_docs_end_as_they_say(tmp_path, script, arguments, status, sentence):
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder)
    options = {"cwd": folder, "capture_output": True, "text": True}
    if script is not None:
        subprocess.run([sys.executable, script], **options, check=True)
    done = subprocess.run([sys.executable, "-m", "kgmm.cli.main", "model", *arguments], **options)
    assert done.returncode == status, done.stderr
    assert sentence in (done.stderr if status else done.stdout)
    if not status:
        assert Path(done.stdout.splitlines()[-1]).is_file()
