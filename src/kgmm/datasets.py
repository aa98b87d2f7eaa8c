"""A user's own data: time series from NetCDF, Zarr, CSV or NPY files as trajectories."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from kgmm.histograms import BLOCKS, BlockMoments
from kgmm.standardize import Standardization
from kgmm.trajectory import NUMBERS_PER_PIECE, as_trajectory, write_trajectory

# What the readers raise for damaged files and for files of another kind.
_UNREADABLE = (OSError, EOFError, UnicodeDecodeError, RuntimeError)
# Trajectories are stored in single precision: its largest number, with room for squares of differences, and the
# smallest range, relative to the level, that keeps three digits.
_LARGEST, _FINEST = 1e18, 1e-4
# Two in each of the blocks from which errors are estimated.
_FEWEST_STATES = 2 * BLOCKS
# Time coordinates are often stored in single precision or rounded to a few digits.
_STEP_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Series:
    """Time series in a file, read in pieces.

    Attributes
    ----------
    source : the file; shape : ``(n_members, n_times, n_features)``; variables : names; time_step : between states.
    read : ``read(start, stop)`` gives the states of these times, ``(n_members, stop − start, n_features)``.
    """

    source: str
    shape: tuple[int, int, int]
    variables: tuple[str, ...]
    time_step: float
    read: Callable[[int, int], np.ndarray]

    def pieces(self) -> Iterator[tuple[int, np.ndarray]]:
        """Pieces of all members and some times, each with the index of its first time."""
        step = max(1, NUMBERS_PER_PIECE // (self.shape[0] * self.shape[2]))
        for start in range(0, self.shape[1], step):
            yield start, self.read(start, min(start + step, self.shape[1]))

    def load(self) -> xr.DataArray:
        """All of it, as a trajectory with dimensions ``(member, time, variable)``."""
        values = self.read(0, self.shape[1])
        return as_trajectory(values, self.variables, self.time_step, source=self.source)


class _Contents(NamedTuple):
    shape: tuple[int, int, int]
    variables: list[str]
    times: list[np.ndarray]
    read: Callable[[int, int], np.ndarray]


def read_dataset(path: str | Path, variables: Sequence[str] | None = None, **options) -> xr.DataArray:
    """A user's time series as a trajectory with dimensions ``(member, time, variable)``, checked and in memory.

    Parameters and errors are those of :func:`open_series` and :func:`check_series`.
    """
    series = open_series(path, variables, **options)
    check_series(series)
    return series.load()


def open_series(
    path: str | Path,
    variables: Sequence[str] | None = None,
    *,
    time_step: float | None = None,
    time: str = "time",
    member: str = "member",
) -> Series:
    """A time series in a file; NetCDF, Zarr and NPY files are read in pieces, CSV at once.

    Parameters
    ----------
    path : ``.nc`` or ``.nc4``, ``.zarr`` (needs the package zarr), ``.csv`` with a header, or ``.npy`` of shape
        ``(time,)``, ``(time, variable)`` or ``(member, time, variable)``.
    variables : names of variables or columns. A NetCDF variable with one dimension more gives a variable for each of
        its entries, ``name_0, name_1, …``. An NPY file has no names: those given are taken, default ``x1, x2, …``.
    time_step : time between states. Default: from the time coordinate, whose steps must then be equal; dates count
        in days. Given, it is taken as it is and the coordinate is not looked at (calendar months, for instance).
    time, member : names of the time coordinate (or column) and of the dimension (or column) of members, if any.

    Raises
    ------
    ValueError, in one sentence, for a missing file or variable, unusable shapes and unequal time steps.
    """
    path = Path(path)
    if path.suffix not in _READERS:
        raise ValueError(f"{path} has the suffix {path.suffix!r}: known are {', '.join(_READERS)}")
    if not path.exists():
        raise ValueError(f"the data file {path} does not exist")
    if variables is not None and not variables:
        raise ValueError("variables is an empty list: at least one name is needed")
    if time_step is not None and not 0 < time_step < np.inf:
        raise ValueError(f"time_step is {time_step}: it must be positive and finite")
    if variables is not None and len(set(variables)) < len(variables):
        raise ValueError(f"variables names {_repeated(variables)!r} of {path} twice: once is enough")
    try:
        contents = _READERS[path.suffix](path, variables, time, member, time_step is None)
    except _UNREADABLE as error:
        raise ValueError(f"the data file {path} cannot be read: {_first_line(error)}") from error
    if 0 in contents.shape:
        raise ValueError(f"{path} holds no data: its shape (members, times, variables) is {contents.shape}")
    if len(set(contents.variables)) < len(contents.variables):
        raise ValueError(f"two variables of {path} would be called {_repeated(contents.variables)!r}: rename one")
    if time_step is None:
        if not contents.times:
            raise ValueError(f"{path} has no time coordinate {time!r}: give time_step, the time between its states")
        steps = [_common_step(times, path, time) for times in contents.times]
        if max(steps) - min(steps) > _STEP_TOLERANCE * max(steps):
            raise ValueError(
                f"the time steps of the members of {path} lie between {min(steps):g} and {max(steps):g}: equal ones "
                "are needed"
            )
        time_step = steps[0]

    def read(start: int, stop: int) -> np.ndarray:
        try:
            return contents.read(start, stop)
        except (OSError, RuntimeError) as error:  # netCDF4 reports damage by the latter
            raise ValueError(f"the data file {path} cannot be read: {_first_line(error)}") from error

    return Series(str(path), contents.shape, tuple(contents.variables), float(time_step), read)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


def _repeated(names: Sequence[str]) -> str:
    return next(name for name in names if list(names).count(name) > 1)


def _read_labelled(path: Path, variables: Sequence[str] | None, time: str, member: str, with_times: bool) -> _Contents:
    if path.suffix == ".zarr":
        _require_zarr(path)
    else:
        _refuse_truncated(path)
    engine = "zarr" if path.suffix == ".zarr" else "netcdf4"
    # Times are decoded only if they are needed: they may be in units that nobody understands.
    dataset = xr.open_dataset(path, engine=engine, decode_times=False)
    if variables is None:
        raise ValueError(f"no variables are named for {path}: it has {', '.join(map(str, dataset.data_vars))}")
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
    if with_times and time in dataset.coords:
        try:
            times = [xr.decode_cf(dataset[[time]], decode_timedelta=False)[time].values]
        except ValueError:
            units = dataset[time].attrs.get("units")
            sentence = f"the time coordinate {time!r} of {path} has the unusable units {units!r}: give time_step"
            raise ValueError(sentence) from None
    return _Contents((*sizes.pop(), len(names)), names, times, read)


def _refuse_truncated(path: Path) -> None:
    """Classic NetCDF, whose library reads what is missing as zeros."""
    with open(path, "rb") as file:
        if file.read(4) not in (b"CDF\x01", b"CDF\x02"):
            return
    from scipy.io import netcdf_file

    try:
        netcdf_file(path, mmap=True).close()
    except (TypeError, ValueError) as error:
        raise ValueError(f"the data file {path} cannot be read: it is truncated") from error


def _is_real(dtype: np.dtype) -> bool:
    return dtype.kind in "iuf"


def _require_zarr(path: Path) -> None:
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise ValueError(f"{path} is a Zarr store: install the package zarr to read it") from None


def _read_csv(path: Path, variables: Sequence[str] | None, time: str, member: str, with_times: bool) -> _Contents:
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"the data file {path} cannot be read as CSV: {_first_line(error)}") from error
    columns = ", ".join(map(str, table.columns))
    if variables is None:
        raise ValueError(f"no variables are named for {path}: its columns are {columns}")
    for name in variables:
        if name not in table:
            raise ValueError(f"{path} has no column {name!r}: it has {columns}")
    if table.empty:
        raise ValueError(f"{path} holds no data: it has the columns {columns} and no rows")
    for name in variables:
        if not _is_real(table[name].to_numpy().dtype):
            raise ValueError(f"column {name!r} of {path} holds text: numbers are expected")
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
    times = [_times_of(group[time], path) for group in groups] if with_times and time in table else []
    return _Contents(values.shape, list(variables), times, lambda start, stop: values[:, start:stop])


def _times_of(column, path: Path) -> np.ndarray:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        column = pd.to_datetime(column, errors="coerce")
        if column.isna().any():
            raise ValueError(f"column {column.name!r} of {path} holds neither numbers nor dates")
    return column.to_numpy()


def _read_npy(path: Path, variables: Sequence[str] | None, time: str, member: str, with_times: bool) -> _Contents:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"the data file {path} cannot be read as NPY: {_first_line(error)}") from error
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
    return _Contents(values.shape, names, [], lambda start, stop: np.asarray(values[:, start:stop]))


_READERS = {
    ".nc": _read_labelled,
    ".nc4": _read_labelled,
    ".zarr": _read_labelled,
    ".csv": _read_csv,
    ".npy": _read_npy,
}


def _common_step(times: np.ndarray, path: Path, name: str) -> float:
    """The step of a time coordinate, ``(n_times,)``; dates count in days."""
    if np.issubdtype(times.dtype, np.number):
        times = times.astype(float)  # differences of unsigned integers would wrap around
    if times.ndim != 1 or times.size < 2:
        raise ValueError(f"the time coordinate {name!r} of {path} has shape {times.shape}: two times are needed")
    steps = np.diff(times)
    if np.issubdtype(steps.dtype, np.timedelta64):
        steps = steps / np.timedelta64(1, "D")
    elif steps.dtype == object:  # calendars that NumPy does not know
        steps = np.array([step.total_seconds() / 86400.0 for step in steps])
    smallest, largest = float(steps.min()), float(steps.max())
    if not smallest > 0:
        where = int(np.argmin(steps))
        raise ValueError(f"the time coordinate {name!r} of {path} does not increase from index {where} to {where + 1}")
    if largest - smallest > _STEP_TOLERANCE * largest:
        raise ValueError(
            f"the time steps of {name!r} in {path} are unequal, between {smallest:g} and {largest:g}: interpolate the "
            "series, or give time_step to take them as equal"
        )
    return float(np.mean(steps))


def check_series(series: Series) -> None:
    """Refuses data that no density can be estimated from, reading in pieces.

    Raises ``ValueError`` with the number of non-finite values and the place of the first, or the name of a constant
    variable.
    """
    n_states = series.shape[0] * series.shape[1]
    if n_states < _FEWEST_STATES:
        raise ValueError(f"{series.source} holds {n_states} states: at least {_FEWEST_STATES} are needed")
    lower, upper = np.full(series.shape[2], np.inf), np.full(series.shape[2], -np.inf)
    n_bad, first = 0, ""
    for start, values in series.pieces():
        bad = ~np.isfinite(values)
        if bad.any():
            if not n_bad:
                time, member, variable = np.argwhere(bad.swapaxes(0, 1))[0]
                first = f"{series.variables[variable]!r} at time index {start + time}"
                first += f" of member {member}" if series.shape[0] > 1 else ""
            n_bad += int(bad.sum())
        lower, upper = np.minimum(lower, values.min(axis=(0, 1))), np.maximum(upper, values.max(axis=(0, 1)))
    lower, upper = lower.astype(float), upper.astype(float)
    if n_bad:
        raise ValueError(f"{series.source} holds {n_bad} non-finite values, the first in {first}: fill or cut them")
    for name, low, high in zip(series.variables, lower, upper):
        if low == high:
            raise ValueError(f"variable {name!r} of {series.source} is constant ({low:g}): it has no density")
        if max(abs(low), abs(high)) > _LARGEST or high - low < _FINEST * max(abs(low), abs(high)):
            raise ValueError(
                f"variable {name!r} of {series.source} lies between {low:g} and {high:g}: subtract a constant or "
                "change its units, single precision cannot hold it"
            )


# States of a path: enough for correlations, and few enough to hold in memory.
_PATH_MEMBERS, _PATH_NUMBERS = 64, 16_000_000


def write_series(series: Series, *, samples: str | Path, path: str | Path) -> None:
    """Writes two trajectory files: all states, and as path the beginning of the first members."""
    n_members, n_times, n_features = series.shape
    path_members = min(n_members, _PATH_MEMBERS)
    path_times = min(n_times, max(1, _PATH_NUMBERS // (path_members * n_features)))
    for file, members, times in ((samples, n_members, n_times), (path, path_members, path_times)):
        pieces = (values[:members, : times - start] for start, values in series.pieces() if start < times)
        write_trajectory(
            file,
            pieces,
            n_members=members,
            n_times=times,
            variables=series.variables,
            interval=series.time_step,
            attributes={"source": Path(series.source).name},
        )


def series_effective_size(series: Series) -> float:
    """Number of independent samples the series is worth, for its slowest variable, reading it twice in pieces."""
    n_members, n_times, n_features = series.shape
    flat = ((start, values.reshape(-1, n_features)) for start, values in series.pieces())
    moments = BlockMoments(n_members * n_times, Standardization.of_pieces(flat))
    for start, values in series.pieces():
        times = np.arange(start, start + values.shape[1])
        rows = np.add.outer(n_times * np.arange(n_members), times).ravel()
        moments.add(rows, values.reshape(-1, n_features))
    return float(moments.effective_sizes().min())


def content_hash(path: str | Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    path = Path(path)
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(str(file.relative_to(path)).encode())
            with open(file, "rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()
