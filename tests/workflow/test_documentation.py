"""What README and docs show runs as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kgmm

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]


def python_block(path: str) -> str:
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / path).read_text(), flags=re.MULTILINE | re.DOTALL)
    return block


def run(project, code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


NEW_THINGS = {
    "name": "new",
    "defaults": {
        "simulation": {"n_members": 200, "n_times": 5, "path_members": 2, "path_length": 10.0},
        "network": {"hidden": [8], "max_iterations": 20},
        "evaluation": {"n_points": 200},
        "mobility": {"method": "identity"},
    },
    "experiments": [
        {
            "name": "trap",
            "system": {"name": "harmonic", "parameters": {"stiffness": 3.0}},
            "figure": "cell_counts",
            "estimator": {
                "method": ["kgmm", "gaussian"], "sigma": [0.2, 0.4], "min_probability": 0.05, "max_draws": 4,
            },
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def extended(new_project):
    """A copy of the project with every change that the docs show, and a run that uses all of them."""
    project = new_project()
    text = (ROOT / "docs/extending.md").read_text()
    diffs = re.findall(r"^```diff\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(diffs) == 5
    for diff in diffs:
        subprocess.run(["git", "apply", "-"], input=diff, cwd=project.root, check=True, text=True)
    project.snakemake("--configfile", project.write_config("new.yaml", NEW_THINGS), check=True)
    return project


def test_changes_of_the_docs_are_short(extended):
    """A new method, statistic or figure is one file of at most 25 lines."""
    files = (
        "methods/gaussian", "statistics/of_score/largest_error", "statistics/of_model/skewness",
        "figures/kinds/cell_counts",
    )  # fmt: skip
    for name in files:
        assert len((extended.root / f"src/kgmm/{name}.py").read_text().splitlines()) <= 25


def test_new_things_are_in_the_results(extended):
    run_folder = extended.root / "results/new"
    assert set(pd.read_csv(run_folder / "plan.csv")["system.name"]) == {"harmonic"}
    metrics = pd.read_csv(run_folder / "metrics.csv")
    largest = metrics[metrics["statistic"] == "largest_error"]
    assert set(largest["method"]) == {"kgmm", "gaussian"} and (largest["value"] > 0).all()
    skewness = metrics[metrics["statistic"] == "skewness"]
    # The path is too short for a Kramers–Moyal estimate.
    assert set(skewness["mobility"]) == {"identity", "linear inverse"}
    assert (skewness[["value", "data_value"]].abs() < 0.3).all(axis=None)
    # The density is normal: the method that assumes it is the better one.
    errors = metrics[metrics["statistic"] == "score_error"].groupby("method")["value"].mean()
    assert errors["gaussian"] < errors["kgmm"]
    report = (run_folder / "report.html").read_text()
    assert '<th scope="col">largest error</th>' in report and '<th scope="row">Gaussian</th>' in report
    with xr.open_dataset(run_folder / "figures/trap.nc") as figure:
        assert figure.attrs["kind"] == "cell_counts" and list(figure["sigma"]) == [0.2, 0.4]
        assert (figure["n_cells"] > 5).all()


def test_the_new_system_of_the_docs(extended):
    output = run(
        extended,
        "import numpy as np, kgmm\n"
        "x = kgmm.simulate('harmonic', n_members=20_000, n_times=1).values[:, 0]\n"
        "system = kgmm.get_system('harmonic')\n"
        "print(x.var(), np.abs(system.smoothed_score(x, np.array([1e-4])) - system.score(x)).max())\n",
    )
    variance, difference = map(float, output.split())
    # Var = 1/2 with a standard error of √(2/20 000)/2 = 0.005.
    assert abs(variance - 0.5) < 0.02
    assert difference < 1e-5


@pytest.fixture(scope="module")
def configurations() -> list[str]:
    """The configurations that the README of the folder shows: a simulation, data from a file, and a sweep."""
    text = (ROOT / "config/README.md").read_text()
    return re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_configuration_of_the_config_readme(new_project, configurations):
    project = new_project()
    (project.root / "config/mine.yaml").write_text(configurations[0])
    jobs = project.planned_jobs("--configfile", "config/mine.yaml")
    # Three replicates, each with a reference run, and three amplitudes of each.
    assert jobs["simulate_trajectory"] == 6
    assert jobs["fit_score"] == 9


def test_the_data_set_of_the_config_readme(new_project, configurations):
    project = new_project()
    _, block, _ = configurations
    (project.root / "config/station.yaml").write_text(block)
    command = ("--configfile", "config/station.yaml")
    missing = project.snakemake("-n", *command)
    assert missing.returncode != 0
    assert "the data file data/station.nc does not exist" in missing.stdout + missing.stderr
    (project.root / "data").mkdir()
    wind = np.random.default_rng(0).standard_normal((2, 2000))
    times = pd.date_range("2001-01-01", periods=2000, freq="6h")
    series = xr.Dataset({name: ("time", values) for name, values in zip("uv", wind)}, coords={"time": times})
    series.to_netcdf(project.root / "data/station.nc")
    jobs = project.planned_jobs(*command)
    assert (jobs["import_dataset"], jobs["fit_score"], jobs["sample_langevin"]) == (1, 1, 2)
    assert "simulate_trajectory" not in jobs


def test_the_sweep_of_the_config_readme(new_project, configurations):
    project = new_project()
    *_, block = configurations
    (project.root / "config/mine.yaml").write_text(block)
    said = project.snakemake("-n", "--configfile", "config/mine.yaml", check=True).stderr
    assert "36 experiments, 0 of them done" in said  # three systems, two amplitudes, two networks, three replicates


def test_the_site_is_complete_and_needs_no_network(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {page.name: page.read_text() for page in (tmp_path / "site").glob("*.html")}
    written = {page.with_suffix(".html").name for page in (ROOT / "docs").glob("*.md")}
    assert pages.keys() >= written | {"index.html", "configuration.html", "reference.html"}
    for name, page in pages.items():
        loaded = re.findall(r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]*)"', page)
        assert loaded == [], name
    tutorials = {path.stem for path in (ROOT / "docs/tutorials").glob("plot_*.py")}
    for name in tutorials:
        page = tmp_path / f"site/generated/tutorials/{name}.html"
        pictures = re.findall(r'(?:src|srcset)="(images/[^"]*)"', page.read_text())
        assert len(pictures) >= 2 and all((page.parent / picture).exists() for picture in pictures), name
        assert (page.parent / f"{name}.py").exists() and (page.parent / f"{name}.ipynb").exists()
    assert len(tutorials) >= 4
    missing = [name for name in kgmm.__all__ if f'id="{kgmm._PUBLIC[name]}.{name}"' not in pages["reference.html"]]
    assert missing == []


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("README.md", r"used for densities, joint densities, time scales and tails, .*\n\[ *0\.5\d* +-0\.0\d*\]\n"),
        ("docs/reading.md", r"2011-01-01T00:00:00\.0+ 2[0-9]\.\d+\n"),
        ("docs/response.md", r"The checks (agree with|contradict) the corrected score: the largest .*\n( *step .*\n)"),
    ],
)
def test_python_of_the_docs_runs(new_project, page, expected):
    project = new_project()
    assert re.search(expected, run(project, python_block(page)))


def test_the_tables_are_those_of_the_measured_numbers():
    done = subprocess.run(
        [sys.executable, "docs/measured_tables.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_number_is_noticed(tmp_path):
    for page in ("README.md", "docs"):
        source = ROOT / page
        shutil.copytree(source, tmp_path / page) if source.is_dir() else shutil.copy(source, tmp_path)
    table = tmp_path / "docs/measured/paper.csv"
    rows = pd.read_csv(table)
    wanted = (rows["block"] == "reduced_triad") & (rows["statistic"] == "score_error")
    rows.loc[wanted, "value"] *= 2
    rows.to_csv(table, index=False)
    command = [sys.executable, str(tmp_path / "docs/measured_tables.py")]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True)
    assert done.returncode == 1 and "README.md, docs/results.md" in done.stdout
    assert subprocess.run(command).returncode == 0
    assert subprocess.run([*command, "--check"]).returncode == 0
