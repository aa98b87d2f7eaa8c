"""Preparation of a series before anything is estimated: gaps, resampling, anomalies, trends, further variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kgmm.data.gaps import close_gaps
from kgmm.data.missing_codes import is_code
from kgmm.data.options import ReadingOptions
from kgmm.data.prepared import Prepared
from kgmm.data.regular_times import day_numbers, resampled
from kgmm.data.time_steps import is_monthly, month_numbers, months_of_decimal_years, phases
from kgmm.data.transform_steps import names_after, transformed
from kgmm.data.transforms import transforms_of

_LEAST_FOR_DERIVATIVE = 3


def prepare(series: Prepared, options: ReadingOptions) -> Prepared:
    """Does what the options ask for, in the order of their fields.

    Parameters
    ----------
    series : Prepared
    options : ReadingOptions

    Returns
    -------
    Prepared

    Raises
    ------
    ValueError
        In one sentence, for what the series does not allow.

    Examples
    --------
    >>> x = np.array([[1.0], [np.nan], [3.0], [4.0]])
    >>> done = prepare(Prepared([x], ("x",), time_step=1.0), ReadingOptions(gaps="interpolate"))
    >>> done.members[0].ravel().tolist(), done.notes
    ([1.0, 2.0, 3.0, 4.0], ('1 missing states were interpolated',))
    """
    if options.missing:
        series = _without_codes(series, options.missing)
    if options.resample is not None:
        series = _resampled(series, options.resample, options.max_gap)
    if options.gaps is not None:
        series = close_gaps(series, options.gaps, options.max_gap)
    if options.jitter is not None:
        series = jitter(series, options.jitter)
    if options.transform:
        series = transform(series, options.transform)
    if options.anomalies is not None:
        series = anomalies(series, options.anomalies)
    if options.detrend:
        series = detrend(series)
    if options.standardise:
        series = standardise(series)
    series = replace(series, origin=series.times[0][:2] if series.times else np.empty(0), starts=_starts(series))
    if options.derivative:
        series = add_derivative(series)
    if options.lag_embed is not None:
        series = embed(series, options.lag_embed)
    return series


def _starts(series: Prepared) -> tuple[int, ...]:
    """Where members begin, in steps after the first; of dates in months, months count."""
    if not series.times:
        return (0,) * len(series.members)
    first = np.array([times[0] for times in series.times])
    if is_monthly(series.times[0]):
        months = month_numbers(first)
        after = (months - months[0]) / np.diff(month_numbers(series.times[0][:2]))[0]
    else:
        after = (day_numbers(first) - day_numbers(first)[0]) / (series.time_step or 1.0)
    return tuple(int(place) for place in np.round(after))


def _without_codes(series: Prepared, codes: Sequence[float]) -> Prepared:
    found = [is_code(member, codes) for member in series.members]
    members = [np.where(is_code, np.nan, member) for member, is_code in zip(series.members, found)]
    count = sum(int(is_code.sum()) for is_code in found)
    return series.noted(f"{count} values that stand for missing ones were taken out", members=members)


def _resampled(series: Prepared, step: float, max_gap: int) -> Prepared:
    if not series.times:
        raise ValueError(f"resample is {step:g}: the file has no times")
    parts = [resampled(member, times, step, max_gap) for member, times in zip(series.members, series.times)]
    how = parts[0].method
    members, times = [part.values for part in parts], [part.times for part in parts]
    return series.noted(f"resampled every {step:g} by {how}", members=members, times=times, time_step=step)


def jitter(series: Prepared, width: float) -> Prepared:
    """Adds uniform noise of that width, the same whenever a file is read: rounded values have a density again."""
    rng = np.random.default_rng(0)
    members = [member + width * (rng.random(member.shape) - 0.5) for member in series.members]
    return series.noted(f"uniform noise of width {width:g} was added", members=members)


def transform(series: Prepared, wanted: Mapping[str, str]) -> Prepared:
    """Transforms variables by :mod:`kgmm.data.transforms`.

    Raises
    ------
    ValueError
        For an unknown variable or transform, and values beyond an edge.
    """
    found = transforms_of(wanted, series.names, series.members)
    names = names_after(found, series.names)
    members = transformed(found, series.members, np.random.default_rng(0))  # the same whenever a file is read
    told = ", ".join(
        f"{series.names[k]} by {function.kind} ({', '.join(f'{n:.4g}' for n in function.numbers)})"
        for k, function in found.items()
    )
    steps = [[k, function.kind, list(function.numbers)] for k, function in found.items()]
    undone = {"what": "transform", "transforms": steps}
    return series.noted(f"transformed: {told}", undone, members=members, names=names)


def anomalies(series: Prepared, period: str) -> Prepared:
    """Subtracts the mean of each calendar month or day of the year.

    Raises
    ------
    ValueError
        If the times are neither dates nor, for months, decimal years.
    """
    units = [_phases_of(times, period) for times in series.times]
    if not units:
        raise ValueError(f"anomalies is {period!r}: the series has no times, or --time-step replaces them")
    everything, phase = np.concatenate(series.members), np.concatenate(units)
    means = np.zeros((int(phase.max()) + 1, everything.shape[1]))
    for value in np.unique(phase):
        means[value] = everything[phase == value].mean(axis=0)
    members = [member - means[own] for member, own in zip(series.members, units)]
    undone = {"what": "anomalies", "period": period, "means": means.tolist(), "first": int(units[0][0])}
    return series.noted(f"{period} means were subtracted", undone, members=members)


def _phases_of(times: np.ndarray, period: str) -> np.ndarray:
    if times.dtype.kind in "MO":
        return phases(times, period)
    months = months_of_decimal_years(times) if period == "monthly" else None
    if months is None:
        raise ValueError(f"anomalies is {period!r}: the times of the series are no dates")
    return months % 12


def detrend(series: Prepared) -> Prepared:
    """Subtracts from each variable the straight line fitted to all members together, and keeps its mean.

    One line, because members can be short pieces of one series.
    """
    first = series.times[0][0] if series.times else 0.0
    times = [
        day_numbers(np.concatenate([[first], series.times[k]]))[1:]
        if series.times
        else (series.time_step or 1.0) * np.arange(len(member))
        for k, member in enumerate(series.members)
    ]
    everything, at = np.concatenate(series.members), np.concatenate(times)
    slopes = np.polyfit(at - at.mean(), everything, 1)[0]
    members = [member - np.outer(own - at.mean(), slopes) for member, own in zip(series.members, times)]
    numbers = ", ".join(f"{name} {slope:.4g}" for name, slope in zip(series.names, slopes))
    return series.noted(
        f"the linear trend was subtracted (per unit of time, of dates per day: {numbers})",
        {"what": "detrend", "slopes": slopes.tolist(), "first": float(times[0][0] - at.mean())},
        members=members,
    )


def standardise(series: Prepared) -> Prepared:
    """Gives every variable mean zero and standard deviation one."""
    everything = np.concatenate(series.members)
    mean, deviation = everything.mean(axis=0), everything.std(axis=0)
    if not (deviation > 0).all():
        raise ValueError(f"standardise: variable {series.names[int(np.argmin(deviation))]!r} is constant")
    numbers = ", ".join(f"{n} ({m:.4g}, {d:.4g})" for n, m, d in zip(series.names, mean, deviation))
    members = [(member - mean) / deviation for member in series.members]
    undone = {"what": "standardise", "mean": mean.tolist(), "deviation": deviation.tolist()}
    return series.noted(f"standardised from mean and deviation of {numbers}", undone, members=members)


def add_derivative(series: Prepared) -> Prepared:
    """Adds the centred time derivative of every variable; members lose their first and last state."""
    step = series.time_step or 1.0
    series = _of_length(series, _LEAST_FOR_DERIVATIVE + 1)
    members = [
        np.concatenate([member[1:-1], (member[2:] - member[:-2]) / (2 * step)], axis=1) for member in series.members
    ]
    if not members:
        raise ValueError(f"derivative: no member has more than {_LEAST_FOR_DERIVATIVE} states")
    names = (*series.names, *(f"d{name}/dt" for name in series.names))
    times = [times[1:-1] for times in series.times]
    undone = {"what": "added", "kept": len(series.names), "lost": 1}
    return series.noted("time derivatives were added", undone, members=members, names=names, times=times)


def _of_length(series: Prepared, least: int) -> Prepared:
    """The members that are at least so long."""
    kept = [k for k, member in enumerate(series.members) if len(member) >= least]
    return replace(
        series,
        members=[series.members[k] for k in kept],
        times=[series.times[k] for k in kept if series.times],
        starts=tuple(series.starts[k] for k in kept if series.starts),
    )


def embed(series: Prepared, n_lags: int) -> Prepared:
    """Makes ``n_lags`` successive states one: the present first, then those before it."""
    series = _of_length(series, n_lags + 1)
    members = [
        np.concatenate([member[n_lags - 1 - lag : len(member) - lag] for lag in range(n_lags)], axis=1)
        for member in series.members
    ]
    if not members:
        raise ValueError(f"lag_embed is {n_lags}: no member has more states")
    names = tuple(f"{name}_lag{lag}" if lag else name for lag in range(n_lags) for name in series.names)
    times = [times[n_lags - 1 :] for times in series.times]
    undone = {"what": "added", "kept": len(series.names), "lost": n_lags - 1}
    note = f"{n_lags} successive states are taken together"
    return series.noted(note, undone, members=members, names=names, times=times)
