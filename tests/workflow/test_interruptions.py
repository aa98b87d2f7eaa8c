"""After ``kill -9`` of a job, or of Snakemake with its jobs, the next run ends with the bytes of an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.workflow.tiny import TINY

pytestmark = pytest.mark.workflow

_PATIENCE = 240.0


def start(project, config) -> subprocess.Popen:
    """The run in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "--configfile", config, "--cores", "1"]
    return subprocess.Popen(
        command, cwd=project.root, env=project.environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(run: subprocess.Popen, condition):
    """The first true value of ``condition`` while the run goes on."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        assert run.poll() is None, "the run ended before it was to be killed"
        time.sleep(0.02)
    raise AssertionError("the run did not come so far")


def job_of(run: subprocess.Popen, stage: str) -> psutil.Process | None:
    """The process that runs a script of that name."""
    for process in psutil.Process(run.pid).children(recursive=True):
        try:
            if any(part.endswith(f"{stage}.py") for part in process.cmdline()):
                return process
        except psutil.Error:
            continue
    return None


def unfinished(project) -> list:
    return list((project.root / "results").rglob("*.part"))


@pytest.mark.parametrize("stage", ["simulate_trajectory", "fit_score", "sample_fitted"])
def test_snakemake_killed_with_its_jobs(finished_tiny, new_project, stage):
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    run = start(project, config)
    wait_for(run, lambda: job_of(run, stage))
    time.sleep(1.0)  # somewhere in its imports or its work
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    # The one thing that a killed Snakemake leaves to its user.
    project.snakemake("--configfile", config, "--unlock", check=True)
    project.snakemake("--configfile", config, check=True)
    assert project.hashes() == finished_tiny.hashes()
    assert unfinished(project) == []


@pytest.mark.parametrize("stage", ["estimate_cells", "sample_langevin"])
def test_a_job_killed(finished_tiny, new_project, stage):
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    run = start(project, config)
    job = wait_for(run, lambda: job_of(run, stage))
    time.sleep(1.0)
    job.send_signal(signal.SIGKILL)
    assert run.wait(_PATIENCE) != 0
    project.snakemake("--configfile", config, check=True)
    assert project.hashes() == finished_tiny.hashes()
    assert unfinished(project) == []


def test_leftovers_of_a_killed_job_are_removed(finished_tiny, new_project):
    """A job killed while it writes leaves a file under a temporary name, which the next attempt removes."""
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    (path,) = (finished_tiny.root / "results/store/cells/double_well").glob("*.nc")
    folder = project.root / path.parent.relative_to(finished_tiny.root)
    folder.mkdir(parents=True)
    (folder / f".{path.name}.1234.part").write_text("half")
    project.snakemake("--configfile", config, "--until", "estimate_cells", check=True)
    assert unfinished(project) == []
    assert (folder / path.name).read_bytes() == path.read_bytes()
