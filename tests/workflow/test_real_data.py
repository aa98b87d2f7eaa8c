"""Real observations and files with gaps: by the workflow, by the command line, and as the docs say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kgmm.results import BASELINES

pytestmark = pytest.mark.workflow
ROOT = Path(__file__).parents[2]


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
