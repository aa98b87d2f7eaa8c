"""Steps of a time coordinate: numbers, dates, and calendar months, which are equal steps of unequal length."""

from __future__ import annotations

import numpy as np

_DAYS_PER_MONTH = 365.2425 / 12  # of a Gregorian month
# By how many days the last days of months differ.
_LENGTHS_OF_MONTHS = 3.0


def steps_between(times: np.ndarray) -> np.ndarray:
    """Differences of successive times; those of dates count in days.

    Dates that are the same number of calendar months apart have equal steps, in mean months.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        Numbers, ``datetime64``, or dates of other calendars as objects.

    Returns
    -------
    ndarray of shape (n_times - 1,)

    Examples
    --------
    >>> steps_between(np.array(["1951-01-15", "1951-02-15", "1951-03-15"], dtype="datetime64[D]")).round(2).tolist()
    [30.44, 30.44]
    >>> steps_between(np.array(["1951-01-01", "1951-01-03"], dtype="datetime64[D]")).tolist()
    [2.0]
    """
    if times.dtype.kind == "M":
        months = times.astype("datetime64[M]")
        steps = np.diff(months.astype(int))
        days = (times - months) / np.timedelta64(1, "D")
        if steps[0] > 0 and (steps == steps[0]).all() and np.ptp(days) <= _LENGTHS_OF_MONTHS:
            return steps * _DAYS_PER_MONTH
        return np.diff(times) / np.timedelta64(1, "D")
    steps = np.diff(times)
    if steps.dtype == object:  # calendars that NumPy does not know
        return np.array([step.total_seconds() / 86400.0 for step in steps])
    return steps
