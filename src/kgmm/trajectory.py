"""Trajectories as data: the file format, writing in pieces, and splitting into training and held-out parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

DIMENSIONS = ("member", "time", "variable")
STATE = "state"


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
        chunk = (min(n_members, 2048), min(n_times, 64), len(variables))
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
    return dataset[STATE].assign_attrs(dataset.attrs)


class Split(NamedTuple):
    """Training and held-out parts of a trajectory."""

    training: xr.DataArray
    held_out: xr.DataArray


def split(trajectory: xr.DataArray, held_out: float, gap: float = 0.01) -> Split:
    """Keeps whole members out where there are at least ten, else the end of every member after a gap.

    Parameters
    ----------
    held_out : fraction of the data that is kept out, in (0, 1).
    gap : fraction of the times dropped between the two parts when members are cut in time, so that the parts do
        not touch.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is {held_out}: it must lie strictly between 0 and 1")
    n_members, n_times = trajectory.sizes["member"], trajectory.sizes["time"]
    if n_members >= 10:
        cut = n_members - max(1, round(held_out * n_members))
        parts = Split(trajectory.isel(member=slice(0, cut)), trajectory.isel(member=slice(cut, None)))
    else:
        cut = int((1 - held_out) * n_times)
        after = cut + int(np.ceil(gap * n_times))
        parts = Split(trajectory.isel(time=slice(0, cut)), trajectory.isel(time=slice(after, None)))
    for name, part in zip(("training", "held-out"), parts):
        if part.size == 0:
            raise ValueError(
                f"held_out is {held_out}: of {n_members} members with {n_times} times it leaves no {name} data"
            )
    return parts


def as_samples(trajectory: xr.DataArray, n_samples: int | None = None) -> np.ndarray:
    """Samples of shape ``(n_samples, n_features)``, members one after the other, each in order of time.

    With ``n_samples`` the samples are taken over all members first and as far apart in time as the number allows,
    because members are independent and neighbouring times are not. Raises ``ValueError`` when there are too few.
    """
    n_members, n_times = trajectory.sizes["member"], trajectory.sizes["time"]
    if n_samples is None:
        n_samples = n_members * n_times
    if not 1 <= n_samples <= n_members * n_times:
        raise ValueError(
            f"{n_samples} samples are asked for: the data hold {n_members * n_times}, at least 1 is needed"
        )
    values = trajectory.values
    fewer, extra = divmod(n_samples, n_members)
    # The first members give one sample more than the others where the number does not divide.
    parts = [
        members[:, _spread(count, n_times)].reshape(-1, values.shape[-1])
        for members, count in ((values[:extra], fewer + 1), (values[extra:], fewer))
        if count and len(members)
    ]
    return np.concatenate(parts)


def _spread(count: int, n_times: int) -> np.ndarray:
    return np.linspace(0, n_times - 1, count).round().astype(int)
