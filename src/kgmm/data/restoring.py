"""Undoes a preparation: a sample of a model in the units of the file, with its trend and season, and a score there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from kgmm.data.paths import as_path, time_step_of
from kgmm.data.restoration import Restoration
from kgmm.data.segments import SEGMENTS, runs
from kgmm.data.trajectory import as_trajectory
from kgmm.data.transform_steps import pulled_back


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
        on it. Where the members of the path begin at different times (``gaps="segments"``) and the sample has as many
        members, each begins so many steps after the member of the path with the same number.

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
    restoration = Restoration.of(path)
    sample = as_path(sample)
    if sample.sizes["variable"] != path.sizes["variable"]:
        raise ValueError(f"the sample has {sample.sizes['variable']} variables: the path has {path.sizes['variable']}")
    places = places_of(restoration, sample, path.sizes["member"]) + after
    restored = as_trajectory(restoration.undo(sample.values, places), restoration.variables, time_step_of(path))
    dates = restoration.dates(int(places.max()) + 1)
    if dates is None:
        return restored
    own = (("member", "time"), dates[places]) if len(places) > 1 else ("time", dates[places[0]])
    return restored.assign_coords(date=own)


def places_of(restoration: Restoration, sample: xr.DataArray, n_members: int) -> np.ndarray:
    """Places of the states of a sample, ``(n_members, n_times)``, or ``(1, n_times)`` if all members begin at once.

    Parameters
    ----------
    restoration : Restoration
    sample : xarray.DataArray
        Dimensions ``(member, time, variable)``; segments follow each other as in the series of the record.
    n_members : int
        Of the series of the record.

    Raises
    ------
    ValueError
        If the sample has other segments.
    """
    starts = restoration.starts
    if SEGMENTS in sample.attrs:
        lengths = [len(segment) for segment in runs(sample.values)]
        if len(lengths) != len(starts):
            raise ValueError(f"the sample has {len(lengths)} segments: the path was made with {len(starts)}")
        # The states between two segments are missing, wherever they are.
        own = [start + np.arange(length + 1) for start, length in zip(starts, lengths)]
        return np.concatenate(own)[None, :-1]
    alike = sample.sizes["member"] == n_members == len(starts)
    starts = starts if alike and len(set(starts)) > 1 else starts[:1]
    return np.array(starts)[:, None] + np.arange(sample.sizes["time"])


def physical_score(score: Callable[[np.ndarray], np.ndarray], path: xr.DataArray) -> Callable[[np.ndarray], np.ndarray]:
    """The score of a series before it was transformed or standardised, from that of the prepared one.

    See :func:`kgmm.data.transform_steps.pulled_back` for the chain rule.

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
    steps = Restoration.of(path).steps
    for step in steps:
        if step["what"] not in ("transform", "standardise"):
            raise ValueError(
                f"the preparation holds {step['what']!r}: a score can be freed of transforms and standardise only"
            )

    def restored(x: np.ndarray) -> np.ndarray:
        y, back = np.asarray(x, dtype=float), []
        for step in steps:
            if step["what"] == "standardise":
                deviation = np.array(step["deviation"])
                y = (y - np.array(step["mean"])) / deviation
                back.append(lambda values, deviation=deviation: values / deviation)
            else:
                y, of_step = pulled_back(step, y)
                back.append(of_step)
        values = score(y)
        for of_step in reversed(back):
            values = of_step(values)
        return values

    return restored
