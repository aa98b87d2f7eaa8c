"""Times of NetCDF files that count months or years, which the standard calendar does not define as lengths."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

_UNITS = re.compile(r"(months?|years?) since (\d{1,4}-\d{1,2}(?:-\d{1,2})?)([T ].*)?", re.IGNORECASE)
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")


def dates_of_months(time: xr.Variable) -> np.ndarray | None:
    """Dates of a time coordinate in ``months since …`` or ``years since …``; ``None`` in other units and calendars.

    Whole numbers count calendar months; fractions are parts of the month they fall in.

    Examples
    --------
    >>> time = xr.Variable("time", [0.0, 1.0, 13.5], {"units": "months since 1950-01-01"})
    >>> dates_of_months(time).astype("datetime64[D]").astype(str).tolist()
    ['1950-01-01', '1950-02-01', '1951-02-15']
    """
    match = _UNITS.fullmatch(str(time.attrs.get("units", "")).strip())
    if match is None or time.attrs.get("calendar", "standard").lower() not in _CALENDARS:
        return None
    year, month, *day = (int(part) for part in match.group(2).split("-"))
    numbers = time.values.astype(float) * (12 if match.group(1).lower().startswith("year") else 1)
    if not np.isfinite(numbers).all():
        return None
    whole = np.floor(numbers + 1e-6)  # thirds and twelfths may be rounded
    months = np.datetime64(f"{year:04d}-{month:02d}", "M") + whole.astype(int)
    start = months.astype("datetime64[s]")
    length = ((months + 1).astype("datetime64[s]") - start).astype(float)
    passed = np.clip(numbers - whole, 0.0, 1.0) * length + 86400.0 * ((day[0] if day else 1) - 1)
    return (start + np.round(passed).astype("timedelta64[s]")).astype("datetime64[ns]")
