"""Series with gaps: states in segments, which statistics in time take one by one.

Members of unequal length are one array as well: they follow each other in one member, with a missing state, NaN in
every variable, between two of them. Parts of such an array, cut anywhere, are such arrays again; its attribute
``segments`` says that it is one. Statistics of single states are over all states, those of pairs over pairs within a
segment.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

# Attribute of a trajectory with missing states between its segments: their number when it was made.
SEGMENTS = "segments"


def joined(segments: Sequence[np.ndarray]) -> np.ndarray:
    """Segments, each ``(n_times, n_features)``, as one member with a missing state between two of them.

    Examples
    --------
    >>> joined([np.ones((2, 1)), np.zeros((1, 1))])[0, :, 0].tolist()
    [1.0, 1.0, nan, 0.0]
    """
    between = np.full((1, segments[0].shape[1]), np.nan)
    parts = [part for segment in segments for part in (segment, between)]
    return np.concatenate(parts[:-1])[None]


def stretches(chosen: np.ndarray) -> np.ndarray:
    """First element and the one after the last of every stretch of true values, ``(n, 2)``.

    Examples
    --------
    >>> stretches(np.array([True, True, False, True])).tolist()
    [[0, 2], [3, 4]]
    """
    return np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(int))).reshape(-1, 2)


def runs(values: np.ndarray) -> list[np.ndarray]:
    """The segments of an array ``(n_members, n_times, n_features)``, each ``(n_times, n_features)``; of one without
    missing states its members.

    Examples
    --------
    >>> [len(run) for run in runs(np.array([1.0, 2.0, np.nan, 3.0])[None, :, None])]
    [2, 1]
    """
    known = ~np.isnan(values[:, :, 0])
    if known.all():
        return list(values)
    found = []
    for member, own in zip(values, known):
        found += [member[start:stop] for start, stop in stretches(own)]
    return found


def lengths_in_words(lengths: Sequence[int]) -> str:
    """How many states segments of these lengths hold.

    Examples
    --------
    >>> lengths_in_words([9, 4, 7]), lengths_in_words([5, 5])
    ('20 states in 3 segments of 4 to 9', '10 states in 2 segments of 5')
    """
    shortest, longest = min(lengths), max(lengths)
    sizes = f"{shortest} to {longest}" if shortest < longest else f"{longest}"
    return f"{sum(lengths)} states in {len(lengths)} segments of {sizes}"


def states_of(values: np.ndarray) -> np.ndarray:
    """All states of an array ``(n_members, n_times, n_features)`` that are not missing, ``(n, n_features)``."""
    flat = values.reshape(-1, values.shape[-1])
    known = ~np.isnan(flat[:, 0])
    return flat if known.all() else flat[known]


def longest_run(values: np.ndarray) -> int:
    """Number of states of the longest segment."""
    return max((len(run) for run in runs(values)), default=0)


def every(values: np.ndarray, step: int) -> np.ndarray:
    """Every ``step``-th state of each segment, so that no gap is passed over."""
    if not np.isnan(values[:, :, 0]).any():
        return values[:, ::step]
    return joined([run[::step] for run in runs(values)])


def blocks_of_runs(segments: Sequence[np.ndarray], n_blocks: int) -> list[list[np.ndarray]]:
    """Segments in groups of about as many states, for standard errors; those longer than a block are cut.

    Examples
    --------
    >>> [[len(part) for part in block] for block in blocks_of_runs([np.zeros((8, 1)), np.zeros((4, 1))], 3)]
    [[4], [4], [4]]
    """
    total = sum(len(segment) for segment in segments)
    length = max(1.0, total / n_blocks)
    parts = [part for segment in segments for part in np.array_split(segment, max(1, round(len(segment) / length)))]
    sizes = np.array([len(part) for part in parts])
    numbers = ((np.cumsum(sizes) - 0.5 * sizes) * n_blocks / total).astype(int)
    blocks = [[part for part, number in zip(parts, numbers) if number == block] for block in range(n_blocks)]
    return [block for block in blocks if block]


def in_one_member(path: xr.DataArray) -> xr.DataArray:
    """A path whose members have one length, or are in one with missing states between them; others are made so.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``; short members end in NaN.
    """
    if SEGMENTS in path.attrs or not np.isnan(path.values[:, :, 0]).any():
        return path
    found = runs(path.values)
    return _like(path, joined(found), len(found))


def without_gaps(path: xr.DataArray) -> xr.DataArray:
    """The path with all its states as one member, for statistics that know nothing of time, where some are missing."""
    if SEGMENTS not in path.attrs:
        return path
    return _like(path, states_of(path.values)[None], None)


def all_states(path: xr.DataArray) -> xr.DataArray:
    """:func:`without_gaps` of a path in memory, whose short members may also end in NaN."""
    return without_gaps(in_one_member(path))


def _like(path: xr.DataArray, values: np.ndarray, n_segments: int | None) -> xr.DataArray:
    """A path with other states and the step of ``path``."""
    times = path["time"].values
    step = float(times[1] - times[0]) if len(times) > 1 else float(times[0])
    attributes = {name: value for name, value in path.attrs.items() if name != SEGMENTS}
    if n_segments is not None:
        attributes[SEGMENTS] = n_segments
    return xr.DataArray(
        values,
        dims=path.dims,
        coords={"time": step * np.arange(1, values.shape[1] + 1), "variable": path["variable"].values},
        name=path.name,
        attrs=attributes,
    )
