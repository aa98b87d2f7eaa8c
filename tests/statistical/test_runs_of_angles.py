"""Whole runs of kgmm model with an angle, and with a variable between two reflecting edges."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from kgmm.cli.configuration import configuration

pytestmark = pytest.mark.statistical

N_TIMES, STEP, SUBSTEPS = 4000, 0.05, 10
_RUN = """
import json, sys
from kgmm.jobs.local_run import LocalRun
run = LocalRun(json.load(sys.stdin))
run.run(print)
sys.exit(run.failed)
"""
_SMALLER = {"n_members": 200, "n_times": 10, "burn_in": 5.0, "path_members": 16, "path_length": 25.0}


def wind(rng: np.random.Generator) -> np.ndarray:
    """Degrees of ``dθ = −sin θ dt + √2 dW`` around 180: a von Mises law with κ = 1."""
    return np.mod(np.degrees(path(rng, lambda angle: -np.sin(angle), lambda angle: angle)) + 180.0, 360.0)


def cover(rng: np.random.Generator) -> np.ndarray:
    """A relaxation to 0.7 between reflecting edges at 0 and 2."""

    def reflected(x: float) -> float:
        x = abs(x)
        return 4.0 - x if x > 2.0 else x

    return path(rng, lambda x: 0.7 - x, reflected, rate=0.4)


def path(rng, drift, held, rate: float = 1.0) -> np.ndarray:
    h, x, found = rate * STEP / SUBSTEPS, 0.5, np.empty(N_TIMES)
    for k in range(N_TIMES):
        for z in np.sqrt(2 * h) * rng.standard_normal(SUBSTEPS):
            x = held(x + h * drift(x) + z)
        found[k] = x
    return found


@pytest.mark.parametrize(
    ("series", "transform"), [(wind, "angle:360"), (cover, "reflect:0:2")], ids=["angle", "two edges"]
)
def test_a_whole_run_ends_with_the_law_in_the_units_of_the_file(tmp_path, monkeypatch, series, transform):
    monkeypatch.chdir(tmp_path)
    x = series(np.random.default_rng(0))
    np.savetxt("x.csv", x, header="x", comments="")
    given = argparse.Namespace(
        file=Path("x.csv"), variables=None, sigma=None, seed=0, transform={"x": transform}, time_step=STEP
    )
    raw = configuration(given)
    # Not the choice among models, which takes up to a minute and a half where the record is short.
    raw["experiments"][0] |= {"langevin": _SMALLER, "mobility": {"method": "slope"}}
    # In a process of its own, as for a user: HDF5 2.2 has crashed after many files were opened in that of the tests.
    done = subprocess.run([sys.executable, "-c", _RUN], input=json.dumps(raw), text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-2000:]
    page = Path("results/x/report.html").read_text(encoding="utf-8")
    assert "In the units of the file" in page and "the inverse of the " in page
    (file,) = Path("results/store/restore_units").rglob("restored.nc")
    with xr.open_dataset(file) as restored:
        found, record = restored["quantile_model"].values[0], restored["quantile_record"].values[0]
        error = np.hypot(restored["quantile_model_stderr"], restored["quantile_record_stderr"]).values[0]
    np.testing.assert_allclose(record, np.quantile(x, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]), rtol=0.01)
    off = np.abs(found - record) - 3 * error
    assert off.max() < 0.1 * x.std()
    narrower = np.abs(x.mean() + 0.6 * (found - x.mean()) - record) - 3 * error
    assert narrower.max() > 0.1 * x.std()
