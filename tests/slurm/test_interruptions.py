"""Jobs, nodes and Snakemake itself are killed: it is reported, resumed, and nothing finished is computed again."""

from __future__ import annotations

import shutil

import pytest

from tests.slurm.lab import NODES, wait_until
from tests.slurm.runs import SWEEP, Run, files_of, jobs_of

pytestmark = pytest.mark.slurm

# A job notes that a second one writes the same files, and waits with its last but one task for the test.
_WATCHED = """\
import fcntl
from pathlib import Path

lock = open("lock", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    Path("twice").touch()
run_tasks(snakemake"""
_WAITING = """\
def estimate_cells(job: Job) -> None:
    import time
    from pathlib import Path

    if len(list(Path("results/store/receipts/estimate_cells").rglob("*.json"))) == 4:
        Path("arrived").touch()
        while Path("hold").exists():
            time.sleep(0.1)
"""


@pytest.fixture
def held(lab, new_project, finished_sweep):
    """A run of six estimates in one job, of which four are done and the fifth waits."""
    project = new_project()
    project.edit("src/kgmm/stages/estimate_cells.py", "def estimate_cells(job: Job) -> None:\n", _WAITING)
    project.edit("workflow/scripts/run_tasks.py", "run_tasks(snakemake", _WATCHED)
    (project.root / "hold").touch()
    for folder in ("simulate_trajectory", "receipts/simulate_trajectory"):
        shutil.copytree(*(each.root / "results/store" / folder for each in (finished_sweep, project)))
    config = project.write_config("sweep.yaml", SWEEP)
    run = Run.on_slurm(project, "--configfile", config, "--config", "rows_per_job=6", "--", "all_estimate_cells")
    try:
        run.until((project.root / "arrived").exists, "a job has done four of six tasks")
        yield project, run
    finally:
        run.process.kill()
        lab.repair()


def go_on(project) -> None:
    (project.root / "hold").unlink()


def finished(project) -> dict[str, int]:
    """Time stamps of the files of the tasks that have a receipt."""
    receipts = (project.root / "results/store/receipts/estimate_cells").rglob("*.json")
    keys = [str(path.relative_to(project.root / "results/store/receipts")).removesuffix(".json") for path in receipts]
    return {key: (project.root / "results/store" / key / "cells.nc").stat().st_mtime_ns for key in keys}


def assert_complete(project, finished_sweep, done: dict[str, int]) -> None:
    """Results are those of a local run, what was done was not done again, and no two jobs did the same at a time."""
    assert files_of(project, "estimate_cells") == files_of(finished_sweep, "estimate_cells")
    assert project.hashes().items() <= finished_sweep.hashes().items()
    assert len(done) == 4 and done.items() <= finished(project).items()
    assert not (project.root / "twice").exists()


def running(lab, project) -> list[dict]:
    return [job for job in jobs_of(lab, project, "estimate_cells") if job["state"] == "RUNNING"]


def test_a_cancelled_job_is_reported_and_done_again(held, lab, finished_sweep):
    project, run = held
    done = finished(project)
    (job,) = running(lab, project)
    lab.query("scancel", job["id"])
    run.until(lambda: "CANCELLED" in run.text, "the job is reported")
    assert job["id"] in run.text
    go_on(project)
    run.succeed()
    assert_complete(project, finished_sweep, done)


def test_a_node_that_dies_loses_nothing(held, lab, finished_sweep):
    project, run = held
    done = finished(project)
    (job,) = running(lab, project)
    lab.crash(job["node"])
    (other,) = set(NODES) - {job["node"]}
    wait_until(
        lambda: [j for j in running(lab, project) if (j["id"], j["node"]) == (job["id"], other)],
        "SLURM gives the job to the other node",
    )
    go_on(project)
    run.succeed()
    assert_complete(project, finished_sweep, done)
    assert len(jobs_of(lab, project, "estimate_cells")) == 1


def test_snakemake_killed_is_resumed_by_one_command(held, lab, finished_sweep):
    project, run = held
    done = finished(project)
    refused = Run.start(project, "kgmm.jobs.resume")
    assert refused.wait() != 0 and f"Snakemake still runs here (process {run.process.pid})" in refused.text
    run.process.kill()
    run.process.wait()
    (job,) = running(lab, project)
    resumed = Run.start(project, "kgmm.jobs.resume")
    resumed.until(lambda: [j for j in running(lab, project) if j["id"] != job["id"]], "a new job runs")
    states = {j["id"]: j["state"] for j in jobs_of(lab, project, "estimate_cells")}
    assert states.pop(job["id"]) == "CANCELLED" and list(states.values()) == ["RUNNING"]
    go_on(project)
    resumed.succeed()
    assert_complete(project, finished_sweep, done)
