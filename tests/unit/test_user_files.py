"""What a user is told of a file: options that miss or contradict, the span of its times, changes during a run."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import kgmm
from kgmm.data.imported_series import content_hash
from kgmm.data.options import ReadingOptions
from kgmm.data.trajectory import open_trajectory
from kgmm.stages.import_dataset import import_dataset
from tests.unit.monthly_series import DAYS, MONTHS, N, X, lines_of, said


def test_a_series_without_times_names_the_options(tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    sentence = said(capsys, "inspect", tmp_path / "x.npy")
    assert "(--time-step NUMBER), or the name of its times (--time NAME)" in sentence


def test_a_longest_gap_without_interpolation_is_refused(tmp_path, capsys):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    for options in ([], ["--gaps", "segments"]):
        sentence = said(capsys, "inspect", tmp_path / "x.csv", "--max-gap", 3, *options)
        assert sentence.startswith(
            "kgmm: max_gap is 3 and nothing is interpolated: give gaps interpolate (--gaps inter"
        )
    assert "states of" in said(capsys, "inspect", tmp_path / "x.csv", "--max-gap", 3, "--gaps", "interpolate")
    assert "states of" in said(capsys, "inspect", tmp_path / "x.csv", "--max-gap", 2, "--resample", 2)
    with pytest.raises(ValueError, match="max_gap is 5 and nothing is interpolated"):
        kgmm.read(tmp_path / "x.csv", max_gap=5)


def test_standardise_is_said_to_change_nothing_in_a_report(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    files = SimpleNamespace(samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    settings = {"variables": None, **ReadingOptions(standardise=True).model_dump()}
    inputs = SimpleNamespace(data=str(tmp_path / "x.csv"))
    content = content_hash(inputs.data)
    job = SimpleNamespace(settings={"system": settings, "content": content}, inputs=inputs, outputs=files)
    import_dataset(job)
    samples = open_trajectory(files.samples)
    assert samples.attrs["preparation"].endswith("reports are in the units of the file")
    np.testing.assert_allclose(samples.values[0, :, 0], X, atol=1e-5)


def test_a_file_that_is_written_during_a_run_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    files = SimpleNamespace(samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    inputs = SimpleNamespace(data=str(tmp_path / "x.csv"))
    settings = {"system": {"variables": None, **ReadingOptions().model_dump()}, "content": content_hash(inputs.data)}
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,w\n"))
    with pytest.raises(ValueError, match=r"the data file .*x.csv was written after this run had begun: run again"):
        import_dataset(SimpleNamespace(settings=settings, inputs=inputs, outputs=files))


def test_all_mistakes_are_told_at_once(tmp_path):
    (tmp_path / "x.csv").write_text(lines_of(DAYS.date, "date,v\n"))
    with pytest.raises(ValueError, match=r"gaps is 'foo': input should be .*; anomalies is 'montly': input should be "):
        kgmm.read(tmp_path / "x.csv", anomalies="montly", gaps="foo")
    with pytest.raises(TypeError, match=r"no argument 'detrnd': did you mean 'detrend'"):
        kgmm.read(tmp_path / "x.csv", detrnd=True)


def test_inspect_tells_the_span_of_the_times_and_their_unit(tmp_path, capsys):
    (tmp_path / "x.csv").write_text(lines_of(MONTHS.date, "date,v\n"))
    lines = said(capsys, "inspect", tmp_path / "x.csv", "--anomalies", "monthly").splitlines()
    assert "one every 30.4369 days: worth" in lines[0]
    assert lines[1] == "from 1951-01-01 to 1980-12-01"
    lines = said(capsys, "inspect", tmp_path / "x.csv", "--gaps", "segments", "--select", "time=1960:").splitlines()
    assert lines[1] == "from 1960-01-01 to 1980-12-01"
    times = xr.Variable("time", 0.5 * np.arange(N), {"units": "Myr"})
    xr.Dataset({"v": ("time", X)}, {"time": times}).to_netcdf(tmp_path / "x.nc")
    lines = said(capsys, "inspect", tmp_path / "x.nc").splitlines()
    assert "one every 0.5 Myr: worth" in lines[0] and lines[1] == "from 0 to 179.5"
    (tmp_path / "x.csv").write_text(lines_of(np.arange(N), "time,v\n"))
    assert "from 0 to 359, in the unit of the times of the file" in said(capsys, "inspect", tmp_path / "x.csv")
