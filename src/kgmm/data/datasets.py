"""A user's own data: time series from files as trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.common_step import common_step
from kgmm.data.formats.contents import Contents
from kgmm.data.formats.labelled import read_labelled
from kgmm.data.missing_codes import is_usual_code
from kgmm.data.observation import BLOCKS
from kgmm.data.options import ReadingOptions
from kgmm.data.paths import as_path
from kgmm.data.preparation import Prepared, prepare
from kgmm.data.readers import READERS
from kgmm.data.restoration import RECORD, record_of
from kgmm.data.segments import SEGMENTS, joined
from kgmm.data.time_ranges import time_range
from kgmm.data.trajectory import as_trajectory, times_per_piece
from kgmm.errors import first_line

# Trajectories are stored in single precision: its largest and smallest numbers, with room for squares of differences,
# and the smallest range, relative to the level, that keeps three digits.
_LARGEST, _SMALLEST, _FINEST = 1e18, 1e-18, 1e-4
# Two in each of the blocks from which errors are estimated.
_MIN_STATES = 2 * BLOCKS
_DEFAULTS = ReadingOptions()


@dataclass(frozen=True)
class Series:
    """Time series in a file, read in pieces.

    Attributes
    ----------
    source
        The file.
    shape
        ``(n_members, n_times, n_features)``; of segments that of one member with all of them.
    variables
        Names.
    time_step
        Between states.
    read
        ``read(start, stop)`` gives the states of these times, ``(n_members, stop − start, n_features)``. Segments
        follow each other, with a missing state between two of them, see :mod:`kgmm.data.segments`.
    notes
        What was done to the states after they were read, one clause each.
    times
        Of the first member, if the file has them and they were needed; of segments those of all states.
    span
        First and last time of all members, if the file has times.
    unit
        Of the times, if it is known; dates count in days.
    segments
        Segments between gaps or members of unequal length, if the file gave such.
    record
        What :func:`kgmm.restore` needs to undo the preparation.
    units
        Of the variables, by the names that the file gives them, as far as it tells them.
    """

    source: str
    shape: tuple[int, int, int]
    variables: tuple[str, ...]
    time_step: float
    read: Callable[[int, int], np.ndarray]
    notes: tuple[str, ...] = ()
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    span: tuple = ()
    unit: str = ""
    segments: tuple[np.ndarray, ...] = ()
    record: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_states(self) -> int:
        """States of all members."""
        return sum(map(len, self.segments)) if self.segments else self.shape[0] * self.shape[1]

    def pieces(self) -> Iterator[tuple[int, np.ndarray]]:
        """Pieces of all members and some times, each with the index of its first time."""
        step = times_per_piece(self.shape[0], self.shape[2])
        for start in range(0, self.shape[1], step):
            yield start, self.read(start, min(start + step, self.shape[1]))

    def load(self) -> xr.DataArray:
        """All of it, as a trajectory with dimensions ``(member, time, variable)``; short members end in NaN."""
        attributes = {"source": self.source}
        if self.notes:
            attributes["preparation"] = "; ".join(self.notes)
        if self.record:
            attributes[RECORD] = self.record
        if self.segments:
            path = as_path(list(self.segments), time_step=self.time_step)
            return path.assign_coords(variable=list(self.variables)).assign_attrs(attributes)
        return self._trajectory(attributes)

    def in_one_member(self) -> xr.DataArray:
        """The same with segments in one member, which takes no room for what short ones lack."""
        return self._trajectory({SEGMENTS: len(self.segments)} if self.segments else {})

    def _trajectory(self, attributes: dict) -> xr.DataArray:
        return as_trajectory(self.read(0, self.shape[1]), self.variables, self.time_step, **attributes)


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
        NetCDF, Zarr, text in columns, NPY of shape ``(time,)``, ``(time, variable)`` or ``(member, time, variable)``,
        MATLAB, Parquet or HDF5, by its suffix; see ``docs/reading.md``.
    variables
        Names of variables or columns; by default all of numbers along the times. A NetCDF variable with one dimension
        more gives a variable for each of its entries, called by the labels along it or ``name_0, name_1, …``. An NPY
        file has no names: those given are taken, default ``x1, x2, …``.
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
    if not (path.is_file() or path.is_dir()):  # a pipe would wait, a device never end
        raise ValueError(f"the data file {path} {'is a pipe or a device' if path.exists() else 'does not exist'}")
    if variables is not None and not variables:
        raise ValueError("variables is an empty list: at least one name is needed")
    if variables is not None and len(set(variables)) < len(variables):
        raise ValueError(f"variables names {_repeated(variables)!r} of {path} twice: once is enough")
    wanted = {
        "group": options.group is not None,
        "select": bool(set(options.select or {}) - {options.time}),
        "reduce": options.reduce is not None,
    }
    of_fields = [name for name, is_wanted in wanted.items() if is_wanted]
    if of_fields and READERS[path.suffix] is not read_labelled:
        raise ValueError(
            f"{of_fields[0]} is given: {path} is no NetCDF file and no Zarr store, which have fields and groups"
        )
    with _damage_told(path):
        contents = READERS[path.suffix](path, variables, options)
        if options.time in (options.select or {}):
            contents = _between(contents, options.select[options.time], path)
    if 0 in contents.shape:
        raise ValueError(f"{path} holds no data: its shape (members, times, variables) is {contents.shape}")
    if len(set(contents.variables)) < len(contents.variables):
        raise ValueError(f"two variables of {path} would be called {_repeated(contents.variables)!r}: rename one")
    if options.select:
        parts = ", ".join(f"{name} {text}" for name, text in options.select.items())
        contents = contents._replace(notes=(f"selected: {parts}", *contents.notes))
    if options.prepares or options.reduce is not None:
        return _prepared(contents, path, options)
    time_step = common_step(contents, path, options)

    def read(start: int, stop: int) -> np.ndarray:
        with _damage_told(path):
            return contents.read(start, stop)

    times = contents.times[0] if contents.times else np.empty(0)
    return Series(
        str(path), contents.shape, tuple(contents.variables), time_step, read, contents.notes, times,
        *_span_and_unit(contents.times, contents.unit),
    )  # fmt: skip


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Makes an error of a reading library one sentence: damaged files make them raise nearly anything."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise ValueError(f"the data file {path} cannot be read: it is no text in UTF-8, save it so") from error
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"the data file {path} cannot be read: {first_line(error)}") from error


def _between(contents: Contents, text: str, path: Path) -> Contents:
    """The contents in a range of times."""
    if not contents.times:
        raise ValueError(f"select time={text}: {path} has no times, or --time-step replaces them")
    chosen = {(part.start, part.stop) for part in (time_range(times, text) for times in contents.times)}
    if len(chosen) > 1:
        raise ValueError(f"select time={text}: the members of {path} have different times")
    ((first, last),) = chosen
    times = [own[first:last] for own in contents.times]
    shape = (contents.shape[0], last - first, contents.shape[2])
    return contents._replace(
        shape=shape, times=times, read=lambda start, stop: contents.read(first + start, first + stop)
    )


def _prepared(contents: Contents, path: Path, options: ReadingOptions) -> Series:
    """The series after its preparation, in memory."""
    with _damage_told(path):
        values = np.asarray(contents.read(0, contents.shape[1]), dtype=float)
    fills = options.resample is not None or options.gaps is not None
    known = bool(contents.times) and fills and options.time_step is None
    step = None if known else common_step(contents, path, options)
    shared = len(contents.times) == 1  # by all members
    times = list(contents.times) * (len(values) if shared else 1)
    start = Prepared(list(values), tuple(contents.variables), times, step, contents.notes)
    try:
        done = prepare(start, options.without(contents.done))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    step = done.time_step
    lengths = {len(member) for member in done.members}
    # Gaps make more of them; by chance they may have one length.
    segments = tuple(done.members) if len(lengths) > 1 or len(done.members) > len(values) else ()
    whole = joined(segments) if segments else np.stack(done.members)
    times = np.concatenate(done.times[: len(segments) or 1]) if done.times else np.empty(0)
    record = record_of(done, contents.variables, float(step))
    return Series(
        str(path), whole.shape, done.names, float(step), lambda first, stop: whole[:, first:stop], done.notes, times,
        *_span_and_unit(done.times if contents.times else [], contents.unit), segments, record, contents.units,
    )  # fmt: skip


def _span_and_unit(times: Sequence[np.ndarray], unit: str) -> tuple[tuple, str]:
    """The first and the last of the times of all members, and their unit."""
    if not times:
        return (), ""
    span = (min(own[0] for own in times), max(own[-1] for own in times))
    return span, "days" if times[0].dtype.kind in "MO" else unit


def _repeated(names: Sequence[str]) -> str:
    return next(name for name in names if list(names).count(name) > 1)


def check_series(series: Series) -> None:
    """Refuses data that no density can be estimated from, reading in pieces.

    Raises ``ValueError`` with the number of non-finite values and the place of the first, or the name of a constant
    variable.
    """
    if series.n_states < _MIN_STATES:
        raise ValueError(f"{series.source} holds {series.n_states} states: at least {_MIN_STATES} are needed")
    lower, upper = np.full(series.shape[2], np.inf), np.full(series.shape[2], -np.inf)
    n_bad, first = 0, ""
    for start, values in series.pieces():
        bad = ~np.isfinite(values)
        if series.segments:  # states between them are missing
            bad &= ~bad.all(axis=2, keepdims=True)
        if bad.any():
            if not n_bad:
                time, member, variable = np.argwhere(bad.swapaxes(0, 1))[0]
                first = f"{series.variables[variable]!r} at time index {start + time}"
                first += f" of member {member}" if series.shape[0] > 1 else ""
            n_bad += int(bad.sum())
        lower, upper = np.fmin(lower, np.nanmin(values, axis=(0, 1))), np.fmax(upper, np.nanmax(values, axis=(0, 1)))
    lower, upper = lower.astype(float), upper.astype(float)
    if n_bad:
        raise ValueError(
            f"{series.source} holds {n_bad} non-finite values, the first in {first}: fill or cut them, "
            "by --gaps interpolate, segments or drop-edges"
        )
    for name, low, high in zip(series.variables, lower, upper):
        if low == high:
            raise ValueError(f"variable {name!r} of {series.source} is constant ({low:g}): it has no density")
        level = max(abs(low), abs(high))
        if level >= _LARGEST and is_usual_code(extreme := low if abs(low) == level else high):
            raise ValueError(
                f"variable {name!r} of {series.source} has the value {extreme:g}, by which files tell missing values: "
                f"give --missing {extreme:g}"
            )
        if not _SMALLEST < level < _LARGEST or high - low < _FINEST * level:
            raise ValueError(
                f"variable {name!r} of {series.source} lies between {low:g} and {high:g}: subtract a constant or "
                "change its units, single precision cannot hold it"
            )
