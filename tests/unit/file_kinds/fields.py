"""Fields on a grid of latitudes and longitudes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from tests.unit.file_kinds.kind import MONTH, MONTHS, Kind, N, kind, rows

FIELD = np.random.default_rng(1).standard_normal((N, 4, 5))
LATITUDES, LONGITUDES = np.array([-60.0, -20.0, 20.0, 60.0]), np.array([100.0, 150.0, 200.0, 250.0, 300.0])


def field_file(folder, land: bool = False):
    values = FIELD.copy()
    if land:
        values[:, 0, 0] = np.nan
    dataset = xr.Dataset(
        {"sst": (("time", "lat", "lon"), values)},
        coords={"time": MONTHS, "lat": LATITUDES, "lon": LONGITUDES},
    )
    dataset.to_netcdf(folder / "field.nc")
    return dataset


@kind("field.nc")
def _(folder):
    field_file(folder)
    return Kind(refused="--reduce pcs=3")


@kind("mean/field.nc")
def _(folder):
    field_file(folder, land=True)
    weights = np.broadcast_to(np.cos(np.deg2rad(LATITUDES))[:, None], (4, 5)).ravel()[1:]
    mean = FIELD.reshape(N, -1)[:, 1:] @ weights / weights.sum()
    return Kind(None, MONTH, ["sst"], mean[:, None], {"reduce": "mean"})


@kind("point/field.nc")
def _(folder):
    field_file(folder)
    return Kind(None, MONTH, ["sst"], FIELD[:, 2, 1:2], {"select": {"lat": "19", "lon": "150"}})


@kind("region/field.nc")
def _(folder):
    field_file(folder)
    part = FIELD[:, 1:3, 2:4].reshape(N, -1).mean(axis=1)  # equal weights at ±20°
    options = {"select": {"lat": "-30:30", "lon": "190:260"}, "reduce": "mean"}
    return Kind(None, MONTH, ["sst"], part[:, None], options)


@kind("nowhere/field.nc")
def _(folder):
    field_file(folder)
    return Kind(options={"select": {"lat": "70:80"}}, refused="lies between -60.0 and 60.0")


@kind("word/field.nc")
def _(folder):
    field_file(folder)
    return Kind(options={"reduce": "median"}, refused="reduce is 'median': mean or pcs=3 is expected")


@kind("no-field.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(), options={"reduce": "mean"}, refused="reduce is given: ")
