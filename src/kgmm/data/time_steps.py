"""Steps of a time coordinate: numbers, dates, and calendar months, which are equal steps of unequal length."""

from __future__ import annotations

import numpy as np

MONTHS_PER_YEAR = 12
DAYS_PER_YEAR = 365.2425  # of the Gregorian calendar
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR
# By how many days the last days of months differ.
_LENGTHS_OF_MONTHS = 3.0
FIRST_YEAR, LAST_YEAR = 1000, 3000  # numbers that can be years
_OFF_MONTH = 0.25  # of a month, by which decimal years may be rounded
# Decimals to which times may have been rounded, and the size of the last one in steps: a smaller one is no rounding.
_DECIMALS, _SMALLEST_UNIT, _LARGEST_UNIT = 3, 0.01, 0.2


def month_numbers(times: np.ndarray) -> np.ndarray:
    """Months of dates, counted so that those of January are multiples of twelve."""
    if times.dtype == object:  # calendars that NumPy does not know
        return np.array([12 * time.year + time.month - 1 for time in times])
    return times.astype("datetime64[M]").astype(int)


def days_of_month(times: np.ndarray) -> np.ndarray:
    """Days of dates since the beginning of their month, with fractions."""
    if times.dtype == object:
        return np.array([time.day - 1 + time.hour / 24 for time in times])
    return (times - times.astype("datetime64[M]")) / np.timedelta64(1, "D")


def phases(times: np.ndarray, period: str) -> np.ndarray:
    """Place of dates in the year: of the month, or of the day where all months have 31, so that no leap year shifts it.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        ``datetime64``, or dates of other calendars as objects.
    period : str
        ``"monthly"`` or ``"daily"``.

    Returns
    -------
    ndarray of int, shape (n_times,)

    Examples
    --------
    >>> phases(np.array(["1951-01-15", "1952-03-02"], dtype="datetime64[D]"), "daily").tolist()
    [14, 63]
    """
    months = month_numbers(times) % 12
    return months if period == "monthly" else 31 * months + days_of_month(times).astype(int)


def is_monthly(times: np.ndarray) -> bool:
    """Whether dates are all on the same day of a month, or near its end, a month or more apart."""
    if times.dtype.kind not in "MO" or len(times) < 2:
        return False
    return bool((np.diff(month_numbers(times)) > 0).all() and np.ptp(days_of_month(times)) <= _LENGTHS_OF_MONTHS)


def steps_between(times: np.ndarray) -> np.ndarray:
    """Differences of successive times; those of dates count in days.

    Dates that are the same number of calendar months apart have equal steps, in mean months; so have numbers that are
    equally spaced but for rounding to a few decimals, such as months in decimal years.

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
    >>> steps_between(np.array([1871.0, 1871.08, 1871.17, 1871.25])).round(4).tolist()
    [0.0833, 0.0833, 0.0833]
    """
    if times.dtype.kind in "MO":
        if times.dtype == object:  # calendars that NumPy does not know
            steps = np.array([step.total_seconds() / 86400.0 for step in np.diff(times)])
        else:
            steps = np.diff(times) / np.timedelta64(1, "D")
        months = np.diff(month_numbers(times))
        if np.ptp(steps) > 0 and is_monthly(times) and (months == months[0]).all():
            return months * DAYS_PER_MONTH
        return steps
    steps = np.diff(times)
    mean = _mean_of_rounded(times.astype(float))
    return steps if mean is None else np.full(len(steps), mean)


def in_order(steps: np.ndarray) -> str:
    """What to do about times whose steps are not all positive.

    Examples
    --------
    >>> in_order(np.array([-1.0, -1.0]))
    'they run backwards, sort the rows by their times'
    """
    if (steps < 0).all():
        return "they run backwards, sort the rows by their times"
    if (steps >= 0).all():
        return "keep one row of each time, or name the column of independent series by --member"
    return "sort the rows by their times, or name the column of independent series by --member"


def months_of_decimal_years(times: np.ndarray) -> np.ndarray | None:
    """Months of decimal years that are a month apart, counted as :func:`month_numbers`; ``None`` of other times.

    Examples
    --------
    >>> months_of_decimal_years(np.array([1950.96, 1951.04, 1951.12])) % 12
    array([11,  0,  1])
    >>> months_of_decimal_years(np.arange(1950.0, 1960.0)) is None
    True
    """
    if times.dtype.kind not in "fiu" or len(times) < 2 or not FIRST_YEAR <= times[0] <= times[-1] <= LAST_YEAR:
        return None
    passed = np.round(12 * (times - times[0]))
    if not 0.8 < 12 * np.median(np.diff(times)) < 1.2 or np.abs(12 * (times - times[0]) - passed).max() > _OFF_MONTH:
        return None
    # The first day of a month can have been rounded down, and its middle is half a month.
    start = np.floor(np.mean(12 * times - passed) + _OFF_MONTH)
    return (start + passed).astype(int)


def _mean_of_rounded(times: np.ndarray) -> float | None:
    """The step of times that are equally spaced but for rounding; ``None`` if they are not."""
    if len(times) < 3 or not np.isfinite(times).all():
        return None
    mean = (times[-1] - times[0]) / (len(times) - 1)
    for decimals in range(1, _DECIMALS + 1):
        if np.allclose(times, times.round(decimals), rtol=0, atol=1e-9 * np.abs(times).max()):
            unit = 10.0**-decimals
            best = np.polyfit(np.arange(len(times)), times - times[0], 1)
            off = np.abs(times - times[0] - np.polyval(best, np.arange(len(times)))).max()
            is_rounding = _SMALLEST_UNIT * mean <= unit <= _LARGEST_UNIT * mean
            return float(mean) if is_rounding and off <= unit else None
    return None
