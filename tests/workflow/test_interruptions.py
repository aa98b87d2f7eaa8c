"""After ``kill -9`` of a job, or of Snakemake with its jobs, the next run ends with the bytes of an undisturbed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
import xarray as xr

from tests.workflow.tiny import ALL_STAGES, TINY

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
    """The process that computes tasks of a stage: it has the log of one open."""
    for process in psutil.Process(run.pid).children(recursive=True):
        try:
            if any(f"/logs/{stage}/" in file.path for file in process.open_files()):
                return process
        except psutil.Error:
            continue
    return None


# The stage before: once it is done, the next job is near.
_BEFORE = {"fit_score": "estimate_cells", "estimate_mobility": "fit_score", "estimate_cells": "simulate_trajectory",
           "sample_langevin": "fit_score", "simulate_trajectory": None}  # fmt: skip


def jobs_of(run: subprocess.Popen) -> set[psutil.Process]:
    """The processes of jobs that compute tasks now."""
    found = set()
    for process in psutil.Process(run.pid).children(recursive=True):
        with suppress(psutil.Error):
            if any(part.endswith("run_tasks.py") for part in process.cmdline()):
                found.add(process)
    return found


def job_after(project, run: subprocess.Popen, stage: str | None) -> psutil.Process:
    """The first process of a job that starts once the tasks of a stage are done; the first of all if there is none."""
    earlier = set()

    def is_done() -> bool:
        # Looked at in this order, no job that follows is among the earlier ones, however long this process waits.
        running = jobs_of(run)
        if list((project.root / f"results/store/done/{stage}").rglob("*=*")):
            return True
        earlier.update(running)
        return False

    if stage is not None:
        wait_for(run, is_done)
    return wait_for(run, lambda: next(iter(jobs_of(run) - earlier), None))


@pytest.mark.parametrize("stage", ["simulate_trajectory", "fit_score", "estimate_mobility"])
def test_snakemake_killed_with_its_jobs(finished_tiny, new_project, stage):
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    run = start(project, config)
    job_after(project, run, _BEFORE[stage])
    time.sleep(1.0)  # somewhere in its imports or its work
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    # The one thing that a killed Snakemake leaves to its user.
    project.snakemake("--configfile", config, "--unlock", check=True)
    project.snakemake("--configfile", config, *ALL_STAGES, check=True)
    assert project.hashes() == finished_tiny.hashes()


@pytest.mark.parametrize("stage", ["estimate_cells", "sample_langevin"])
def test_a_job_killed(finished_tiny, new_project, stage):
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    run = start(project, config)
    job = job_after(project, run, _BEFORE[stage])
    time.sleep(0.5)  # in its imports
    job.send_signal(signal.SIGKILL)
    assert run.wait(_PATIENCE) != 0
    project.snakemake("--configfile", config, *ALL_STAGES, check=True)
    assert project.hashes() == finished_tiny.hashes()


def test_a_half_written_file_is_no_result(finished_tiny, new_project):
    """A job killed while it writes leaves data without a receipt, which the next attempt writes anew."""
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    (path,) = (finished_tiny.root / "results/store/estimate_cells/double_well").rglob("*.nc")
    half = project.root / path.relative_to(finished_tiny.root)
    half.parent.mkdir(parents=True)
    half.write_bytes(path.read_bytes()[:1000])
    project.snakemake("--configfile", config, "--", "all_estimate_cells", check=True)
    assert half.read_bytes() == path.read_bytes()


def copied(finished, new_project):
    """A project with the results of another of the configuration TINY, and the path of that."""
    project = new_project()
    for folder in ("results", ".snakemake"):
        shutil.copytree(finished.root / folder, project.root / folder)
    return project, project.write_config("tiny.yaml", TINY)


def test_results_that_are_damaged_are_made_again_and_it_is_said(finished_tiny, new_project):
    """Deleted, shortened or changed by one byte: whatever it is, the same bytes are there in the end."""
    project, config = copied(finished_tiny, new_project)
    assert project.planned_jobs("--configfile", config) == {}
    store = project.root / "results/store"
    (cells,), (score,), (evaluation,) = (
        list(store.glob(f"{stage}/**/*.nc")) for stage in ("estimate_cells", "fit_score", "evaluate_score")
    )
    cells.unlink()
    content = bytearray(score.read_bytes())
    content[len(content) // 2] ^= 1
    score.write_bytes(content)
    evaluation.write_bytes(evaluation.read_bytes()[:500])
    result = project.snakemake("--configfile", config, "--cores", "1", check=True)
    assert "computed again because a file is missing or was changed: estimate_cells" in result.stderr
    assert "and 2 more\n" in result.stderr
    assert project.hashes() == finished_tiny.hashes()


def test_a_table_is_not_made_from_a_damaged_result(finished_tiny, new_project):
    """One byte, and the file dated back: nothing tells the plan, and the table refuses to read it."""
    project, config = copied(finished_tiny, new_project)
    (evaluation,) = project.root.glob("results/store/evaluate_score/**/*.nc")
    content, stat = bytearray(evaluation.read_bytes()), evaluation.stat()
    content[len(content) // 2] ^= 1
    evaluation.write_bytes(content)
    os.utime(evaluation, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (project.root / "results/tiny/metrics.csv").unlink()
    refused = project.snakemake("--configfile", config, "--cores", "1")
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0 and "is damaged: its checksum" in said and "run again, and it is made anew" in said
    result = project.snakemake("--configfile", config, "--cores", "1", check=True)
    assert "computed again because a file was damaged or gone: evaluate_score" in result.stderr
    assert project.hashes() == finished_tiny.hashes()


def test_a_finished_table_that_was_changed_is_made_anew_and_it_is_said(finished_tiny, new_project):
    """Nothing reads it, for all is done; a dry run says so and leaves it."""
    project, config = copied(finished_tiny, new_project)
    table = project.root / "results/tiny/metrics.csv"
    content, stat = table.read_bytes(), table.stat()
    changed = content.replace(b"double_well", b"double_hill")
    table.write_bytes(changed)
    os.utime(table, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    said = "made anew because it is not as it was written: results/tiny/metrics.csv\n"
    assert said in project.snakemake("-n", "--configfile", config, check=True).stderr
    assert table.read_bytes() == changed != content
    result = project.snakemake("--configfile", config, "--cores", "2", check=True)
    assert said in result.stderr and table.read_bytes() == content
    assert "made anew" not in project.snakemake("-n", "--configfile", config, check=True).stderr


def test_what_is_forced_is_computed_again(finished_tiny, new_project):
    project, config = copied(finished_tiny, new_project)
    (score,) = project.root.glob("results/store/fit_score/**/*.nc")
    before = score.stat().st_mtime_ns
    project.snakemake(
        "--configfile", config, "--cores", "1", "--forcerun", "fit_score", "--", "all_fit_score", check=True
    )
    assert score.stat().st_mtime_ns > before
    assert (
        project.hashes()[str(score.relative_to(project.root / "results/store"))]
        == (finished_tiny.hashes()[str(score.relative_to(project.root / "results/store"))])
    )


def test_a_picture_that_cannot_be_drawn_does_not_cost_the_report(finished_tiny, new_project):
    project, config = copied(finished_tiny, new_project)
    project.edit(
        "src/kgmm/figures/kinds/score_profiles.py",
        "def draw(dataset: xr.Dataset) -> Figure:\n",
        "def draw(dataset: xr.Dataset) -> Figure:\n    raise RuntimeError('no ink')\n\n\ndef _draw(dataset):\n",
    )
    before = project.hashes()
    result = project.snakemake("--configfile", config, "--cores", "2")
    assert (
        result.returncode != 0 and "draw_figure double_well: cannot be drawn: no ink" in result.stdout + result.stderr
    )
    # The picture in the report says why it is missing.
    with xr.open_dataset(project.root / "results/tiny/figures/double_well.nc") as shown:
        assert shown.attrs["reason"] == "cannot be drawn: no ink"
    report, manifest = (project.root / "results/tiny" / name for name in ("report.html", "manifest.json"))
    assert report.stat().st_mtime >= (project.root / "results/tiny/figures/double_well.png").stat().st_mtime
    assert manifest.exists() and project.hashes() == before
