"""A job under Snakemake: complete outputs or none, failed results that travel on, and the record."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest
import xarray as xr

from kgmm import ScientificFailure
from kgmm.jobs import kept
from kgmm.jobs.failures import failure_of, refuse_failed_inputs, write_failed
from kgmm.jobs.job import run_job
from kgmm.jobs.seeds import seed_sequence
from kgmm.jobs.tasks import Task, TaskList
from kgmm.statistics.metrics import COLUMNS, metric_rows, metric_variables


@pytest.fixture(autouse=True)
def own_logging():
    """A job takes the root logger; it is given back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level


class Named(dict):
    """Named files, as Snakemake passes them."""

    __getattr__ = dict.__getitem__


def task_of(name: str, code: str = "c0de") -> Task:
    return Task("fit_score", f"wells/{name}", {"seed": 5, "device": "cpu"}, {"data": "data.nc"}, code, 1)


def job_of(*tasks: Task) -> SimpleNamespace:
    """What a script is given; folders are there, as Snakemake makes them."""
    for task in tasks:
        for path in task.files:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(
        params=SimpleNamespace(tasks=TaskList(tasks)),
        input=Named(tasks[0].inputs),
        output=Named(tasks[0].outputs | {"record": tasks[0].record}),
        log=["job.log"],
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with netCDF4.Dataset("data.nc", "w") as file:
        file.note = "usable"
    return tmp_path


@pytest.fixture
def snakemake(folder):
    return job_of(task_of("a-1"))


def files() -> set[str]:
    return {path.name for path in Path().rglob("*") if path.is_file()}


def record(snakemake) -> dict:
    return json.loads(Path(snakemake.output.record).read_text())


def test_result_appears_complete_with_its_record(snakemake):
    written = []

    def compute(job):
        assert not Path(snakemake.output.score).exists()
        declared = Path(snakemake.output.score)
        assert job.outputs.score.parent == declared.parent and job.outputs.score.name != declared.name
        assert job.inputs.data == snakemake.input.data
        assert job.device == "cpu"
        logging.getLogger("kgmm").info("half-way")
        job.outputs.score.write_text(str(job.seed.generate_state(1)[0]))
        written.append(job.outputs.score.stat().st_ino)

    run_job(compute, snakemake)
    expected = seed_sequence(5, "fit_score", "wells/a-1").generate_state(1)[0]
    assert Path(snakemake.output.score).read_text() == str(expected)
    assert [Path(snakemake.output.score).stat().st_ino] == written  # moved in one go, not copied
    facts = record(snakemake)
    assert (facts["status"], facts["stage"], facts["key"]) == ("ok", "fit_score", "wells/a-1")
    assert facts["wall_s"] >= 0 and facts["peak_memory_mb"] > 10 and "torch" in facts["versions"]
    assert "half-way" in Path(snakemake.log[0]).read_text()
    assert files() == {"data.nc", "job.log", "a-1.json", "a-1.nc"}


def test_error_leaves_no_output_and_its_traceback_in_the_log(snakemake):
    def compute(job):
        job.outputs.score.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_job(compute, snakemake)
    log = Path(snakemake.log[0]).read_text()
    assert "Traceback" in log and "disk full" in log
    assert files() == {"data.nc", "job.log"}


def test_output_that_was_not_written_is_an_error(snakemake):
    with pytest.raises(FileNotFoundError):
        run_job(lambda job: None, snakemake)
    assert not Path(snakemake.output.record).exists()


def test_scientific_failure_is_a_result_with_its_reason(snakemake):
    def compute(job):
        job.outputs.score.write_text("half")
        raise ScientificFailure("12 of 50 walkers left the box")

    run_job(compute, snakemake)
    assert failure_of(snakemake.output.score) == "12 of 50 walkers left the box"
    facts = record(snakemake)
    assert (facts["status"], facts["reason"]) == ("failed", "12 of 50 walkers left the box")
    assert "failed result: 12 of 50 walkers" in Path(snakemake.log[0]).read_text()


def test_failed_input_travels_on_and_nothing_is_computed(snakemake):
    write_failed(Path(snakemake.input.data), "diverged")
    run_job(lambda job: pytest.fail("computed"), snakemake)
    assert failure_of(snakemake.output.score) == "diverged"


def test_tolerated_failed_input_is_left_to_the_stage(snakemake):
    write_failed(Path(snakemake.input.data), "diverged")

    def compute(job):
        job.outputs.score.write_text(failure_of(job.inputs.data))

    run_job(compute, snakemake, tolerated=("dat",))
    assert Path(snakemake.output.score).read_text() == "diverged"


def test_several_tasks_in_one_job(folder):
    tasks = [task_of(name) for name in ("a-1", "b-2", "c-3")]

    def compute(job):
        logging.getLogger("kgmm").info("seed %s", job.seed.entropy[-1])
        job.outputs.score.write_text(str(job.seed.generate_state(1)[0]))

    run_job(compute, job_of(*tasks))
    for task in tasks:
        seed = seed_sequence(5, task.stage, task.key)
        assert Path(task.outputs["score"]).read_text() == str(seed.generate_state(1)[0])
        assert f"seed {seed.entropy[-1]}" in Path(task.log).read_text()
        assert Path(task.log).read_text().count("seed") == 1
    assert Path("job.log").read_text().count("seed") == 3
    records = [json.loads(Path(task.record).read_text()) for task in tasks]
    assert [facts["startup_s"] > 0 for facts in records] == [True, False, False]
    assert not any("kept" in name for name in files())


def test_tasks_that_are_done_outlive_the_job(folder):
    """Snakemake deletes what a failed job wrote; the next attempt finds it again, and makes what is missing."""
    tasks = [task_of(name) for name in ("a-1", "b-2", "c-3")]
    computed = []

    def compute(job):
        computed.append(job.seed.entropy[-1])
        job.outputs.score.write_text("result")
        if Path("trouble").exists() and "b-2" in str(job.outputs.score):
            raise OSError("disk full")

    Path("trouble").touch()
    with pytest.raises(RuntimeError, match=r"1 of 3 tasks broke \(wells/b-2\); the others are kept"):
        run_job(compute, job_of(*tasks))
    assert "disk full" in Path("job.log").read_text() and "disk full" in Path(tasks[1].log).read_text()
    assert len(computed) == 3
    assert [kept.is_kept(task) for task in tasks] == [True, False, True]
    assert [kept.is_broken(task) for task in tasks] == [False, True, False]
    before = Path(tasks[0].outputs["score"]).stat().st_ino
    for task in tasks:
        for path in task.files:
            Path(path).unlink(missing_ok=True)
    Path("trouble").unlink()
    run_job(compute, job_of(*tasks))
    assert len(computed) == 4
    assert Path(tasks[0].outputs["score"]).stat().st_ino == before
    assert all(Path(path).exists() for task in tasks for path in task.files)
    assert not any(kept.is_kept(task) or kept.is_broken(task) for task in tasks)


@pytest.mark.parametrize("change", ["code", "input"])
def test_kept_results_of_other_code_or_input_are_made_anew(folder, change):
    task, other = task_of("a-1"), task_of("b-2")
    run_job(lambda job: job.outputs.score.write_text("old"), job_of(task))
    kept.keep(task)
    if change == "code":
        task = task_of("a-1", code="0ther")
    else:
        with netCDF4.Dataset("data.nc", "w") as file:
            file.note = "other data"
    run_job(lambda job: job.outputs.score.write_text("new"), job_of(task, other))
    assert Path(task.outputs["score"]).read_text() == "new"


def test_files_that_are_no_failed_results(tmp_path):
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "fine.nc")
    (tmp_path / "text.csv").write_text("status = failed")
    refuse_failed_inputs([tmp_path / "fine.nc", tmp_path / "text.csv"])
    assert failure_of(tmp_path / "fine.nc") is None


def test_metrics_come_back_from_a_file(tmp_path):
    rows = [
        {"statistic": "stein_residual", "value": 0.5, "stderr": 0.1},
        {"statistic": "mean", "variable": "x1", "value": 1.0, "data_value": 1.1},
    ]
    xr.Dataset(metric_variables(rows)).to_netcdf(tmp_path / "m.nc")
    with xr.open_dataset(tmp_path / "m.nc") as dataset:
        back = metric_rows(dataset)
    for row, given in zip(back, rows):
        assert set(row) == set(COLUMNS)
        assert {k: v for k, v in row.items() if v == v and v != ""} == given
    assert np.isnan(back[0]["data_value"]) and back[0]["variable"] == ""


def test_unknown_columns_of_a_metric_are_refused():
    with pytest.raises(ValueError, match="unknown columns of a metric: error, valu"):
        metric_variables([{"statistic": "mean", "valu": 1.0, "error": 0.1}])
