"""Fields in files: longitudes around the circle, weights by area, principal components."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import kgmm
from tests.unit.file_kinds.fields import FIELD, LATITUDES, field_file
from tests.unit.file_kinds.kind import MONTHS, N


def test_principal_components_are_those_of_the_weighted_covariance(tmp_path):
    field_file(tmp_path)
    path = kgmm.read(tmp_path / "field.nc", reduce="pcs=2")
    assert list(path["variable"].values) == ["sst_pc1", "sst_pc2"]
    weights = np.sqrt(np.repeat(np.cos(np.deg2rad(LATITUDES)), 5))
    weighted = (FIELD.reshape(N, -1) - FIELD.reshape(N, -1).mean(axis=0)) * weights
    largest = np.linalg.eigvalsh(np.cov(weighted.T))[::-1][:2]
    np.testing.assert_allclose(path.values[0].var(axis=0, ddof=1), largest, rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("190:260", [2, 3]), ("290:110", [0, 4]), ("-70:110", [0, 4]), ("0:360", [0, 1, 2, 3, 4]), ("100:100", [0])],
)
def test_longitudes_go_round(tmp_path, text, chosen):
    field_file(tmp_path)
    path = kgmm.read(tmp_path / "field.nc", select={"lon": text, "lat": "20"})
    np.testing.assert_allclose(path.values[0], FIELD[:, 2, chosen], atol=1e-12)


@pytest.mark.parametrize(("longitude", "chosen"), [("-70", 4), ("290", 4), ("10", 4), ("-250", 0), ("150", 1)])
def test_the_nearest_longitude_is_nearest_around_the_circle(tmp_path, longitude, chosen):
    field_file(tmp_path)
    path = kgmm.read(tmp_path / "field.nc", select={"lon": longitude, "lat": "20"})
    np.testing.assert_allclose(path.values[0], FIELD[:, 2, [chosen]], atol=1e-12)


def test_a_curvilinear_grid_is_weighted_by_area(tmp_path):
    latitude = np.broadcast_to(LATITUDES[:, None], (4, 5))
    dataset = xr.Dataset({"sst": (("time", "y", "x"), FIELD)}, coords={"time": MONTHS, "lat": (("y", "x"), latitude)})
    dataset.to_netcdf(tmp_path / "x.nc")
    weights = np.cos(np.deg2rad(latitude)).ravel()
    expected = FIELD.reshape(N, -1) @ weights / weights.sum()
    np.testing.assert_allclose(kgmm.read(tmp_path / "x.nc", reduce="mean").values[0, :, 0], expected, atol=1e-12)
