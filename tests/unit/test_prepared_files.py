"""Preparation of a series: trends, seasons, gaps and codes; it is said, and undone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kgmm
from kgmm.data.datasets import open_series
from kgmm.data.imported_series import write_series
from kgmm.data.options import ReadingOptions
from kgmm.data.paths import as_path
from kgmm.data.trajectory import open_trajectory
from tests.unit.file_kinds.kind import N, X, rows
from tests.unit.file_kinds.prepared import with_gap


def test_what_was_done_is_said(tmp_path):
    (tmp_path / "x.csv").write_text("time,u,v\n" + rows())
    path = kgmm.read(tmp_path / "x.csv", detrend=True, standardise=True)
    trend, standardised = path.attrs["preparation"].split("; ")
    assert trend.startswith("the linear trend was subtracted (per unit of time, of dates per day: u ")
    assert standardised.startswith("standardised from mean and deviation of u (")
    line = np.polyval(np.polyfit(np.arange(N), path.values[0], 1)[:, 0], np.arange(N))
    np.testing.assert_allclose(line, 0, atol=1e-9)


def test_what_was_done_is_undone(tmp_path):
    """Season, trend, deviations, derivatives and earlier states; with dates in the middle of months."""
    dates = pd.date_range("1950-01-01", periods=600, freq="MS") + pd.Timedelta(days=14)
    rng = np.random.default_rng(0)
    x = 20 + 3 * np.cos(2 * np.pi * np.arange(600) / 12) + 0.01 * np.arange(600) + rng.normal(size=600)
    table = pd.DataFrame({"time": dates, "x": x, "y": 2 * x + rng.normal(size=600)})
    table.to_csv(tmp_path / "series.csv", index=False)
    path = kgmm.read(
        tmp_path / "series.csv", anomalies="monthly", detrend=True, standardise=True, derivative=True, lag_embed=2
    )
    assert path.shape == (1, 597, 8)
    restored = kgmm.restore(path, path)
    np.testing.assert_allclose(restored.values[0], table[["x", "y"]].to_numpy()[2:-1], rtol=1e-12)
    np.testing.assert_array_equal(restored["date"].values, dates[2:-1].to_numpy())
    # What follows the series: its trend and its season go on.
    mean = kgmm.restore(np.zeros((120, 8)), path, after=597)
    expected = 20 + 3 * np.cos(2 * np.pi * np.arange(599, 719) / 12) + 0.01 * np.arange(599, 719)
    assert np.abs(mean.values[0, :, 0] - expected).max() < 6 / np.sqrt(50)
    assert mean["date"].values[0] == np.datetime64("1999-12-15T00:00")
    with pytest.raises(ValueError, match="the sample has 3 variables: the path has 8"):
        kgmm.restore(np.zeros((10, 3)), path)


def test_daily_means_of_another_calendar_are_undone(tmp_path):
    times = xr.date_range("1950-01-01", periods=2000, freq="D", calendar="noleap", use_cftime=True)
    x = 20 + 3 * np.cos(2 * np.pi * np.arange(2000) / 365) + np.random.default_rng(0).normal(size=2000)
    xr.Dataset({"x": ("time", x)}, {"time": times}).to_netcdf(tmp_path / "daily.nc")
    path = kgmm.read(tmp_path / "daily.nc", anomalies="daily", detrend=True)
    restored = kgmm.restore(path, path)
    np.testing.assert_allclose(restored.values[0, :, 0], x, rtol=1e-12)
    assert restored["date"].values[-1] == times[-1]


def test_nothing_is_undone_without_a_record():
    with pytest.raises(ValueError, match="the path holds no record of a preparation"):
        kgmm.restore(np.zeros((10, 1)), as_path(np.zeros((10, 1))))


# Gaps, codes and unequal steps.


def test_segments_become_members_of_unequal_length(tmp_path):
    (tmp_path / "gap.csv").write_text(with_gap())
    path = kgmm.read(tmp_path / "gap.csv", gaps="segments")
    assert path.shape == (2, 60, 2)
    np.testing.assert_array_equal(path.values[0], X[:60])
    np.testing.assert_array_equal(path.values[1, :58], X[62:])
    assert np.isnan(path.values[1, 58:]).all()
    assert path.attrs["preparation"] == "2 missing states divide the series into 2 members"
    series = open_series(tmp_path / "gap.csv", None, ReadingOptions(gaps="segments"))
    assert series.shape == (1, N - 1, 2)  # in one member, for the workflow, with a missing state between them
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    said = open_trajectory(tmp_path / "samples.nc").attrs["preparation"]
    assert said.endswith("; 118 states in 2 segments of 58 to 60 are used")


def test_segments_have_one_trend(tmp_path):
    """Lines of their own would take most of short pieces away."""
    values = X + 0.1 * np.arange(N)[:, None]
    values[3::4] = np.nan
    (tmp_path / "x.csv").write_text("time,u,v\n" + rows(columns=values).replace("nan", ""))
    path = kgmm.read(tmp_path / "x.csv", gaps="segments", detrend=True)
    kept = np.isfinite(values[:, 0])
    left = path.values.reshape(-1, 2)
    slope = np.polyfit(np.arange(N)[kept], values[kept], 1)[0]
    expected = values[kept] - np.outer(np.arange(N)[kept] - np.arange(N)[kept].mean(), slope)
    np.testing.assert_allclose(left, expected, atol=1e-9)


def test_states_at_the_ends_are_cut_and_not_counted_as_interpolated(tmp_path):
    values = np.arange(60.0)
    values[[0, 1, 10, 20, 21, 59]] = np.nan
    np.save(tmp_path / "x.npy", values)
    path = kgmm.read(tmp_path / "x.npy", time_step=1.0, gaps="interpolate")
    assert path.attrs["preparation"] == "3 missing states were interpolated"
    np.testing.assert_array_equal(path.values.ravel(), np.arange(2.0, 59.0))
    with pytest.raises(ValueError, match="2 states in a row are missing from index 20 on, and --max-gap is 1"):
        kgmm.read(tmp_path / "x.npy", time_step=1.0, gaps="interpolate", max_gap=1)


def test_nothing_is_interpolated_over_a_long_gap(tmp_path):
    lines = rows().splitlines(keepends=True)
    (tmp_path / "x.csv").write_text("time,u,v\n" + "".join(lines[:20] + lines[90:]))
    with pytest.raises(ValueError, match="--max-gap is 3"):
        kgmm.read(tmp_path / "x.csv", resample=1.0, gaps="interpolate")
    with pytest.raises(ValueError, match="non-finite values"):
        kgmm.read(tmp_path / "x.csv", resample=0.5)
    assert kgmm.read(tmp_path / "x.csv", resample=1.0, gaps="segments").sizes["member"] == 2


@pytest.mark.parametrize("step", [0.1, 0.3, 0.7])
def test_times_on_the_edge_of_two_steps_belong_to_the_second(tmp_path, step):
    """1.0 // 0.1 is 9: rounding must leave no step without values."""
    times, every = 0.01 * np.arange(5001), round(step / 0.01)
    table = np.column_stack([times, np.arange(times.size)])
    np.savetxt(tmp_path / "x.csv", table, delimiter=",", header="time,x", comments="", fmt="%.10g")
    path = kgmm.read(tmp_path / "x.csv", resample=step)
    whole = 5001 // every
    np.testing.assert_allclose(path.values[0, :whole, 0], every * np.arange(whole) + 0.5 * (every - 1))
    assert np.isfinite(path.values).all()


def test_codes_in_single_precision_are_found(tmp_path):
    values = X.astype("f4")
    values[[0, 1]] = -99.9
    xr.Dataset({"u": ("time", values[:, 0])}, coords={"time": np.arange(N)}).to_netcdf(tmp_path / "x.nc")
    path = kgmm.read(tmp_path / "x.nc", missing=[-99.9], gaps="drop-edges")
    np.testing.assert_allclose(path.values[0, :, 0], X[2:, 0], atol=1e-6)


def test_a_repeated_code_is_named_with_the_option(tmp_path):
    values = X.copy()
    values[::20] = -9999.0
    (tmp_path / "x.csv").write_text("time,u,v\n" + rows(columns=values))
    found = kgmm.diagnose(kgmm.read(tmp_path / "x.csv"))
    assert "--missing -9999" in str(found[0])
