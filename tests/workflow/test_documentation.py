"""What README and docs show runs as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

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


def test_the_readme_example(new_project):
    output = run(new_project(), python_block("README.md"))
    entropies = [float(line.split()[3]) for line in output.splitlines() if "relative_entropy" in line]
    assert len(entropies) == 4  # by bins and by kernels, of two variables
    # 100 000 samples and 1 000 walkers: over five seeds the two entropies lay between −0.0005 and 0.0009.
    assert max(entropies) < 0.005


def test_the_new_system_of_the_docs(new_project):
    project = new_project()
    (project.root / "src/kgmm/systems/harmonic.py").write_text(python_block("docs/extending.md"))
    output = run(
        project,
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
    assert (jobs["import_dataset"], jobs["fit_score"], jobs["sample_langevin"]) == (1, 1, 1)
    assert "simulate_trajectory" not in jobs


def test_the_sweep_of_the_config_readme(new_project, configurations):
    project = new_project()
    *_, block = configurations
    (project.root / "config/mine.yaml").write_text(block)
    said = project.snakemake("-n", "--configfile", "config/mine.yaml", check=True).stderr
    assert "36 experiments, 0 of them done" in said  # three systems, two amplitudes, two networks, three replicates


def changed_files(diff: str):
    """Path and lines of every file that a diff of the docs changes, without what it adds."""
    for part in diff.split("--- ")[1:]:
        name, _, *lines = part.splitlines()
        yield name, [line for line in lines if not line.startswith(("+", "@@"))]


def test_the_changes_of_the_docs_fit_the_code():
    text = (ROOT / "docs/extending.md").read_text()
    diffs = re.findall(r"^```diff\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(diffs) == 4
    for diff in diffs:
        for name, kept in changed_files(diff):
            if name == "/dev/null":
                continue
            lines = (ROOT / name.removeprefix("a/")).read_text().splitlines()
            for line in kept:
                assert line[1:] in lines, f"{name} has no line {line[1:]!r}"
            for place in re.findall(r"@@ (.+)", diff.split(name)[1].split("--- ")[0]):
                assert any(place.rstrip(" :{") in line for line in lines), f"{name}: no {place}"
