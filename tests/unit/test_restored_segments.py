"""Series with gaps, whose segments are inspected and restored."""

import numpy as np
import pandas as pd
import pytest

import kgmm
from kgmm.data.datasets import open_series
from kgmm.data.imported_series import write_series
from kgmm.data.options import ReadingOptions
from kgmm.data.trajectory import open_trajectory
from tests.unit.monthly_series import MONTHS, N, X, relaxation, said


def test_members_of_unequal_length_are_inspected(tmp_path, capsys):
    table = pd.DataFrame({"date": MONTHS, "v": X}).drop(index=[100, 200, 201])
    table.to_csv(tmp_path / "gaps.csv", index=False)
    told = said(capsys, "inspect", tmp_path / "gaps.csv", "--gaps", "segments")
    assert "357 states in 3 segments of 99 to 158 of 1 variable" in told


@pytest.mark.parametrize(
    "frequency, options",
    [
        ("MS", {"anomalies": "monthly", "detrend": True}),
        ("MS", {"anomalies": "monthly", "standardise": True, "derivative": True, "lag_embed": 2}),
        ("D", {"anomalies": "daily", "detrend": True}),
        ("D", {"detrend": True, "lag_embed": 12}),
    ],
)
def test_every_segment_is_restored(tmp_path, frequency, options):
    """Four segments, the first so short that twelve lags leave nothing of it."""
    dates = pd.date_range("1951-01-31", periods=1200, freq=frequency)
    season = 10 * np.cos(2 * np.pi * dates.day_of_year / 365.25) + 0.02 * np.arange(1200)
    table = pd.DataFrame({"date": dates, "v": relaxation(1200) + season}).drop(index=[10, 150, 151, 152, 700])
    table.to_csv(tmp_path / "gaps.csv", index=False)
    path = kgmm.read(tmp_path / "gaps.csv", gaps="segments", **options)
    restored = kgmm.restore(path, path)
    assert restored.sizes["member"] in (3, 4)
    known = table.set_index("date")["v"]
    for member in restored:
        values = member[:, 0][np.isfinite(member[:, 0])]
        np.testing.assert_allclose(values, known[values["date"].values].to_numpy(), atol=1e-9)
    # A sample with another number of members begins where the path does.
    other = kgmm.restore(np.zeros((2, 50, path.sizes["variable"])), path)
    assert other["date"].values[0] == restored["date"].values[0, 0]


def test_segments_of_an_array_are_restored(tmp_path):
    x = relaxation(600) + 0.1 * np.arange(600)
    x[[100, 300]] = np.nan
    np.save(tmp_path / "x.npy", x)
    path = kgmm.read(tmp_path / "x.npy", time_step=0.5, gaps="segments", detrend=True)
    restored = kgmm.restore(path, path).values
    np.testing.assert_allclose(restored[np.isfinite(restored)], x[np.isfinite(x)])


def test_stored_segments_are_restored(tmp_path):
    table = pd.DataFrame({"date": MONTHS, "v": X + 5 * np.cos(2 * np.pi * np.arange(N) / 12)}).drop(index=[70, 300])
    table.to_csv(tmp_path / "gaps.csv", index=False)
    series = open_series(tmp_path / "gaps.csv", None, ReadingOptions(gaps="segments", anomalies="monthly"))
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    stored = open_trajectory(tmp_path / "samples.nc")
    assert stored.shape == (1, N, 1) and int(np.isnan(stored).sum()) == 2
    restored = kgmm.restore(stored, stored)[0, :, 0]
    restored = restored[np.isfinite(restored)]
    np.testing.assert_array_equal(restored["date"].values, table["date"])
    np.testing.assert_allclose(restored, table["v"], atol=1e-5)  # single precision
    with pytest.raises(ValueError, match="the sample has 2 segments: the path was made with 3"):
        kgmm.restore(stored[:, :200], stored)
