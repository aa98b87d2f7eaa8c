"""Paths: what a user has of a trajectory, as one array of dimensions ``(member, time, variable)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from kgmm.data.missing_codes import unmasked
from kgmm.data.segments import SEGMENTS, in_one_member, runs
from kgmm.data.time_steps import steps_between
from kgmm.data.trajectory import DIMENSIONS, STATE

if TYPE_CHECKING:
    import pandas as pd

# Times are often stored in single precision or rounded to a few digits.
_STEP_TOLERANCE = 1e-3
# Columns of a table that are no variables where they increase all the time.
_TIME_NAMES = ("time", "t", "date", "datetime", "timestamp", "year")


def as_path(path, *, time_step: float | None = None) -> xr.DataArray:
    """A path as an array of dimensions ``(member, time, variable)``, float64.

    Parameters
    ----------
    path : xarray.DataArray, xarray.Dataset, pandas.DataFrame, pandas.Series, numpy.ndarray or list of numpy.ndarray
        A DataArray with the dimensions ``member`` (which may be missing), ``time`` and ``variable`` in any order; a
        Dataset of variables along ``time``; a DataFrame with a column for each variable, whose index is the times; an
        array ``(time,)``, ``(time, variable)`` or ``(member, time, variable)``; or a list of arrays ``(time,)`` or
        ``(time, variable)``, members of unequal length, which are padded with NaN at their end.
    time_step : float, optional
        Time between states. By default that of the times of ``path``, dates and durations counting in
        days, or 1 where it has none.

    Returns
    -------
    xarray.DataArray
        With coordinates ``time`` and ``variable``; variables without names are called ``x1, x2, …``.

    Raises
    ------
    ValueError
        In one sentence, for unusable shapes, states that are not finite, and times that are not equally spaced.

    Examples
    --------
    >>> import numpy as np
    >>> from kgmm.data.paths import as_path, segments
    >>> path = as_path([np.zeros((5, 2)), np.ones((3, 2))], time_step=0.5)
    >>> path.dims, path.shape
    (('member', 'time', 'variable'), (2, 5, 2))
    >>> [part.shape for part in segments(path)]
    [(5, 2), (3, 2)]
    """
    if time_step is not None and not 0 < time_step < np.inf:
        raise ValueError(f"time_step is {time_step}: it must be positive and finite")
    if isinstance(path, xr.Dataset):
        path = _of_dataset(path)
    if isinstance(path, xr.DataArray):
        return _of_array(path, time_step)
    if _is_column(path):
        path = path.to_frame("x1" if path.name is None else path.name)
    if hasattr(path, "columns") and hasattr(path, "index"):
        return _of_frame(path, time_step)
    if isinstance(path, (list, tuple)) and path and all(np.ndim(part) > 0 for part in path):
        values = _padded([_states(part) for part in path])
    else:
        values = _members(path)
    names = [f"x{k + 1}" for k in range(values.shape[2])]
    return _checked(values, names, 1.0 if time_step is None else float(time_step))


def segments(path) -> list[np.ndarray]:
    """The members of a path without their padding, or its segments, each ``(n_times, n_features)``."""
    return runs(as_path(path).values)


def states(path) -> np.ndarray:
    """All states of a path, ``(n_samples, n_features)``, members one after the other."""
    if _is_column(path):
        path = path.to_numpy()  # states need no times
    return np.concatenate(segments(path))


def time_step_of(path: xr.DataArray) -> float:
    """Time between the states of a path that :func:`as_path` made."""
    times = path["time"].values
    return float(times[1] - times[0]) if len(times) > 1 else float(times[0])


def _is_column(path) -> bool:
    """Whether this is a Series of pandas."""
    return hasattr(path, "to_frame") and hasattr(path, "to_numpy") and not hasattr(path, "columns")


def _of_dataset(dataset: xr.Dataset) -> xr.DataArray:
    if STATE in dataset and set(dataset[STATE].dims) <= set(DIMENSIONS):
        return dataset[STATE]
    along = [name for name in dataset.data_vars if "time" in dataset[name].dims]
    if not along:
        raise ValueError(
            f"the dataset has no variable along 'time': it holds {', '.join(map(str, dataset)) or 'nothing'}"
        )
    for name in along:
        if not set(dataset[name].dims) <= {"member", "time"}:
            raise ValueError(
                f"{name} has the dimensions {dataset[name].dims}: 'time', and 'member' if any, are allowed"
            )
        if set(dataset[name].dims) != set(dataset[along[0]].dims):
            raise ValueError(
                f"{along[0]} has the dimensions {dataset[along[0]].dims} and {name} {dataset[name].dims}: the same are "
                "needed"
            )
    return xr.concat([dataset[name] for name in along], "variable").assign_coords(variable=[str(n) for n in along])


def _of_array(path: xr.DataArray, time_step: float | None) -> xr.DataArray:
    if not {"time"} <= set(path.dims) <= set(DIMENSIONS):
        raise ValueError(
            f"the path has the dimensions {path.dims}: 'time' is needed, 'member' and 'variable' are allowed"
        )
    for name in ("member", "variable"):
        if name not in path.dims:
            path = path.expand_dims(name)
    path = path.transpose(*DIMENSIONS)
    if "variable" in path.coords:
        names = [str(name) for name in path["variable"].values]
    else:
        names = [f"x{k + 1}" for k in range(path.sizes["variable"])]
    if time_step is None:
        time_step = _step(path["time"].values) if "time" in path.coords else 1.0
    return _checked(path.values, names, time_step, path.attrs)


def _of_frame(frame: pd.DataFrame, time_step: float | None) -> xr.DataArray:
    text = [str(name) for name, dtype in frame.dtypes.items() if dtype.kind not in "fiub"]
    if text:
        raise ValueError(f"column {text[0]!r} holds no numbers: select the columns that are variables")
    for name in frame.columns[frame.columns.duplicated()]:
        raise ValueError(f"two columns are called {name!r}: rename one")
    for name in frame.columns:
        if str(name).lower() in _TIME_NAMES and (np.diff(frame[name].to_numpy(float)) > 0).all():
            raise ValueError(f"column {name!r} holds times: make it the index, by set_index({name!r}), or leave it out")
    if time_step is None:
        time_step = _step(_times_of_index(frame.index))
    return _checked(_members(frame.to_numpy(float)), [str(name) for name in frame.columns], time_step)


def _times_of_index(index: pd.Index) -> np.ndarray:
    """The times in an index of a table."""
    if hasattr(index, "to_timestamp"):  # periods
        return index.to_timestamp().values
    if getattr(index, "nlevels", 1) > 1 or index.dtype.kind not in "fiuMm":
        raise ValueError(
            f"the index begins with {index[0]!r}: times are expected, numbers or dates (pandas.to_datetime makes dates "
            "of text), or give time_step"
        )
    return index.values


def _step(times: np.ndarray) -> float:
    """The common step of times; dates and durations count in days, calendar months and years in mean ones."""
    if len(times) < 2:
        return 1.0
    if times.dtype.kind not in "fiumMO":
        raise ValueError(f"the times of the path are {times.dtype}: numbers or dates are expected")
    if times.dtype.kind == "m":
        times = times / np.timedelta64(1, "D")
    if times.dtype.kind in "iu":
        times = times.astype(float)  # differences of unsigned integers would wrap around
    steps = steps_between(times)
    smallest, largest = float(np.min(steps)), float(np.max(steps))
    if not smallest > 0:
        raise ValueError(f"the times of the path do not increase: a step is {smallest:g}")
    if largest - smallest > _STEP_TOLERANCE * largest:
        raise ValueError(
            f"the times of the path have steps between {smallest:g} and {largest:g}: equal ones are needed"
        )
    return float(np.mean(steps))


def _states(part) -> np.ndarray:
    values = unmasked(part)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(f"a member of the path has shape {values.shape}: (time,) or (time, variable) is expected")
    return _numbers(values)


def _members(values) -> np.ndarray:
    values = _numbers(unmasked(values))
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim == 2:
        values = values[None]
    if values.ndim != 3:
        raise ValueError(
            f"the path has shape {values.shape}: (time,), (time, variable) or (member, time, variable) is expected"
        )
    return values


def _numbers(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiub":
        raise ValueError(f"the path holds {values.dtype}: real numbers are needed")
    return values.astype(float)


def _padded(parts: list[np.ndarray]) -> np.ndarray:
    """Members of unequal length, ``(n_members, longest, n_features)``, with NaN where they have ended."""
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:
        raise ValueError(f"the members of the path have {sorted(widths)} variables: one number of them is needed")
    values = np.full((len(parts), max(len(part) for part in parts), widths.pop()), np.nan)
    for member, part in zip(values, parts):
        if not np.isfinite(part).all():
            raise ValueError(
                f"the path holds {(~np.isfinite(part)).sum()} values that are not finite: fill or cut them"
            )
        member[: len(part)] = part
    return values


def _length(member: np.ndarray) -> int:
    """Number of states before the padding."""
    known = ~np.isnan(member).all(axis=1)
    return int(known.size - np.argmax(known[::-1])) if known.any() else 0


def _checked(
    values: np.ndarray, names: Sequence[str], time_step: float, attributes: dict | None = None
) -> xr.DataArray:
    if 0 in values.shape:
        raise ValueError(f"the path is empty: its shape (members, times, variables) is {values.shape}")
    values = np.asarray(values, dtype=float)
    for number, member in enumerate(values):
        finite = np.isfinite(member[: _length(member)])
        if attributes and SEGMENTS in attributes:
            finite = finite[finite.any(axis=1)]  # states between segments are missing
        bad = int((~finite).sum())
        if bad or _length(member) == 0:
            raise ValueError(
                f"member {number} of the path holds {bad or member.size} values that are not finite: fill or cut them"
            )
    times = time_step * np.arange(1, values.shape[1] + 1)
    coordinates = {"time": times, "variable": list(names)}
    return xr.DataArray(values, dims=DIMENSIONS, coords=coordinates, name=STATE, attrs=attributes or {})


def as_members(path) -> xr.DataArray:
    """:func:`as_path` with members of one length, or of unequal length one after the other in one member.

    See :mod:`kgmm.data.segments`.
    """
    return in_one_member(as_path(path))
