"""Fields with seasons, trends and land: what is subtracted, taken out and reduced, and what is said of it."""

import numpy as np
import pytest
import xarray as xr

import kgmm
from tests.unit.monthly_series import MONTHS, N, X, said

RNG = np.random.default_rng(12)

LATITUDES, LONGITUDES = np.arange(-20.0, 21.0, 10.0), np.arange(180.0, 231.0, 10.0)
PATTERN = np.exp(-((LATITUDES[:, None] / 15) ** 2) - ((LONGITUDES[None] - 210) / 20) ** 2)


def seasonal_field(file, missing_times=(), land=True, latitude="lat"):
    """A field of X times a pattern, under a season and a trend that are larger; one grid point is land."""
    season = 5 * np.cos(2 * np.pi * np.arange(N) / 12) + 0.05 * np.arange(N)
    field = X[:, None, None] * PATTERN + 0.05 * RNG.standard_normal((N, 5, 6)) + season[:, None, None] + 20.0
    field[:, 0, 0] = np.nan if land else field[:, 0, 0]
    field[list(missing_times)] = np.nan
    coordinates = {"time": MONTHS, latitude: LATITUDES, "lon": LONGITUDES}
    xr.Dataset({"sst": (("time", latitude, "lon"), field)}, coordinates).to_netcdf(file)


def test_season_and_trend_are_subtracted_before_components(tmp_path):
    seasonal_field(tmp_path / "f.nc")
    path = kgmm.read(tmp_path / "f.nc", reduce="pcs=1", anomalies="monthly", detrend=True)
    assert abs(np.corrcoef(path.values[0, :, 0], X)[0, 1]) > 0.85  # X has a trend and a season by chance
    raw = kgmm.read(tmp_path / "f.nc", reduce="pcs=1")
    assert abs(np.corrcoef(raw.values[0, :, 0], X)[0, 1]) < 0.5
    # As a climatologist does it: anomalies and trend of the field, then its components.
    field = xr.open_dataset(tmp_path / "f.nc")["sst"]
    field = field.groupby("time.month") - field.groupby("time.month").mean()
    columns = (field * np.sqrt(np.cos(np.deg2rad(field["lat"])))).transpose("time", ...).values.reshape(N, -1)
    columns = columns[:, np.isfinite(columns).all(axis=0)]
    at = (MONTHS - MONTHS[0]).days.to_numpy()
    columns = columns - np.outer(at - at.mean(), np.polyfit(at - at.mean(), columns, 1)[0])
    u, s, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    assert abs(np.corrcoef(path.values[0, :, 0], u[:, 0])[0, 1]) > 1 - 1e-9
    assert path.values[0, :, 0].std() == pytest.approx(s[0] / N**0.5)
    # The mean commutes with both, and is restored.
    mean = kgmm.read(tmp_path / "f.nc", reduce="mean", anomalies="monthly")
    plain = kgmm.read(tmp_path / "f.nc", reduce="mean")
    np.testing.assert_allclose(kgmm.restore(mean, mean).values, plain.values)
    # Components stay in units of anomalies.
    np.testing.assert_allclose(kgmm.restore(path, path).values, path.values)


def test_a_missing_time_of_a_field_is_a_gap(tmp_path):
    seasonal_field(tmp_path / "f.nc", missing_times=(50,))
    with pytest.raises(ValueError, match="--gaps interpolate"):
        kgmm.read(tmp_path / "f.nc", reduce="pcs=2")
    for reduce in ("mean", "pcs=2"):
        path = kgmm.read(tmp_path / "f.nc", reduce=reduce, gaps="segments", anomalies="monthly")
        assert path.sizes["member"] == 2 and path.sizes["time"] == N - 51
    assert kgmm.read(tmp_path / "f.nc", reduce="pcs=2", gaps="interpolate").shape == (1, N, 2)


def test_codes_are_taken_out_of_fields(tmp_path):
    seasonal_field(tmp_path / "f.nc")
    xr.open_dataset(tmp_path / "f.nc").fillna(-999.0).to_netcdf(tmp_path / "codes.nc")
    plain, coded = (
        kgmm.read(tmp_path / "f.nc", reduce="mean"),
        kgmm.read(tmp_path / "codes.nc", reduce="mean", missing=[-999.0]),
    )
    np.testing.assert_array_equal(plain.values, coded.values)


def test_what_was_selected_and_reduced_is_said(tmp_path, capsys):
    seasonal_field(tmp_path / "f.nc")
    path = kgmm.read(tmp_path / "f.nc", select={"time": "1955:"}, reduce="pcs=2", anomalies="monthly")
    selected, season, reduced = path.attrs["preparation"].split("; ")
    assert selected == "selected: time 1955:"
    assert season == "monthly means were subtracted from every grid point"
    assert reduced.startswith("the 2 leading principal components (area-weighted, ")
    assert reduced.endswith(
        " % of the variance) of 29 grid points of sst (over lat, lon), 1 with missing values left out"
    )
    seasonal_field(tmp_path / "y.nc", land=False, latitude="y")
    path = kgmm.read(tmp_path / "y.nc", reduce="mean")
    expected = "the mean, not weighted by area because there is no latitude, of 30 grid points of sst (over y, lon)"
    assert path.attrs["preparation"] == expected
    assert f"preparation: {expected}" in said(capsys, "inspect", tmp_path / "y.nc", "--reduce", "mean")
