"""NetCDF and Zarr."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

from tests.unit.file_kinds.kind import Kind, N, X, kind


def labelled(**further) -> xr.Dataset:
    variables = {"u": ("time", X[:, 0]), "v": ("time", X[:, 1])}
    return xr.Dataset(variables | further, coords={"time": np.arange(N, dtype=float)})


@kind("packed.nc")
def _(folder):
    encoding = {"u": {"dtype": "i2", "scale_factor": 1 / 64, "add_offset": 1.0, "_FillValue": -32768}}
    labelled().to_netcdf(folder / "packed.nc", encoding=encoding)
    return Kind()


@kind("unsigned.nc")
def _(folder):
    encoding = {"u": {"dtype": "i2", "scale_factor": 1 / 64, "add_offset": -8.0, "_Unsigned": "true", "_FillValue": -1}}
    labelled().to_netcdf(folder / "unsigned.nc", encoding=encoding)
    return Kind()


@kind("unlimited.nc")
def _(folder):
    labelled().to_netcdf(folder / "unlimited.nc", unlimited_dims=["time"])
    return Kind()


@kind("scalar-dimension.nc")
def _(folder):
    dataset = labelled().expand_dims(level=[500.0]).transpose("time", "level")
    dataset.to_netcdf(folder / "scalar-dimension.nc")
    return Kind()


@kind("noleap.nc")
def _(folder):
    times = xr.date_range("0001-02-01", periods=N, freq="D", calendar="noleap", use_cftime=True)
    labelled().assign_coords(time=times).to_netcdf(folder / "noleap.nc")
    return Kind()


@kind("360-days.nc")
def _(folder):
    times = xr.date_range("2000-01-16", periods=N, freq="30D", calendar="360_day", use_cftime=True)
    labelled().assign_coords(time=times).to_netcdf(folder / "360-days.nc")
    return Kind(step=30.0)


@kind("groups.nc")
def _(folder):
    labelled().to_netcdf(folder / "groups.nc", group="ocean")
    return Kind(refused="(ocean): choose one by --group")


@kind("group.nc")
def _(folder):
    labelled().to_netcdf(folder / "group.nc", group="ocean")
    return Kind(options={"group": "ocean"})


@kind("no-such-group.nc")
def _(folder):
    labelled().to_netcdf(folder / "no-such-group.nc", group="ocean")
    return Kind(options={"group": "land"}, refused="has no group 'land' (ocean)")


@kind("store.zarr")
def _(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labelled().to_zarr(folder / "store.zarr", zarr_format=3)
    return Kind()


@kind("store-2.zarr")
def _(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labelled().to_zarr(folder / "store-2.zarr", zarr_format=2)
    return Kind()
