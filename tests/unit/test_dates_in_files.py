"""Dates in files: their order, calendars, and the part of the times that is taken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kgmm
from kgmm.data.datasets import open_series
from kgmm.data.options import ReadingOptions
from tests.unit.file_kinds.kind import DAYS, MONTH, MONTHS, N, X, rows
from tests.unit.file_kinds.labelled import labelled


@pytest.mark.parametrize(
    "text, first, last",
    [("1951:1951-06", 12, 18), (":1950", 0, 12), ("1998-12:", 587, 600), ("1950-02-10 : 1950-03-20", 1, 3)],
)
def test_part_of_the_times_is_taken(tmp_path, text, first, last):
    dates = pd.date_range("1950-01-01", periods=600, freq="MS") + pd.Timedelta(days=14)
    x = np.random.default_rng(0).normal(size=600)
    pd.DataFrame({"time": dates, "x": x}).to_csv(tmp_path / "series.csv", index=False)
    xr.Dataset({"x": ("time", x)}, {"time": dates}).to_netcdf(tmp_path / "series.nc")
    for file in ("series.csv", "series.nc"):
        series = open_series(tmp_path / file, None, ReadingOptions(select={"time": text}, time_step=None))
        np.testing.assert_allclose(series.read(0, last - first)[0, :, 0], x[first:last])
        assert series.shape[1] == last - first


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("1951", "select time=1951: first:last is expected, two dates of which one may be missing, such as"),
        ("1951:x", "first:last is expected"),
        ("1900:1910", "select time=1900:1910: the times lie between 1950-01-31"),
    ],
)
def test_unusable_parts_of_the_times_are_refused(tmp_path, text, sentence):
    dates = pd.date_range("1950-01-31", periods=50, freq="D")
    pd.DataFrame({"time": dates, "x": np.arange(50.0)}).to_csv(tmp_path / "series.csv", index=False)
    with pytest.raises(ValueError, match=sentence):
        kgmm.read(tmp_path / "series.csv", select={"time": text})


@pytest.mark.parametrize(
    ("written", "step"),
    [("%d/%m/%Y", 1.0), ("%m/%d/%Y", 1.0), ("%d.%m.%Y", 1.0)],
)
def test_days_and_months_in_either_order(tmp_path, written, step):
    (tmp_path / "x.csv").write_text("date,u,v\n" + rows(times=DAYS.strftime(written)))
    path = kgmm.read(tmp_path / "x.csv")
    assert float(path["time"][0]) == step
    monthly = tmp_path / "months.csv"
    monthly.write_text("date,u,v\n" + rows(times=MONTHS.strftime("%d/%m/%Y")))
    assert float(kgmm.read(monthly)["time"][0]) == pytest.approx(MONTH)


def test_dates_that_can_be_read_in_two_ways_are_refused(tmp_path):
    days = pd.date_range("2001-01-01", periods=N, freq="D")
    some = [day.strftime("%d/%m/%Y") for day in days if day.day <= 12]
    (tmp_path / "x.csv").write_text("date,u\n" + rows(times=some, columns=X[: len(some), :1]))
    with pytest.raises(ValueError, match="can be read in two ways: write them as YYYY-MM-DD"):
        kgmm.read(tmp_path / "x.csv")


def test_months_of_other_calendars_are_equal_steps(tmp_path):
    times = xr.date_range("0001-01-16", periods=N, freq="MS", calendar="noleap", use_cftime=True)
    labelled().assign_coords(time=times).to_netcdf(tmp_path / "x.nc")
    path = kgmm.read(tmp_path / "x.nc", anomalies="monthly")
    assert float(path["time"][0]) == pytest.approx(MONTH)
    means = np.stack([X[m::12].mean(axis=0) for m in range(12)])
    shift = times[0].month - 1
    np.testing.assert_allclose(path.values[0], X - means[np.arange(N) % 12], atol=1e-9, err_msg=str(shift))


def test_dates_in_the_index_of_a_table(tmp_path):
    pytest.importorskip("pyarrow", reason="the package pyarrow is not installed")
    pd.DataFrame({"u": X[:, 0]}, index=DAYS).to_parquet(tmp_path / "x.parquet")
    assert float(kgmm.read(tmp_path / "x.parquet")["time"][0]) == 1.0
