"""Two halves of a path, whose difference is the floor of a statistic."""

from __future__ import annotations

import xarray as xr

# Pieces of the data, assigned to its two halves in turn, so that a slow drift is in both.
PIECES = 40
_MIN_MEMBERS = 10


def interleaved_halves(path: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray] | None:
    """Two halves of a path: 40 pieces of it in turn, each a member; ``None`` where there are not as many values.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``.

    Examples
    --------
    >>> from kgmm import simulate
    >>> path = simulate("ornstein_uhlenbeck", n_members=1, n_times=400, interval=0.1, seed=0)
    >>> [half.shape for half in interleaved_halves(path)]
    [(20, 10, 2), (20, 10, 2)]
    """
    members, times, variables = (path.sizes[name] for name in ("member", "time", "variable"))
    length = min(times * members // max(PIECES, members), times)
    if length < 1 or members * (times // length) < PIECES:
        return None
    values = path.values[:, : times // length * length].reshape(-1, length, variables)
    coords = {"time": path["time"].values[:length], "variable": path["variable"].values}
    return tuple(xr.DataArray(values[start::2], dims=path.dims, coords=coords) for start in (0, 1))


def halves_of_members(path: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Every other member where there are ten, else the first and the second half of every member: both keep long lags.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``.
    """
    if path.sizes["member"] >= _MIN_MEMBERS:
        return path[::2], path[1::2]
    half = path.sizes["time"] // 2
    times = path["time"].values[:half]
    return path[:, :half].assign_coords(time=times), path[:, -half:].assign_coords(time=times)
