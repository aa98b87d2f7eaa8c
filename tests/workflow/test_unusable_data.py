"""Data of a user that cannot be used: one sentence before any job."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workflow.station import DRIFT, STEP, changed, series, write

pytestmark = pytest.mark.workflow


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
