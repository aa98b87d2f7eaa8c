"""Undoes a preparation: a sample of a model in the units of the file, with its trend and season, and a score there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr

from kgmm.data.paths import as_path, time_step_of
from kgmm.data.preparation import Prepared
from kgmm.data.regular_times import day_numbers
from kgmm.data.segments import SEGMENTS, runs
from kgmm.data.time_steps import is_monthly, month_numbers, phases
from kgmm.data.trajectory import as_trajectory
from kgmm.data.transforms import recorded

RECORD = "preparation_record"


def record_of(series: Prepared, variables: Sequence[str], time_step: float) -> str:
    """What :func:`restore` needs to know of a preparation, as JSON; ``variables`` are those before it."""
    record = {"variables": list(variables), "step": time_step, "steps": series.undone, "starts": list(series.starts)}
    times = series.origin
    if times.dtype.kind == "M":
        record |= {"start": str(times[0].astype("datetime64[ms]")), "calendar": "standard"}
    elif times.dtype == object:
        record |= {"start": times[0].isoformat(), "calendar": times[0].calendar}
    if "start" in record and is_monthly(times):
        record["months"] = int(np.diff(month_numbers(times))[0])
    return json.dumps(record)


def restore(sample, path: xr.DataArray, *, after: int = 0) -> xr.DataArray:
    """A sample of a model of a prepared series, in the units of the series' file.

    What :func:`kgmm.read` did is undone in the opposite order: earlier states and time derivatives that were added as
    variables are left out, deviations become physical units, the linear trend and the mean of each month or day
    are added, and transforms are inverted. Noise that was added (``jitter``) stays, and principal components of a field
    stay in units of its anomalies: the season and trend of every grid point are not recorded.

    Parameters
    ----------
    sample : array_like
        States with the variables of ``path`` and its time step, as :func:`kgmm.data.paths.as_path` takes them: of
        :meth:`kgmm.LangevinModel.sample`, or ``path`` itself.
    path : xarray.DataArray
        What :func:`kgmm.read` returned; its attributes hold what was done.
    after : int
        Time of the first state of the sample, in steps after the first state of the path: trend and season depend
        on it. Where the members of the path begin at different times (``gaps="segments"``), those of a sample of as
        many members do too, each so many steps after its own.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(member, time, variable)``. Where the file has dates, the coordinate ``date`` along ``time`` holds
        those of the sample; along ``member`` and ``time`` where members begin at different times.

    Raises
    ------
    ValueError
        If the sample has another number of variables than the path, or ``path`` does not come from :func:`kgmm.read`.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, kgmm
    >>> file = pathlib.Path(tempfile.mkdtemp(), "series.csv")
    >>> x = 20 + 3 * np.random.default_rng(0).normal(size=200) + 0.1 * np.arange(200)
    >>> np.savetxt(file, np.column_stack([np.arange(200), x]), header="time,x", delimiter=",", comments="")
    >>> path = kgmm.read(file, detrend=True, standardise=True)
    >>> bool(np.allclose(kgmm.restore(path, path)[0, :, 0], x))
    True
    """
    record = _record(path)
    sample = as_path(sample)
    if sample.sizes["variable"] != path.sizes["variable"]:
        raise ValueError(f"the sample has {sample.sizes['variable']} variables: the path has {path.sizes['variable']}")
    # The first state of the path is later than that of the series by those that embedding and derivatives took.
    lost = sum(step.get("lost", 0) for step in record["steps"])
    places = _places(record, sample, path) + after + lost  # (1 or n_members, n_times)
    dates = _dates(record, places.max() + 1)
    values = sample.values
    for step in reversed(record["steps"]):
        if step["what"] == "added":
            values = values[..., : step["kept"]]
        elif step["what"] == "standardise":
            values = np.array(step["mean"]) + np.array(step["deviation"]) * values
        elif step["what"] == "transform":
            values = values.copy()
            for k, function in recorded(step).items():
                values[..., k] = function.inverse(values[..., k])
        elif step["what"] == "detrend":
            passed = record["step"] * places if dates is None else day_numbers(dates)[places]
            values = values + (step["first"] + passed)[..., None] * np.array(step["slopes"])
        else:
            # Without dates the times were decimal years, in months.
            at = (step["first"] + places) % 12 if dates is None else phases(dates, step["period"])[places]
            values = values + np.array(step["means"])[at]
    restored = as_trajectory(values, record["variables"], time_step_of(path))
    if dates is None:
        return restored
    own = (("member", "time"), dates[places]) if len(places) > 1 else ("time", dates[places[0]])
    return restored.assign_coords(date=own)


def physical_score(score: Callable[[np.ndarray], np.ndarray], path: xr.DataArray) -> Callable[[np.ndarray], np.ndarray]:
    """The score of a series before it was transformed or standardised, from that of the prepared one.

    With ``y = g(x)`` for every variable ``p(x) = q(g(x)) |g′(x)|``, so that
    ``∂ log p/∂x = g′(x) ∂ log q/∂y + (log g′)′(x)``.

    Parameters
    ----------
    score : callable
        Of the prepared series, such as :func:`kgmm.fit_score` returns.
    path : xarray.DataArray
        The prepared series, as :func:`kgmm.read` returned it.

    Returns
    -------
    callable
        Takes states in the units of the file, ``(n, n_features)``, and returns the score there, of the same shape.

    Raises
    ------
    ValueError
        If the preparation depends on time or adds variables, which have no density in the units of the file.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, kgmm
    >>> file = pathlib.Path(tempfile.mkdtemp(), "series.csv")
    >>> x = np.random.default_rng(0).exponential(size=20_000)
    >>> np.savetxt(file, x, header="x", comments="")
    >>> path = kgmm.read(file, transform={"x": "log"}, time_step=1.0)
    >>> score = kgmm.physical_score(kgmm.fit_score(path), path)
    >>> bool(np.abs(score(np.array([[0.5], [1.0], [2.0]])) + 1.0).max() < 0.1)  # of the exponential law: -1
    True
    """
    steps = _record(path)["steps"]
    for step in steps:
        if step["what"] not in ("transform", "standardise"):
            raise ValueError(
                f"the preparation holds {step['what']!r}: a score can be freed of transforms and standardise only"
            )

    def restored(x: np.ndarray) -> np.ndarray:
        y = np.array(x, dtype=float)  # a copy, which is changed
        slope, further = np.ones_like(y), np.zeros_like(y)
        for step in steps:
            if step["what"] == "standardise":
                y = (y - np.array(step["mean"])) / np.array(step["deviation"])
                slope = slope / np.array(step["deviation"])
                continue
            for k, transform in recorded(step).items():
                further[:, k] += slope[:, k] * transform.log_slope_derivative(y[:, k])
                slope[:, k] *= transform.slope(y[:, k])
                y[:, k] = transform(y[:, k])
        return slope * score(y) + further

    return restored


def _record(path: xr.DataArray) -> dict:
    if RECORD not in path.attrs:
        raise ValueError("the path holds no record of a preparation: give what kgmm.read returned")
    return json.loads(path.attrs[RECORD])


def _places(record: Mapping, sample: xr.DataArray, path: xr.DataArray) -> np.ndarray:
    """Steps after the first one at which the states of a sample are, ``(1, n_times)`` if all members begin at once."""
    starts = record.get("starts") or [0]  # files of earlier versions have none
    if SEGMENTS in sample.attrs:
        lengths = [len(segment) for segment in runs(sample.values)]
        if len(lengths) != len(starts):
            raise ValueError(f"the sample has {len(lengths)} segments: the path was made with {len(starts)}")
        # The states between two segments are missing, wherever they are.
        own = [start + np.arange(length + 1) for start, length in zip(starts, lengths)]
        return np.concatenate(own)[None, :-1]
    alike = sample.sizes["member"] == path.sizes["member"] == len(starts)
    starts = starts if alike and len(set(starts)) > 1 else starts[:1]
    return np.array(starts)[:, None] + np.arange(sample.sizes["time"])


def _dates(record: Mapping, number: int) -> np.ndarray | None:
    """So many dates from the first of the series on, in the calendar of its file."""
    if "start" not in record:
        return None
    calendar = {"calendar": record["calendar"], "use_cftime": record["calendar"] != "standard"}
    if "months" not in record:
        seconds = round(86400 * record["step"])
        return xr.date_range(record["start"], periods=number, freq=f"{seconds}s", **calendar).values
    start = xr.date_range(record["start"], periods=1, freq="s", **calendar)[0]
    month = start.replace(day=1, hour=0, minute=0, second=0)
    months = xr.date_range(month, periods=number, freq=f"{record['months']}MS", **calendar)
    return (months + (start - month)).values
