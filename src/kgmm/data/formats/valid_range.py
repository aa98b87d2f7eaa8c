"""The range of valid values that a variable of a NetCDF file states: what lies outside is missing."""

from __future__ import annotations

import numpy as np
import xarray as xr

_SLACK = 1e-6  # relative, of values that were unpacked in single precision


def valid_range(variable: xr.Variable) -> tuple[float, float]:
    """The least and the largest valid value, in the units of the unpacked values; infinite where none is stated.

    Of packed integers the attributes are packed too, unless they are floating-point numbers (NetCDF User's Guide,
    attribute conventions).

    Parameters
    ----------
    variable : xarray.Variable
        With the attributes ``valid_range``, or ``valid_min`` and ``valid_max``, or none of them.

    Examples
    --------
    >>> valid_range(xr.Variable("time", [0.0], {"valid_range": [-50.0, 50.0]}))
    (-50.00005, 50.00005)
    >>> valid_range(xr.Variable("time", [0.0], {"valid_min": -1.0}))
    (-1.000001, inf)
    """
    stated = variable.attrs.get("valid_range", ())
    low, high = stated if np.size(stated) == 2 else (variable.attrs.get(f"valid_{end}") for end in ("min", "max"))
    try:
        low = -np.inf if low is None else _unpacked(low, variable.encoding)
        high = np.inf if high is None else _unpacked(high, variable.encoding)
    except (TypeError, ValueError):  # text, or several numbers
        return -np.inf, np.inf
    low, high = min(low, high), max(low, high)  # a negative scale turns them round
    slack = _SLACK * max((abs(end) for end in (low, high) if np.isfinite(end)), default=0.0)
    return low - slack, high + slack


def within(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """The values, NaN where they lie outside; as they are where nothing is stated."""
    if not np.isfinite(bounds).any():
        return values
    return np.where((values >= bounds[0]) & (values <= bounds[1]), values, np.nan)


def _unpacked(bound, encoding: dict) -> float:
    bound = np.asarray(bound)
    packed = np.dtype(encoding.get("dtype") or float)
    if packed.kind not in "iu" or bound.dtype.kind not in "iu":
        return float(bound)
    if str(encoding.get("_Unsigned", "")).lower() == "true":
        bound = bound.astype(packed).view(f"u{packed.itemsize}")
    return float(bound) * float(encoding.get("scale_factor", 1.0)) + float(encoding.get("add_offset", 0.0))
