"""Series on equal steps: missing rows filled with NaN, and other time steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kgmm.data.time_steps import (
    DAYS_PER_MONTH,
    MONTHS_PER_YEAR,
    in_order,
    is_monthly,
    month_numbers,
    months_of_decimal_years,
)

_TOLERANCE = 0.1  # of a step, by which a time may be off
_COARSER = 2.0
_SHORT = 1.5  # times the shortest step: one step, but for rounding


class Regular(NamedTuple):
    """Values ``(n_times, n_features)`` at equal steps, their times, the step, and how they were made."""

    values: np.ndarray
    times: np.ndarray
    step: float
    method: str = ""


def day_numbers(times: np.ndarray) -> np.ndarray:
    """Times as numbers; dates count in days since the first."""
    if times.dtype.kind == "M":
        return (times - times[0]) / np.timedelta64(1, "D")
    if times.dtype == object:
        return np.array([(time - times[0]).total_seconds() / 86400.0 for time in times])
    return times.astype(float)


def on_regular_times(values: np.ndarray, times: np.ndarray) -> Regular:
    """Puts rows on equal steps, with NaN where one is missing.

    Parameters
    ----------
    values : ndarray of shape (n_times, n_features)
    times : ndarray of shape (n_times,)
        Increasing; dates that are whole months apart count in months.

    Raises
    ------
    ValueError
        If the steps are not whole multiples of the shortest.

    Examples
    --------
    >>> on_regular_times(np.array([[1.0], [2.0], [4.0]]), np.array([0.0, 1.0, 3.0])).values.ravel().tolist()
    [1.0, 2.0, nan, 4.0]
    """
    if is_monthly(times):
        months = month_numbers(times)
        step = int(np.diff(months).min())
        places = (months - months[0]) / step
        length = step * DAYS_PER_MONTH
    else:
        numbers = day_numbers(times)
        steps = np.diff(numbers)
        if not (steps > 0).all():
            raise ValueError(f"the times do not increase from index {int(np.argmin(steps > 0))} on: {in_order(steps)}")
        if (months := months_of_decimal_years(times)) is not None:  # rounded, so that long gaps are no multiples
            numbers, length = months / MONTHS_PER_YEAR, 1.0 / MONTHS_PER_YEAR
        else:
            length = float(np.median(steps[steps < _SHORT * steps.min()]))
        places = (numbers - numbers[0]) / length
    whole = places.round().astype(int)
    if not length > 0 or (np.diff(whole) < 1).any() or np.abs(places - whole).max() > _TOLERANCE + 1e-3 * whole.max():
        raise ValueError(
            f"the times are not whole multiples of their shortest step, {length:.6g}: give --resample, or "
            "--time-step to take all steps as equal"
        )
    filled = np.full((whole[-1] + 1, values.shape[1]), np.nan)
    filled[whole] = values
    return Regular(filled, _filled_times(times, whole), length)


def _filled_times(times: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Times of all steps, also of those that are missing."""
    if is_monthly(times):
        months = month_numbers(times)
        every = months[0] + int(np.diff(months).min()) * np.arange(whole[-1] + 1)
        start = np.datetime64("1970-01", "M") if times.dtype.kind == "M" else np.datetime64("0000-01", "M")
        return (start + every).astype("datetime64[ns]" if times.dtype.kind == "M" else "datetime64[s]")
    if times.dtype.kind == "M":
        start, duration = times[0], (times[-1] - times[0]) / max(whole[-1], 1)
        return start + np.arange(whole[-1] + 1) * duration
    numbers = day_numbers(times)
    return np.interp(np.arange(whole[-1] + 1), whole, numbers)


def resampled(values: np.ndarray, times: np.ndarray, step: float, max_gap: int = 3) -> Regular:
    """Values at another step: means over it where it is coarser than twice the median one, else linear interpolation.

    Parameters
    ----------
    values : ndarray of shape (n_times, n_features)
        States with a NaN are left out.
    times : ndarray of shape (n_times,)
    step : float
        In units of the times, of dates in days.
    max_gap : int
        Between times that are more steps apart, new or median ones, there are no values.

    Raises
    ------
    ValueError
        If the times do not increase, or the step is longer than the series.

    Examples
    --------
    >>> resampled(np.array([[0.0], [1.0], [4.0]]), np.array([0.0, 1.0, 4.0]), 2.0).values.ravel().tolist()
    [0.0, 2.0, 4.0]
    """
    numbers = day_numbers(times)
    known = np.isfinite(values).all(axis=1)
    values, numbers = values[known], numbers[known]
    if len(numbers) < 2 or (np.diff(numbers) <= 0).any():
        raise ValueError(f"resample is {step:g}: the times do not increase: {in_order(np.diff(numbers))}")
    # A time on the edge of two steps begins the second, though the quotient be below it by rounding.
    place = np.floor((numbers - numbers[0]) / step * (1 + 1e-12)).astype(int)
    n_steps = int(place[-1]) + 1
    if n_steps < 2:
        raise ValueError(f"resample is {step:g}: the series is {numbers[-1] - numbers[0]:g} long")
    grid = numbers[0] + step * np.arange(n_steps)
    if step > _COARSER * np.median(np.diff(numbers)):
        counts = np.bincount(place, minlength=n_steps)
        sums = np.stack([np.bincount(place, column, minlength=n_steps) for column in values.T], axis=1)
        with np.errstate(invalid="ignore"):
            new, method = sums / counts[:, None], "means"
    else:
        new = np.stack([np.interp(grid, numbers, column) for column in values.T], axis=1)
        method = "linear interpolation"
        after = np.clip(np.searchsorted(numbers, grid), 1, len(numbers) - 1)
        longest = (max_gap + 1) * max(step, float(np.median(np.diff(numbers)))) * (1 + 1e-9)
        between = (numbers[after] - numbers[after - 1] > longest) & ~np.isin(grid, numbers)
        new[between] = np.nan
    if times.dtype.kind == "M":
        grid = times[0] + ((grid - grid[0]) * 86400e9).astype("timedelta64[ns]")
    return Regular(new, grid, step, method)
