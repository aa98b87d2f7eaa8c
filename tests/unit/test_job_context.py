"""Jobs: results with receipts, failed results that travel on, and what outlives an error."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
import xarray as xr

from kgmm import ScientificFailure
from kgmm.jobs import full_disk, run
from kgmm.jobs.failures import failure_of, refuse_failed_inputs, write_failed
from kgmm.jobs.receipts import is_broken, read_receipt
from kgmm.jobs.reruns import synchronize, why_due
from kgmm.jobs.seeds import seed_sequence
from kgmm.jobs.tasks import Task
from tests.unit.small_jobs import files, run_all, score_of, task_of

pytestmark = pytest.mark.usefixtures("own_logging")


def test_a_result_has_a_receipt_and_then_a_done_file(folder, compute_with):
    task = task_of("a-1")

    def compute(job):
        assert job.inputs.data == "data.nc" and job.device == "cpu"
        assert not Path(task.done).exists() and not Path(task.receipt).exists()
        logging.getLogger("kgmm").info("half-way")
        Path(job.outputs.score).write_text(str(job.seed.generate_state(1)[0]))

    compute_with(compute)
    run_all(task)
    assert score_of(task) == str(seed_sequence(5, "fit_score", "wells/a-1").generate_state(1)[0])
    facts = read_receipt(task)
    assert (facts["status"], facts["stage"], facts["key"], facts["code"]) == ("ok", "fit_score", "wells/a-1", "c0de")
    assert facts["wall_s"] >= 0 and facts["peak_memory_mb"] > 10 and "torch" in facts["versions"]
    assert "half-way" in Path("job.log").read_text()
    assert files() == {"data.nc", "job.log", "job.done", task.outputs["score"], task.receipt, task.done}
    assert why_due(task) is None


def test_an_error_is_in_the_log_and_the_task_is_broken(folder, compute_with):
    task = task_of("a-1")

    def compute(job):
        Path(job.outputs.score).write_text("half")
        raise OSError("disk full")

    compute_with(compute)
    with pytest.raises(OSError, match="disk full"):
        run_all(task)
    log = Path("job.log").read_text()
    assert "Traceback" in log and "disk full" in log
    assert is_broken(task) and why_due(task) == "it broke the last time"
    assert not Path(task.done).exists() and not Path("job.done").exists()


def test_a_full_disk_is_named_whatever_a_library_says(folder, compute_with, monkeypatch):
    """Those of netCDF are a PermissionError when it opens a file, and a RuntimeError when it writes."""
    said = "Permission denied"
    compute_with(lambda job: (_ for _ in ()).throw(PermissionError(13, said)))
    with pytest.raises(PermissionError, match=said):
        run_all(task_of("a-1"))
    monkeypatch.setattr(full_disk.shutil, "disk_usage", lambda path: SimpleNamespace(free=20_000))
    monkeypatch.setattr(run, "write_receipt", lambda *given: (_ for _ in ()).throw(OSError("no space for it")))
    with pytest.raises(OSError, match="the disk is full; what is finished is kept: make room, and run again"):
        run_all(task_of("a-1"))


def test_output_that_was_not_written_is_an_error(folder, compute_with):
    compute_with(lambda job: None)
    with pytest.raises(FileNotFoundError, match="fit_score did not write"):
        run_all(task_of("a-1"))


def test_scientific_failure_is_a_result_with_its_reason(folder, compute_with):
    task = task_of("a-1")

    def compute(job):
        Path(job.outputs.score).write_text("half")
        raise ScientificFailure("12 of 50 trajectories were reset")

    compute_with(compute)
    run_all(task)
    assert failure_of(task.outputs["score"]) == "12 of 50 trajectories were reset"
    facts = read_receipt(task)
    assert (facts["status"], facts["reason"]) == ("failed", "12 of 50 trajectories were reset")
    assert "failed result: 12 of 50 trajectories" in Path("job.log").read_text()
    assert why_due(task) is None and Path(task.done).exists()


def test_failed_input_travels_on_and_nothing_is_computed(folder, compute_with):
    write_failed(Path("data.nc"), "diverged")
    compute_with(lambda job: pytest.fail("computed"))
    run_all(task_of("a-1"))
    assert failure_of(task_of("a-1").outputs["score"]) == "diverged"


def test_tolerated_failed_input_is_left_to_the_stage(folder, compute_with):
    write_failed(Path("data.nc"), "diverged")
    task = Task("evaluate_score", "wells/a-1", {"seed": 5, "device": "cpu"}, {"score_kgmm": "data.nc"}, (), "c0de", 1)
    compute_with(
        lambda job: Path(job.outputs.evaluation).write_text(failure_of(job.inputs.score_kgmm)), "evaluate_score"
    )
    run_all(task)
    assert Path(task.outputs["evaluation"]).read_text() == "diverged"


def test_several_tasks_in_one_job(folder, compute_with):
    tasks = [task_of(name) for name in ("a-1", "b-2", "c-3")]

    def compute(job):
        logging.getLogger("kgmm").info("seed %s", job.seed.entropy[-1])
        assert not any(Path(task.done).exists() for task in tasks)
        Path(job.outputs.score).write_text(str(job.seed.generate_state(1)[0]))

    compute_with(compute)
    run_all(*tasks)
    for task in tasks:
        seed = seed_sequence(5, task.stage, task.key)
        assert score_of(task) == str(seed.generate_state(1)[0])
        assert f"seed {seed.entropy[-1]}" in Path(task.log).read_text()
        assert Path(task.log).read_text().count("seed") == 1
    assert Path("job.log").read_text().count("seed") == 3
    assert [read_receipt(task)["startup_s"] > 0 for task in tasks] == [True, False, False]
    assert all(Path(task.done).exists() for task in tasks) and Path("job.done").exists()


def test_tasks_that_are_finished_outlive_the_job(folder, compute_with):
    """The next attempt computes what is missing and nothing else."""
    tasks = [task_of(name) for name in ("a-1", "b-2", "c-3")]
    computed = []

    def compute(job):
        computed.append(job.seed.entropy[-1])
        Path(job.outputs.score).write_text("result")
        if Path("trouble").exists() and "b-2" in str(job.outputs.score):
            raise OSError("disk full")

    compute_with(compute)
    Path("trouble").touch()
    with pytest.raises(RuntimeError, match=r"1 of 3 tasks broke \(wells/b-2\); the others are kept"):
        run_all(*tasks)
    assert "disk full" in Path("job.log").read_text() and "disk full" in Path(tasks[1].log).read_text()
    assert len(computed) == 3 and not any(Path(task.done).exists() for task in tasks)
    assert [is_broken(task) for task in tasks] == [False, True, False]
    # What a new run finds out before it starts: two are done.
    assert synchronize(tasks) == {"it broke the last time": [tasks[1]]}
    assert [Path(task.done).exists() for task in tasks] == [True, False, True]
    before = Path(tasks[0].outputs["score"]).stat()
    Path("trouble").unlink()
    run_all(*tasks)
    assert len(computed) == 4
    after = Path(tasks[0].outputs["score"]).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert synchronize(tasks) == {}


def test_files_that_are_no_failed_results(tmp_path):
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "fine.nc")
    (tmp_path / "text.csv").write_text("status = failed")
    refuse_failed_inputs([tmp_path / "fine.nc", tmp_path / "text.csv"])
    assert failure_of(tmp_path / "fine.nc") is None
