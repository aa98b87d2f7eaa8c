"""Reads NetCDF and Zarr, whose dimensions have names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from kgmm.data.fields import done_on_fields, reduced, selected
from kgmm.data.formats.classic_netcdf import needed_bytes
from kgmm.data.formats.contents import Contents, is_real
from kgmm.data.formats.month_units import dates_of_months
from kgmm.data.formats.valid_range import valid_range, within
from kgmm.data.options import ReadingOptions
from kgmm.data.time_ranges import time_range


class _Columns(NamedTuple):
    """What one variable of a file gives.

    Attributes
    ----------
    values : xarray.Variable
        Along the times, and perhaps members and one further dimension.
    names : list of str
        One, or those of the entries along the further dimension.
    valid : tuple of float
        The least and the largest valid value.
    notes : tuple of str
        Clauses about what was done.
    unit : str
    """

    values: xr.Variable
    names: list[str]
    valid: tuple[float, float]
    notes: tuple[str, ...]
    unit: str


def read_labelled(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    """Contents of a NetCDF file or a Zarr store, read in pieces unless fields are reduced.

    Raises
    ------
    ValueError
        In one sentence, with the option to give where one helps.
    """
    dataset = _open(path, options)
    time, member = options.time, options.member
    if time in (options.select or {}) and time in dataset.coords:
        # Before components are taken, which are those of the chosen times.
        dataset = dataset.isel({time: time_range(_times(dataset, path, time)[0], options.select[time])})
    variables = _variables_of_numbers(dataset, path, time) if variables is None else variables
    done = done_on_fields(options)
    needs_times = {"anomalies", "detrend"} & {*done} and time in dataset.coords
    at = _times(dataset, path, time)[0] if needs_times else np.empty(0)
    found = [_columns(dataset, name, path, options, at) for name in variables]
    sizes = {(own.values.sizes.get(member, 1), own.values.sizes[time]) for own in found}
    if len(sizes) > 1:
        raise ValueError(f"the variables of {path} differ in members and times: {sorted(sizes)}")

    def read(start: int, stop: int) -> np.ndarray:
        return np.concatenate([_read_columns(own, slice(start, stop), time, member) for own in found], axis=2)

    times = _times(dataset, path, time) if options.time_step is None and time in dataset.coords else []
    names = [name for own in found for name in own.names]
    notes = tuple(dict.fromkeys(note for own in found for note in own.notes))
    # Components of a field are weighted.
    has_units = options.reduce in (None, "mean")
    units = {name: own.unit for own in found for name in own.names} if has_units else {}
    unit = str(dataset[time].attrs.get("units", "")) if times else ""
    return Contents((*sizes.pop(), len(names)), names, times, read, unit, notes, done, units)


def _variables_of_numbers(dataset: xr.Dataset, path: Path, time: str) -> list[str]:
    """Names of all variables of numbers along the times but bounds of coordinates."""
    bounds = {dataset[name].attrs.get("bounds") for name in dataset.variables}
    names = [
        name
        for name, values in dataset.data_vars.items()
        if time in values.dims and is_real(values.dtype) and name not in bounds
    ]
    if not names:
        raise ValueError(
            f"{path} has no variable of numbers along {time!r}: it has {', '.join(map(str, dataset.data_vars))}"
        )
    return names


def _columns(dataset: xr.Dataset, name: str, path: Path, options: ReadingOptions, times: np.ndarray) -> _Columns:
    """A variable, reduced if it is a field and the options say so; ``times`` are needed for anomalies and trends."""
    part, unit = _part(dataset, name, path, options), _unit(dataset[name])
    valid = valid_range(part.variable)
    if options.reduce:
        values, names, notes = reduced(part.copy(data=within(part.values, valid)), options, path, times)
        return _Columns(values, names, (-np.inf, np.inf), notes, unit)
    extra = [dim for dim in part.dims if dim not in (options.member, options.time)]
    if len(extra) > 1:
        raise ValueError(
            f"variable {name!r} of {path} has dimensions {part.dims}: one besides time is possible; take "
            "principal components (--reduce pcs=3) or the mean (--reduce mean)"
        )
    return _Columns(part.variable, _entries(dataset, name, extra[0]) if extra else [name], valid, (), unit)


def _read_columns(own: _Columns, at: slice, time: str, member: str) -> np.ndarray:
    """States of a variable at some times, ``(member, time, column)``."""
    piece = own.values.isel({time: at})
    piece = piece if member in piece.dims else piece.expand_dims(member)
    extra = [dim for dim in piece.dims if dim not in (member, time)]
    values = within(piece.transpose(member, time, *extra).values, own.valid)
    return values if extra else values[..., None]


def _unit(variable: xr.DataArray) -> str:
    """The unit of a variable, if it has one."""
    unit = str(variable.attrs.get("units", "")).strip()
    return "" if unit == "1" else unit


def _entries(dataset: xr.Dataset, name: str, dim: str) -> list[str]:
    """Names of the entries of a variable along a further dimension: their labels, or numbers after its own name."""
    if dim in dataset.coords and dataset[dim].dtype.kind in "OUT":
        return [str(label) for label in dataset[dim].values]
    return [f"{name}_{k}" for k in range(dataset.sizes[dim])]


def _open(path: Path, options: ReadingOptions) -> xr.Dataset:
    if path.suffix == ".zarr":
        _require_zarr(path)
    else:
        _refuse_truncated(path)
    engine = "zarr" if path.suffix == ".zarr" else "netcdf4"
    # Times are decoded only if they are needed: they may be in units that nobody understands.
    try:
        dataset = xr.open_dataset(path, engine=engine, decode_times=False, group=options.group)
    except (OSError, KeyError, FileNotFoundError) as error:
        if options.group is None:
            raise OSError(str(error)) from error
        raise ValueError(f"{path} has no group {options.group!r}{_groups(path)}") from None
    if not dataset.variables and options.group is None and _groups(path):
        raise ValueError(f"{path} holds its variables in groups{_groups(path)}: choose one by --group")
    return selected(dataset, options, path)


def _groups(path: Path) -> str:
    """The names of the groups in a NetCDF file, for a sentence."""
    if path.suffix == ".zarr":
        return ""
    import netCDF4

    with netCDF4.Dataset(path) as file:
        names = ", ".join(file.groups)
    return f" ({names})" if names else ""


def _part(dataset: xr.Dataset, name: str, path: Path, options: ReadingOptions) -> xr.DataArray:
    """A variable along the times, without other dimensions that have one entry."""
    if name not in dataset.data_vars:
        raise ValueError(f"{path} has no variable {name!r}: it has {', '.join(map(str, dataset.data_vars))}")
    part = dataset[name]
    if options.time not in part.dims:
        raise ValueError(f"variable {name!r} of {path} has dimensions {part.dims}: none is called {options.time!r}")
    if not is_real(part.dtype):
        raise ValueError(f"variable {name!r} of {path} has type {part.dtype}: real numbers are expected")
    single = [dim for dim in part.dims if part.sizes[dim] == 1 and dim not in (options.time, options.member)]
    return part.squeeze(single, drop=True)


def _times(dataset: xr.Dataset, path: Path, time: str) -> list[np.ndarray]:
    try:
        if (months := dates_of_months(dataset[time].variable)) is not None:
            return [months]
        return [xr.decode_cf(dataset[[time]], decode_timedelta=False)[time].values]
    except ValueError:
        units = dataset[time].attrs.get("units")
        sentence = (
            f"the time coordinate {time!r} of {path} has the unusable units {units!r}: give time_step (--time-step)"
        )
        raise ValueError(sentence) from None


def _refuse_truncated(path: Path) -> None:
    """Classic NetCDF, whose library reads what is missing as zeros."""
    needed, size = needed_bytes(path), path.stat().st_size
    if size < needed:
        raise ValueError(
            f"the data file {path} cannot be read: it is truncated, its variables reach to byte {needed} and it has "
            f"{size}"
        )


def _require_zarr(path: Path) -> None:
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise ValueError(f"{path} is a Zarr store: install the package zarr to read it") from None
