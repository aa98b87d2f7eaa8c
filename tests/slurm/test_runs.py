"""Whole runs through SLURM: the bytes of a local run, and what their jobs ask for."""

from __future__ import annotations

import copy

import pytest

from tests.slurm.runs import SWEEP, Run, files_of, jobs_of
from tests.workflow.tiny import TINY

pytestmark = pytest.mark.slurm

# In place of the limits of the profile: little memory, and for one of two simulations little time, and then more.
_LIMITS = "    mem_mb: 4000 * attempt\n    runtime: 120 * attempt\n  # Copies the parts"
_NARROW = """\
    mem_mb: 1000 * attempt
    runtime: "(1 if 'replicate=1' in wildcards.key else 40) * attempt ** 3"
  # Copies the parts"""
# One simulation needs more memory, the other more time.
_DEMANDING = """\
import time

replicate = snakemake.params.tasks.tasks[0].settings.get("replicate")
if replicate == 0 and snakemake.resources.mem_mb < 1500:
    ballast = b"x" * 1_500_000_000
    time.sleep(600)
if replicate == 1 and snakemake.resources.runtime < 2:
    time.sleep(600)
run_tasks(snakemake"""


@pytest.fixture(scope="module")
def runs(lab, new_project, finished_sweep):
    """Runs that start together, because most of their time is waiting."""
    started = {}
    quick = new_project()
    started["quick"] = quick, Run.on_slurm(quick, "--configfile", "config/quick.yaml")
    sweep = new_project()
    config = sweep.write_config("sweep.yaml", SWEEP)
    started["sweep"] = sweep, Run.on_slurm(sweep, "--configfile", config, SBATCH_PARTITION="short")
    demanding = new_project()
    demanding.edit("profiles/slurm/config.yaml", _LIMITS, _NARROW)
    demanding.edit("workflow/scripts/run_tasks.py", "run_tasks(snakemake", _DEMANDING)
    config = demanding.write_config("demanding.yaml", until_trajectory(SWEEP))
    started["demanding"] = (
        demanding,
        Run.on_slurm(demanding, "--configfile", config, "--config", "rows_per_job=1", "--", "all_simulate_trajectory"),
    )
    yield started
    for _, run in started.values():
        run.process.kill()
    lab.repair()


def until_trajectory(config: dict) -> dict:
    config = copy.deepcopy(config)
    config["experiments"][0]["until"] = "trajectory"
    return config


def test_a_sweep_has_the_bytes_of_a_local_run(runs, finished_sweep, lab):
    project, run = runs["sweep"]
    run.succeed()
    assert project.hashes() == finished_sweep.hashes()
    for table in ("metrics.csv", "trajectories.csv"):
        path = f"results/sweep/{table}"
        assert (project.root / path).read_text() == (finished_sweep.root / path).read_text()


def test_its_jobs_ask_for_what_profile_and_configuration_say(runs, lab):
    project, run = runs["sweep"]
    run.succeed()
    jobs = jobs_of(lab, project)
    # Where to compute comes from the environment.
    assert {job["partition"] for job in jobs} == {"short"}
    assert {job["state"] for job in jobs} == {"COMPLETED"}
    assert {job["cpus"] for job in jobs} == {"1"}
    assert {job["gres"] for job in jobs} == {"N/A"}
    # Six estimates in one job, whose time is that of six.
    (cells,) = jobs_of(lab, project, "estimate_cells")
    assert cells["rule"].startswith("rule_estimate_cells_6x_")
    assert (cells["memory"], cells["time"]) == ("3000M", "6:00:00")


def test_the_configuration_says_how_many_cpus(lab, new_project):
    """The same for a GPU: the job fails, because the one of the lab is a file."""
    project = new_project()
    config = until_trajectory(TINY) | {"name": "gpu", "device": "cuda", "threads": {"simulate_trajectory": 2}}
    run = Run.on_slurm(project, "--configfile", project.write_config("gpu.yaml", config), "--retries", "0")
    assert run.wait() != 0
    (job,) = jobs_of(lab, project)
    assert job["rule"].startswith("rule_simulate_trajectory")
    assert job["cpus"] == "2" and job["gres"] in ("gpu:1", "gres:gpu:1")
    # SLURM's log of a failed job stays.
    (log,) = (project.root / "results/logs/slurm").rglob(f"{job['id']}.log")
    assert log.read_text()


def test_jobs_out_of_memory_and_out_of_time_get_more(runs, finished_sweep, lab):
    project, run = runs["demanding"]
    run.succeed()
    jobs = jobs_of(lab, project, "simulate_trajectory")
    attempts = {k: [job for job in jobs if f"replicate={k}" in job["rule"]] for k in (0, 1)}
    asked = {k: [(job["memory"], job["time"]) for job in own] for k, own in attempts.items()}
    assert asked == {0: [("1000M", "40:00"), ("2000M", "5:20:00")], 1: [("1000M", "1:00"), ("2000M", "8:00")]}
    assert [own[1]["state"] for own in attempts.values()] == ["COMPLETED", "COMPLETED"]
    assert attempts[0][0]["state"] in ("OUT_OF_MEMORY", "FAILED", "CANCELLED")
    assert attempts[1][0]["state"] == "TIMEOUT"
    hashes = finished_sweep.hashes()
    assert files_of(project, "simulate_trajectory") == files_of(finished_sweep, "simulate_trajectory")
    assert project.hashes().items() <= hashes.items()


def test_the_quick_run_has_the_bytes_of_a_local_run(runs, quick_run):
    project, run = runs["quick"]
    run.succeed(1200)
    assert project.hashes() == quick_run.hashes()
    metrics = "results/quick/metrics.csv"
    assert (project.root / metrics).read_text() == (quick_run.root / metrics).read_text()
    assert (project.root / "results/quick/report.html").exists()
