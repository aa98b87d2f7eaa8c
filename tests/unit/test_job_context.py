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
from kgmm.pipeline.failures import failure_of, refuse_failed_inputs, write_failed
from kgmm.pipeline.job import run_job
from kgmm.pipeline.metrics import COLUMNS, metric_rows, metric_variables
from kgmm.pipeline.seeds import seed_sequence


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


@pytest.fixture
def snakemake(tmp_path):
    (tmp_path / "data.nc").touch()
    with netCDF4.Dataset(tmp_path / "data.nc", "w") as file:
        file.note = "usable"
    task = {"stage": "fit_score", "key": "wells/a-1", "settings": {"seed": 5, "device": "cpu"}, "threads": 1}
    return SimpleNamespace(
        params=SimpleNamespace(task=task),
        input=Named(data=str(tmp_path / "data.nc")),
        output=Named(score=str(tmp_path / "score.nc"), record=str(tmp_path / "record.json")),
        log=[str(tmp_path / "logs" / "job.log")],
    )


def record(snakemake) -> dict:
    return json.loads(Path(snakemake.output.record).read_text())


def test_result_appears_complete_with_its_record(snakemake, tmp_path):
    written = []

    def compute(job):
        assert not Path(snakemake.output.score).exists()
        assert job.outputs.score.parent == tmp_path and job.outputs.score.name != "score.nc"
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
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.nc", "logs", "record.json", "score.nc"]


def test_error_leaves_no_output_and_its_traceback_in_the_log(snakemake, tmp_path):
    def compute(job):
        job.outputs.score.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_job(compute, snakemake)
    log = Path(snakemake.log[0]).read_text()
    assert "Traceback" in log and "disk full" in log
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.nc", "logs"]


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
