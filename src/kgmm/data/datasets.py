"""A user's own data: time series from NetCDF, Zarr, CSV or NPY files as trajectories."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.blocks import BLOCKS, BlockMoments
from kgmm.data.options import ReadingOptions
from kgmm.data.readers import READERS, UNREADABLE, first_line
from kgmm.data.standardization import Standardization
from kgmm.data.time_steps import steps_between
from kgmm.data.trajectory import as_trajectory, times_per_piece, write_trajectory

# Trajectories are stored in single precision: its largest and smallest numbers, with room for squares of differences,
# and the smallest range, relative to the level, that keeps three digits.
_LARGEST, _SMALLEST, _FINEST = 1e18, 1e-18, 1e-4
# Two in each of the blocks from which errors are estimated.
_MIN_STATES = 2 * BLOCKS
# Time coordinates are often stored in single precision or rounded to a few digits.
_STEP_TOLERANCE = 1e-3
_DEFAULTS = ReadingOptions()


@dataclass(frozen=True)
class Series:
    """Time series in a file, read in pieces.

    Attributes
    ----------
    source
        The file.
    shape
        ``(n_members, n_times, n_features)``.
    variables
        Names.
    time_step
        Between states.
    read
        ``read(start, stop)`` gives the states of these times, ``(n_members, stop − start, n_features)``.
    """

    source: str
    shape: tuple[int, int, int]
    variables: tuple[str, ...]
    time_step: float
    read: Callable[[int, int], np.ndarray]

    def pieces(self) -> Iterator[tuple[int, np.ndarray]]:
        """Pieces of all members and some times, each with the index of its first time."""
        step = times_per_piece(self.shape[0], self.shape[2])
        for start in range(0, self.shape[1], step):
            yield start, self.read(start, min(start + step, self.shape[1]))

    def load(self) -> xr.DataArray:
        """All of it, as a trajectory with dimensions ``(member, time, variable)``."""
        values = self.read(0, self.shape[1])
        return as_trajectory(values, self.variables, self.time_step, source=self.source)


def read_dataset(path: str | Path, variables: Sequence[str] | None = None, **options) -> xr.DataArray:
    """A user's time series as a trajectory with dimensions ``(member, time, variable)``, checked and in memory.

    Options are the fields of :class:`kgmm.data.options.ReadingOptions`; errors those of :func:`open_series` and
    :func:`check_series`.
    """
    series = open_series(path, variables, ReadingOptions.checked(**options))
    check_series(series)
    return series.load()


def open_series(
    path: str | Path, variables: Sequence[str] | None = None, options: ReadingOptions = _DEFAULTS
) -> Series:
    """A time series in a file; NetCDF, Zarr and NPY files are read in pieces, CSV at once.

    Parameters
    ----------
    path
        ``.nc`` or ``.nc4``, ``.zarr`` (needs the package zarr), ``.csv`` with a header, or ``.npy`` of shape
        ``(time,)``, ``(time, variable)`` or ``(member, time, variable)``.
    variables
        Names of variables or columns; by default all of numbers along the times. A NetCDF variable with one dimension
        more gives a variable for each of its entries, ``name_0, name_1, …``. An NPY file has no names: those given are
        taken, default ``x1, x2, …``.
    options
        How the file is read. Without a time step the steps of the time coordinate must be equal; dates count in days,
        calendar months and years in mean ones. A time step that is given is taken as it is and the coordinate is not
        looked at.

    Raises
    ------
    ValueError, in one sentence, for a missing file or variable, unusable shapes and unequal time steps.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise ValueError(f"{path} has the suffix {path.suffix!r}: known are {', '.join(READERS)}")
    if not path.exists():
        raise ValueError(f"the data file {path} does not exist")
    if variables is not None and not variables:
        raise ValueError("variables is an empty list: at least one name is needed")
    if variables is not None and len(set(variables)) < len(variables):
        raise ValueError(f"variables names {_repeated(variables)!r} of {path} twice: once is enough")
    try:
        contents = READERS[path.suffix](path, variables, options)
    except UNREADABLE as error:
        raise ValueError(f"the data file {path} cannot be read: {first_line(error)}") from error
    if 0 in contents.shape:
        raise ValueError(f"{path} holds no data: its shape (members, times, variables) is {contents.shape}")
    if len(set(contents.variables)) < len(contents.variables):
        raise ValueError(f"two variables of {path} would be called {_repeated(contents.variables)!r}: rename one")
    time_step = options.time_step
    if time_step is None:
        if not contents.times:
            raise ValueError(
                f"{path} has no time coordinate {options.time!r}: give time_step, the time between its states"
            )
        steps = [_common_step(times, path, options.time) for times in contents.times]
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
            raise ValueError(f"the data file {path} cannot be read: {first_line(error)}") from error

    return Series(str(path), contents.shape, tuple(contents.variables), float(time_step), read)


def _repeated(names: Sequence[str]) -> str:
    return next(name for name in names if list(names).count(name) > 1)


def _common_step(times: np.ndarray, path: Path, name: str) -> float:
    """The step of a time coordinate, ``(n_times,)``; dates count in days."""
    if np.issubdtype(times.dtype, np.number):
        times = times.astype(float)  # differences of unsigned integers would wrap around
    if times.ndim != 1 or times.size < 2:
        raise ValueError(f"the time coordinate {name!r} of {path} has shape {times.shape}: two times are needed")
    steps = steps_between(times)
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
    if n_states < _MIN_STATES:
        raise ValueError(f"{series.source} holds {n_states} states: at least {_MIN_STATES} are needed")
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
        level = max(abs(low), abs(high))
        if not _SMALLEST < level < _LARGEST or high - low < _FINEST * level:
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
