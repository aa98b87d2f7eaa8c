"""What is hard about data is told of simulated systems as of a user's: description, table, rows of the report."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.jobs.plan import Plan
from kgmm.jobs.run import run_task
from kgmm.report.tables import finding_table
from kgmm.results import TrajectoryResult
from kgmm.statistics.diagnosis import diagnose
from kgmm.tables.trajectories import collect_trajectories


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def described(system: str, **simulation) -> str:
    """File of the description of a simulated system."""
    simulation = {"n_members": 100, "n_times": 40, "sample_interval": 1.0, "path_members": 2} | simulation
    block = {"name": "a", "system": {"name": system}, "simulation": simulation, "until": "trajectory"}
    plan = Plan({"name": "run", "experiments": [block]})
    for task in sorted(plan.all_tasks(), key=lambda task: task.depth):
        run_task(task)
    return plan.rows[0].file("description")


class DrawnWhenRead:
    """Normal samples that are nowhere but in the pieces that are read."""

    shape, ndim, dtype = (20_000_000, 1), 2, np.dtype("float32")

    def __getitem__(self, rows):
        size = len(range(*rows.indices(self.shape[0])))
        return np.random.default_rng(rows.start).standard_normal((size, 1), dtype=np.float32)


def test_large_data_are_diagnosed_piece_by_piece():
    tracemalloc.start()
    assert diagnose(DrawnWhenRead()) == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * 4 * DrawnWhenRead.shape[0]


def test_findings_of_a_simulated_system_are_rows_of_the_report():
    collect_trajectories([TrajectoryResult("a", "slow_fast_triad", 0, described("slow_fast_triad"))], "table.csv")
    table = pd.read_csv("table.csv")
    assert table["limits"].isna().all()
    (row,) = finding_table(table)
    assert row["finding"] == "tail" and "tau" in row["said"] and "transform" in row["remedy"]


def test_nothing_is_told_of_an_easy_system():
    collect_trajectories([TrajectoryResult("a", "double_well", 0, described("double_well"))], "table.csv")
    assert finding_table(pd.read_csv("table.csv")) == []


def test_points_of_a_ring_are_no_combinations_of_variables():
    """All of them are simulated, which of them are observed is up to the experiments."""
    with xr.open_dataset(described("kuramoto_sivashinsky", burn_in=50.0, path_length=20.0)) as description:
        assert description.attrs["ring"] and json.loads(description.attrs["findings"]) == []


def test_a_replicate_repeats_nothing():
    rows = [{"finding": "edge", "said": f"{n} samples", "remedy": "log"} for n in (30, 31)]
    table = pd.DataFrame({"replicate": [0, 0, 1], "findings": [json.dumps([row]) for row in (rows[0], *rows)]})
    assert finding_table(table) == [rows[0]]
