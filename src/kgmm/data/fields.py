"""Fields over latitude and longitude: a part of them, their mean, their principal components."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from kgmm.data.missing_codes import is_code
from kgmm.data.options import ReadingOptions
from kgmm.data.preparation import anomalies, detrend
from kgmm.data.prepared import Prepared

_LATITUDES = ("lat", "latitude", "nav_lat")
_LONGITUDES = ("lon", "longitude", "nav_lon", "long")
_MEAN, _NO_WEIGHTS = "mean", "not weighted by area because there is no latitude"
_PCS = re.compile(r"pcs=([1-9]\d?)")


def selected(dataset: xr.Dataset, options: ReadingOptions, path: Path) -> xr.Dataset:
    """The part of a dataset in the ranges of ``options.select``, each ``low:high`` or one value.

    Raises
    ------
    ValueError
        In one sentence, for unknown coordinates and ranges without entries.
    """
    for name, text in (options.select or {}).items():
        if name == options.time:  # of all kinds of files, once the times are known
            continue
        if name not in dataset.coords or dataset[name].ndim != 1:
            raise ValueError(f"{path} has no coordinate {name!r} to select by: it has {', '.join(dataset.coords)}")
        try:
            bounds = [float(part) for part in text.split(":")]
        except ValueError:
            bounds = []
        if not 1 <= len(bounds) <= 2:
            raise ValueError(f"select {name}={text}: a number or low:high is expected")
        values = dataset[name].values
        if len(bounds) == 1:
            chosen = [int(_distance(values, bounds[0], name).argmin())]
        else:
            chosen = np.flatnonzero(_between(values, *bounds, name))
        if len(chosen) == 0:
            raise ValueError(f"select {name}={text}: {name} of {path} lies between {values.min()} and {values.max()}")
        dataset = dataset.isel({name: chosen})
    return dataset


def _distance(values: np.ndarray, wanted: float, name: str) -> np.ndarray:
    """How far values of a coordinate are from one; longitudes around the circle, whichever way is shorter."""
    if str(name).lower() not in _LONGITUDES:
        return np.abs(values - wanted)
    return np.abs((values - wanted + 180.0) % 360.0 - 180.0)


def _between(values: np.ndarray, low: float, high: float, name: str) -> np.ndarray:
    """Which values of a coordinate lie between bounds; of a longitude also across the end of the circle."""
    if str(name).lower() not in _LONGITUDES:
        return (values >= min(low, high)) & (values <= max(low, high))
    east = (values - low) % 360.0  # degrees to the east of the western bound
    width = (high - low) % 360.0
    return east <= (360.0 if high - low >= 360.0 else width)


class Reduced(NamedTuple):
    """A reduced field along the times, of components also along ``component``; its names; and what was done."""

    values: xr.Variable
    names: list[str]
    notes: tuple[str, ...]


def done_on_fields(options: ReadingOptions) -> tuple[str, ...]:
    """The options that :func:`reduced` follows before it reduces, so that nothing is left of them to do after."""
    if options.reduce is None:
        return ()
    # A mean of anomalies is the anomaly of the mean, which kgmm.restore can undo; of components it is not.
    before = ("anomalies", "detrend") if options.reduce != _MEAN else ()
    return tuple(name for name in ("missing", *before) if getattr(options, name))


def reduced(field: xr.DataArray, options: ReadingOptions, path: Path, times: np.ndarray) -> Reduced:
    """The mean of a field, or its leading principal components, weighted by area where there is a latitude.

    The empirical orthogonal functions are those of scikit-learn's ``PCA`` of the field times the square root of the
    cosine of latitude, after the season and the trend of every grid point were subtracted if the options say so. Times
    at which the whole field is missing are missing in the series; grid points that are missing at others (land) are
    left out.

    Parameters
    ----------
    field : xarray.DataArray
        Along the times, and any other dimensions but members.
    options : ReadingOptions
        ``reduce``: ``"mean"`` or ``"pcs=3"``; with ``missing``, and of components ``anomalies`` and ``detrend``.
    path : Path
        The file, for messages.
    times : ndarray of shape (n_times,)
        Needed for anomalies; empty if the file has none.

    Returns
    -------
    Reduced

    Raises
    ------
    ValueError
        In one sentence, for another word, or fewer grid points or times than components.
    """
    time, name = options.time, str(field.name)
    match = _PCS.fullmatch(options.reduce)
    if options.reduce != _MEAN and match is None:
        raise ValueError(f"reduce is {options.reduce!r}: mean or pcs=3 is expected for {name!r} of {path}")
    space = [dim for dim in field.dims if dim != time]
    if options.member in space:
        raise ValueError(f"variable {name!r} of {path} has members: fields of several cannot be reduced together")
    columns = field.transpose(time, *space).values.reshape(field.sizes[time], -1).astype(float)
    if options.missing:
        columns[is_code(columns, options.missing)] = np.nan
    observed = np.isfinite(columns).any(axis=1)
    columns = columns[observed]
    if not space:
        own, notes = _without_season_and_trend(columns, observed, options, path, times)
        return Reduced(xr.Variable(time, _at(observed, own)[:, 0]), [name], notes)
    weights, is_weighted = _weights(field, time, space)
    known = np.isfinite(columns).all(axis=0)
    if not known.any():
        raise ValueError(f"no grid point of {name!r} in {path} has a value at every time")
    points = f"{known.sum()} grid points of {name} (over {', '.join(map(str, space))})"
    points += f", {(~known).sum()} with missing values left out" * bool((~known).any())
    columns, weights = columns[:, known], weights[known]
    if match is None:
        how = "area-weighted mean" if is_weighted else f"mean, {_NO_WEIGHTS},"
        mean = columns @ weights / weights.sum()
        return Reduced(xr.Variable(time, _at(observed, mean)), [name], (f"the {how} of {points}",))
    columns, notes = _without_season_and_trend(columns, observed, options, path, times)
    n_components = int(match.group(1))
    if n_components > min(columns.shape):
        raise ValueError(
            f"reduce is {options.reduce}: {name!r} of {path} has {columns.shape[1]} grid points with values"
        )
    scores, which = _components(columns, weights, n_components, "area-weighted" if is_weighted else _NO_WEIGHTS)
    names = [f"{name}_pc{k + 1}" for k in range(n_components)]
    values = xr.Variable((time, "component"), _at(observed, scores))
    return Reduced(values, names, (*notes, f"the {which} of {points}"))


def _components(columns: np.ndarray, weights: np.ndarray, n: int, weighting: str) -> tuple[np.ndarray, str]:
    """Principal components ``(n_times, n)`` of columns with weights by area, and what they are, in words."""
    from sklearn.decomposition import PCA

    # Exact, and without the covariance of all grid points, which a fine grid has no room for.
    pca = PCA(n, svd_solver="full")
    scores = pca.fit_transform(columns * np.sqrt(np.clip(weights, 0.0, None)))
    shares = " and ".join(f"{100 * share:.2g}" for share in pca.explained_variance_ratio_)
    which = f"{n} leading principal components" if n > 1 else "leading principal component"
    return scores, f"{which} ({weighting}, {shares} % of the variance)"


def _weights(field: xr.DataArray, time: str, space: list[str]) -> tuple[np.ndarray, bool]:
    """Weights by area of all grid points, and whether there is a latitude to have them from."""
    weights = xr.ones_like(field.isel({time: 0}, drop=True), dtype=float)
    # Of curvilinear grids it has two dimensions.
    known_by_name = (name for name in field.coords if str(name).lower() in _LATITUDES)
    latitude = next((name for name in known_by_name if set(field[name].dims) <= set(space)), None)
    if latitude is not None:
        weights = weights * np.cos(np.deg2rad(field[latitude]))
    return weights.transpose(*space).values.ravel(), latitude is not None


def _without_season_and_trend(
    columns: np.ndarray, observed: np.ndarray, options: ReadingOptions, path: Path, times: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Columns ``(n_observed, n_points)`` as the options of components want them, and what was done."""
    wanted = [name for name in done_on_fields(options) if name != "missing"]
    if not wanted:
        return columns, ()
    at = (times if len(times) else np.arange(float(observed.size)))[observed]
    series, notes = Prepared([columns], (), [at]), []
    try:
        if "anomalies" in wanted:
            series = anomalies(series, options.anomalies)
            notes.append(f"{options.anomalies} means were subtracted from every grid point")
        if "detrend" in wanted:
            series = detrend(series)
            notes.append("the linear trend was subtracted from every grid point")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return series.members[0], tuple(notes)


def _at(observed: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values of the observed times at all times, NaN at the others."""
    everywhere = np.full((observed.size, *values.shape[1:]), np.nan)
    everywhere[observed] = values
    return everywhere
