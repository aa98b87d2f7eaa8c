"""Readers of the files that hold a user's time series, one for each format."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from kgmm.data.options import ReadingOptions

# What the readers raise for damaged files and for files of another kind.
UNREADABLE = (OSError, EOFError, UnicodeDecodeError, RuntimeError)


class Contents(NamedTuple):
    """What is in a file: shape ``(member, time, variable)``, names, times of each member, and how to read states."""

    shape: tuple[int, int, int]
    variables: list[str]
    times: list[np.ndarray]
    read: Callable[[int, int], np.ndarray]


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its name if it has none."""
    return str(error).strip().split("\n")[0] or type(error).__name__


def _read_labelled(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    time, member = options.time, options.member
    if path.suffix == ".zarr":
        _require_zarr(path)
    else:
        _refuse_truncated(path)
    engine = "zarr" if path.suffix == ".zarr" else "netcdf4"
    # Times are decoded only if they are needed: they may be in units that nobody understands.
    dataset = xr.open_dataset(path, engine=engine, decode_times=False)
    if variables is None:
        variables = [n for n, values in dataset.data_vars.items() if time in values.dims and _is_real(values.dtype)]
    if not variables:
        raise ValueError(
            f"{path} has no variable of numbers along {time!r}: it has {', '.join(map(str, dataset.data_vars))}"
        )
    parts, names = [], []
    for name in variables:
        if name not in dataset.data_vars:
            raise ValueError(f"{path} has no variable {name!r}: it has {', '.join(map(str, dataset.data_vars))}")
        part = dataset[name].variable
        if time not in part.dims:
            raise ValueError(f"variable {name!r} of {path} has dimensions {part.dims}: none is called {time!r}")
        if not _is_real(part.dtype):
            raise ValueError(f"variable {name!r} of {path} has type {part.dtype}: real numbers are expected")
        extra = [dim for dim in part.dims if dim not in (member, time)]
        if len(extra) > 1:
            raise ValueError(f"variable {name!r} of {path} has dimensions {part.dims}: one besides time is possible")
        names += [f"{name}_{k}" for k in range(part.sizes[extra[0]])] if extra else [name]
        parts.append(part)
    sizes = {(part.sizes.get(member, 1), part.sizes[time]) for part in parts}
    if len(sizes) > 1:
        raise ValueError(f"the variables of {path} differ in members and times: {sorted(sizes)}")

    def read(start: int, stop: int) -> np.ndarray:
        columns = []
        for part in parts:
            piece = part.isel({time: slice(start, stop)})
            piece = piece if member in piece.dims else piece.expand_dims(member)
            extra = [dim for dim in piece.dims if dim not in (member, time)]
            values = piece.transpose(member, time, *extra).values
            columns.append(values if extra else values[..., None])
        return np.concatenate(columns, axis=2)

    times = []
    if options.time_step is None and time in dataset.coords:
        try:
            times = [xr.decode_cf(dataset[[time]], decode_timedelta=False)[time].values]
        except ValueError:
            units = dataset[time].attrs.get("units")
            sentence = f"the time coordinate {time!r} of {path} has the unusable units {units!r}: give time_step"
            raise ValueError(sentence) from None
    return Contents((*sizes.pop(), len(names)), names, times, read)


def _refuse_truncated(path: Path) -> None:
    """Classic NetCDF, whose library reads what is missing as zeros."""
    with open(path, "rb") as file:
        if file.read(4) not in (b"CDF\x01", b"CDF\x02", b"CDF\x05"):
            return
    import netCDF4

    # Nothing is compressed in these formats: a file is at least as long as its variables.
    with netCDF4.Dataset(path) as dataset:
        needed = sum(variable.dtype.itemsize * math.prod(variable.shape) for variable in dataset.variables.values())
    if path.stat().st_size < needed:
        raise ValueError(
            f"the data file {path} cannot be read: it is truncated, its variables take {needed} bytes and it has "
            f"{path.stat().st_size}"
        )


def _is_real(dtype: np.dtype) -> bool:
    return dtype.kind in "iuf"


def _require_zarr(path: Path) -> None:
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise ValueError(f"{path} is a Zarr store: install the package zarr to read it") from None


def _read_csv(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    time, member = options.time, options.member
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Rows longer than the header: without index_col their first field would become an index and all columns
            # move by one, with it their last would be dropped with a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, index_col=False)
    except pd.errors.ParserWarning as error:
        raise ValueError(
            f"the data file {path} cannot be read as CSV: rows have more fields than the header"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"the data file {path} cannot be read as CSV: {first_line(error)}") from error
    columns = ", ".join(map(str, table.columns))
    if variables is None:
        variables = [n for n in table if n not in (time, member) and _is_real(table[n].dtype)]
    if not variables:
        raise ValueError(f"{path} has no column of numbers besides {time!r}: its columns are {columns}")
    for name in variables:
        if name not in table:
            raise ValueError(f"{path} has no column {name!r}: it has {columns}")
    if table.empty:
        raise ValueError(f"{path} holds no data: it has the columns {columns} and no rows")
    table = table.assign(**{name: _numbers_of(table[name], path) for name in variables})
    groups = [table]
    if member in table:
        if table[member].isna().any():
            row = int(table[member].isna().to_numpy().argmax())
            raise ValueError(f"column {member!r} of {path} is empty in row {row}: every row belongs to a member")
        groups = [group for _, group in table.groupby(member, sort=False)]
    lengths = {len(group) for group in groups}
    if len(lengths) > 1:
        raise ValueError(
            f"the members of {path} have between {min(lengths)} and {max(lengths)} times: equal numbers are needed"
        )
    values = np.stack([group[list(variables)].to_numpy(dtype=float) for group in groups])
    times = [_times_of(group[time], path) for group in groups] if options.time_step is None and time in table else []
    return Contents(values.shape, list(variables), times, lambda start, stop: values[:, start:stop])


def _numbers_of(column, path: Path):
    """A column as numbers; ``ValueError`` for truth values and text."""
    import pandas as pd

    if column.dtype == bool:
        raise ValueError(f"column {column.name!r} of {path} holds truth values: numbers are expected")
    if _is_real(column.to_numpy().dtype):
        return column
    # Integers beyond 64 bits stay objects.
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    if numbers.isna().any() and not column.isna().equals(numbers.isna()):
        raise ValueError(f"column {column.name!r} of {path} holds text: numbers are expected")
    return numbers


def _times_of(column, path: Path) -> np.ndarray:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_datetime(column, errors="coerce")
        if column.isna().any():
            raise ValueError(f"column {column.name!r} of {path} holds neither numbers nor dates")
    return column.to_numpy()


def _read_npy(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"the data file {path} cannot be read as NPY: {first_line(error)}") from error
    if not isinstance(values, np.ndarray):
        raise ValueError(f"the data file {path} cannot be read as NPY: it is an archive of several arrays")
    if not 1 <= values.ndim <= 3 or not _is_real(values.dtype):
        raise ValueError(
            f"{path} holds {values.dtype} of shape {values.shape}: numbers of shape (time,), (time, variable) or "
            "(member, time, variable) are expected"
        )
    values = values[None, :, None] if values.ndim == 1 else values[None] if values.ndim == 2 else values
    names = [f"x{k + 1}" for k in range(values.shape[2])] if variables is None else list(variables)
    if len(names) != values.shape[2]:
        raise ValueError(f"variables names {len(names)} columns: {path} has {values.shape[2]}")
    return Contents(values.shape, names, [], lambda start, stop: np.asarray(values[:, start:stop]))


READERS = {
    ".nc": _read_labelled,
    ".nc4": _read_labelled,
    ".zarr": _read_labelled,
    ".csv": _read_csv,
    ".npy": _read_npy,
}
