"""Jobs of several tasks: the same bytes, exact reruns, and nothing finished lost when one is killed or breaks."""

from __future__ import annotations

import copy
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.workflow.test_interruptions import job_of, start, wait_for
from tests.workflow.tiny import TINY

pytestmark = pytest.mark.workflow

_N = 4
# All that is computed, without tables, pictures and report.
_ALL_STAGES = ("--", "all_describe_trajectory", "all_evaluate_score")


def sweep(rows_per_job: int) -> dict:
    config = copy.deepcopy(TINY) | {"name": "sweep", "rows_per_job": rows_per_job}
    config["experiments"][0]["estimator"]["sigma"] = [round(0.2 + 0.05 * k, 2) for k in range(_N)]
    config["experiments"][0]["until"] = "score"
    return config


@pytest.fixture(scope="module")
def alone(new_project):
    """Every task in a job of its own."""
    project = new_project()
    project.snakemake("--configfile", project.write_config("sweep.yaml", sweep(1)), check=True)
    return project


@pytest.fixture(scope="module")
def bundled(new_project):
    project = new_project()
    config = project.write_config("sweep.yaml", sweep(_N))
    jobs = project.planned_jobs("--configfile", config, "--cores", "1")
    assert {stage: jobs[stage] for stage in ("estimate_cells", "fit_score", "evaluate_score")} == dict.fromkeys(
        ("estimate_cells", "fit_score", "evaluate_score"), 1
    )
    project.snakemake("--configfile", config, "--cores", "1", check=True)
    return project


def finished(project, stage: str) -> dict[Path, tuple[int, int]]:
    """Data files of the tasks of a stage that have a receipt; a file that is written again has another time stamp."""
    receipts = (project.root / f"results/store/receipts/{stage}").rglob("*.json")
    keys = [path.relative_to(project.root / f"results/store/receipts/{stage}").with_suffix("") for path in receipts]
    files = [file for key in keys for file in (project.root / "results/store" / stage / key).glob("*.nc")]
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def test_the_bytes_are_the_same(alone, bundled):
    assert bundled.hashes() == alone.hashes()
    table = (bundled.root / "results/sweep/metrics.csv").read_text()
    assert table == (alone.root / "results/sweep/metrics.csv").read_text()


@pytest.mark.parametrize("rows_per_job", [1, 2, _N])
def test_nothing_is_left_to_do_however_many_rows_a_job_takes(bundled, rows_per_job):
    assert bundled.planned_jobs("--configfile", bundled.write_config("again.yaml", sweep(rows_per_job))) == {}


def test_one_more_value_is_one_more_task(bundled):
    config = sweep(_N)
    config["experiments"][0]["estimator"]["sigma"].append(0.7)
    jobs = bundled.planned_jobs("--configfile", bundled.write_config("more.yaml", config))
    assert {stage: jobs.get(stage, 0) for stage in ("simulate_trajectory", "estimate_cells", "evaluate_score")} == {
        "simulate_trajectory": 0, "estimate_cells": 1, "evaluate_score": 1,
    }  # fmt: skip


def test_changed_code_is_run_again_in_bundles(bundled):
    source = "src/kgmm/score/evaluation.py"
    bundled.edit(source, "\nimport numpy as np\n", "\nimport numpy as np\n\nunused = 1\n")
    config = bundled.write_config("again.yaml", sweep(3))
    jobs = bundled.planned_jobs("--configfile", config, "--cores", "1")
    assert jobs["evaluate_score"] == 2 and "fit_score" not in jobs
    bundled.edit(source, "\nunused = 1\n", "")
    assert bundled.planned_jobs("--configfile", config) == {}


@pytest.mark.parametrize("whole", [False, True], ids=["job", "Snakemake"])
def test_a_killed_job_loses_the_task_it_was_at(alone, new_project, whole):
    project = new_project()
    config = project.write_config("sweep.yaml", sweep(_N))
    run = start(project, config)
    job = wait_for(run, lambda: job_of(run, "fit_score"))
    wait_for(run, lambda: len(finished(project, "fit_score")) >= 2)
    os.killpg(run.pid, signal.SIGKILL) if whole else job.kill()
    run.wait(120)
    done = finished(project, "fit_score")
    assert len(done) >= 2
    if whole:
        project.snakemake("--configfile", config, "--unlock", check=True)
    project.snakemake("--configfile", config, "--cores", "1", *_ALL_STAGES, check=True)
    scores = finished(project, "fit_score")
    assert len(scores) == _N and done.items() <= scores.items()
    assert project.hashes() == alone.hashes()


def test_interrupted_at_random_moments_the_table_is_the_same(alone, new_project):
    project = new_project()
    config = project.write_config("sweep.yaml", sweep(3))
    moments = random.Random(7)
    for _ in range(3):
        run = start(project, config)
        time.sleep(moments.uniform(4.0, 14.0))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(120)
        project.snakemake("--configfile", config, "--unlock", check=True)
    project.snakemake("--configfile", config, "--cores", "1", check=True)
    for table in ("metrics.csv", "trajectories.csv", "plan.csv"):
        assert (project.root / "results/sweep" / table).read_text() == (
            alone.root / "results/sweep" / table
        ).read_text()
    assert project.hashes() == alone.hashes()


def test_a_task_that_breaks_does_not_hold_up_the_others(alone, new_project):
    """Once it has broken a job, it is alone the next time, and what follows from the others goes on."""
    project = new_project()
    config = project.write_config("sweep.yaml", sweep(_N))
    project.edit(
        "src/kgmm/stages/fit_score.py",
        '    """Writes the score model of the task."""\n',
        "    if 'sigma=0.25' in str(job.outputs.score):\n        raise OSError('disk full')\n",
    )
    first = project.snakemake("--configfile", config, "--cores", "1")
    assert first.returncode != 0 and f"1 of {_N} tasks broke" in first.stdout + first.stderr
    done = {path: stamp for path, stamp in finished(project, "fit_score").items() if "sigma=0.25" not in str(path)}
    assert len(done) == _N - 1
    second = project.snakemake("--configfile", config, "--cores", "1")
    assert second.returncode != 0 and "disk full" in second.stdout + second.stderr
    assert "computed again because it broke the last time: fit_score" in second.stderr
    assert done.items() <= finished(project, "fit_score").items()
    assert len(finished(project, "evaluate_score")) == _N - 1
