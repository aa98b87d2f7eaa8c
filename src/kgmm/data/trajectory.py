"""Trajectories as data: the file format, writing in pieces, and splitting into training and held-out parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from kgmm.data.observation import split_sizes
from kgmm.data.options import SplitOptions

DIMENSIONS = ("member", "time", "variable")
STATE = "state"
_NUMBERS_PER_CHUNK = 1 << 18
_DEFAULTS = SplitOptions()
# States are handed on in pieces of about this many numbers, so that memory does not grow with length.
NUMBERS_PER_PIECE = 8_000_000


def times_per_piece(n_members: int, n_features: int) -> int:
    """Times in one piece of a trajectory."""
    return max(1, NUMBERS_PER_PIECE // (n_members * n_features))


def as_trajectory(values: np.ndarray, variables: Sequence[str], interval: float, **attributes) -> xr.DataArray:
    """Labels an array of shape ``(member, time, variable)``; times are ``interval, 2 interval, …``."""
    times = interval * np.arange(1, values.shape[1] + 1)
    return xr.DataArray(
        values,
        dims=DIMENSIONS,
        coords={"time": times, "variable": list(variables)},
        name=STATE,
        attrs=attributes,
    )


def write_trajectory(
    path: str | Path,
    pieces: Iterable[np.ndarray],
    *,
    n_members: int,
    n_times: int,
    variables: Sequence[str],
    interval: float,
    attributes: dict,
) -> None:
    """Writes pieces of shape ``(n_members, k, n_features)`` that follow each other in time to one NetCDF file.

    Memory is that of one piece. ``attributes`` are stored with the file (mappings as JSON).
    """
    import netCDF4

    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        for name, size in zip(DIMENSIONS, (n_members, n_times, len(variables))):
            file.createDimension(name, size)
        names = file.createVariable("variable", str, ("variable",))
        names[:] = np.array(list(variables), dtype=object)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "1"
        time.long_name = "time in units of the system"
        time[:] = interval * np.arange(1, n_times + 1)
        chunk_times = min(n_times, 64)
        chunk_members = min(n_members, max(1, _NUMBERS_PER_CHUNK // (chunk_times * len(variables))))
        chunk = (chunk_members, chunk_times, len(variables))
        state = file.createVariable(STATE, "f4", DIMENSIONS, chunksizes=chunk)
        state.units = "1"
        state.long_name = "observed state in physical coordinates"
        done = 0
        for piece in pieces:
            state[:, done : done + piece.shape[1], :] = piece
            done += piece.shape[1]
        if done != n_times:
            raise ValueError(f"{done} times were given for a trajectory of {n_times}")
        for key, value in attributes.items():
            setattr(file, key, json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value)


def open_trajectory(path: str | Path) -> xr.DataArray:
    """The trajectory in a file, loaded lazily; ``ValueError`` if the file holds none."""
    dataset = xr.open_dataset(path)
    if STATE not in dataset or dataset[STATE].dims != DIMENSIONS:
        raise ValueError(f"{path} holds no variable {STATE!r} with dimensions {DIMENSIONS}")
    trajectory = dataset[STATE].assign_attrs(dataset.attrs)
    trajectory.set_close(dataset.close)
    return trajectory


class Split(NamedTuple):
    """Training and held-out parts of a trajectory."""

    training: xr.DataArray
    held_out: xr.DataArray


def split(trajectory: xr.DataArray, held_out: float = _DEFAULTS.held_out, gap: float = _DEFAULTS.gap) -> Split:
    """Keeps whole members out where there are at least ten, else the end of every member after a gap.

    Parameters
    ----------
    held_out
        Fraction of the data that is kept out, in (0, 1).
    gap
        Fraction of the times dropped between the two parts when members are cut in time, so that the parts do not
        touch.
    """
    n_members, n_times = trajectory.sizes["member"], trajectory.sizes["time"]
    (members, times), (members_out, times_out) = split_sizes(n_members, n_times, held_out, gap)
    first_out = 0 if members_out == n_members else members
    return Split(
        trajectory[:members, :times],
        trajectory[first_out:, n_times - times_out :],
    )


def concatenate_members(paths: Sequence[str | Path], output: str | Path, attributes: dict) -> None:
    """Writes one trajectory with the members of several, which agree in times and variables, reading in pieces."""
    with open_trajectory(paths[0]) as first:
        of_first = first.shape[1:]
        variables, interval = [str(name) for name in first["variable"].values], float(first["time"][0])
    n_members = 0
    for path in paths:
        with open_trajectory(path) as part:
            if part.shape[1:] != of_first:
                raise ValueError(f"{path} has (times, variables) {part.shape[1:]}: those of {paths[0]} are {of_first}")
            n_members += part.sizes["member"]
    n_times, n_features = of_first
    step = times_per_piece(n_members, n_features)
    write_trajectory(
        output,
        (np.concatenate([_times_of(path, start, start + step) for path in paths]) for start in range(0, n_times, step)),
        n_members=n_members,
        n_times=n_times,
        variables=variables,
        interval=interval,
        attributes=attributes,
    )


def _times_of(path: str | Path, start: int, stop: int) -> np.ndarray:
    """Some times of the trajectory in a file, which is closed again: an open one holds a cache of its own."""
    import netCDF4

    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return file[STATE][:, start:stop]
