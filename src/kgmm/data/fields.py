"""Fields over latitude and longitude: a part of them, their mean, their principal components."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.options import ReadingOptions

_LATITUDES = ("lat", "latitude", "nav_lat")
_LONGITUDES = ("lon", "longitude", "nav_lon", "long")
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
            chosen = [int(np.abs(values - bounds[0]).argmin())]
        else:
            chosen = np.flatnonzero(_between(values, *bounds, name))
        if len(chosen) == 0:
            raise ValueError(f"select {name}={text}: {name} of {path} lies between {values.min()} and {values.max()}")
        dataset = dataset.isel({name: chosen})
    return dataset


def _between(values: np.ndarray, low: float, high: float, name: str) -> np.ndarray:
    """Which values of a coordinate lie between bounds; of a longitude also across the end of the circle."""
    if str(name).lower() not in _LONGITUDES:
        return (values >= min(low, high)) & (values <= max(low, high))
    east = (values - low) % 360.0  # degrees to the east of the western bound
    width = (high - low) % 360.0
    return east <= (360.0 if high - low >= 360.0 else width)


def reduced(field: xr.DataArray, options: ReadingOptions, path: Path) -> tuple[xr.Variable, list[str]]:
    """The mean of a field, or its leading principal components, weighted by area where there is a latitude.

    The empirical orthogonal functions are those of scikit-learn's ``PCA`` of anomalies times the square root of the
    cosine of latitude. Grid points that are missing at some time (land) are left out.

    Parameters
    ----------
    field : xarray.DataArray
        Along the times, and any other dimensions but members.
    options : ReadingOptions
        ``reduce``: ``"mean"`` or ``"pcs=3"``.
    path : Path
        The file, for messages.

    Returns
    -------
    xarray.Variable, list of str
        Along the times; of components also along ``component``; and the names of the variables.

    Raises
    ------
    ValueError
        In one sentence, for another word, or fewer grid points or times than components.
    """
    time, name = options.time, str(field.name)
    match = _PCS.fullmatch(options.reduce)
    if options.reduce != "mean" and match is None:
        raise ValueError(f"reduce is {options.reduce!r}: mean or pcs=3 is expected for {name!r} of {path}")
    space = [dim for dim in field.dims if dim != time]
    if options.member in space:
        raise ValueError(f"variable {name!r} of {path} has members: fields of several cannot be reduced together")
    if not space:
        return field.variable, [name]
    weights = xr.ones_like(field.isel({time: 0}, drop=True), dtype=float)
    # Of curvilinear grids it has two dimensions.
    known_by_name = (name for name in field.coords if str(name).lower() in _LATITUDES)
    latitude = next((name for name in known_by_name if set(field[name].dims) <= set(space)), None)
    if latitude is not None:
        weights = weights * np.cos(np.deg2rad(field[latitude]))
    columns = field.transpose(time, *space).values.reshape(field.sizes[time], -1).astype(float)
    weights = weights.transpose(*space).values.ravel()
    known = np.isfinite(columns).all(axis=0)
    if not known.any():
        raise ValueError(f"no grid point of {name!r} in {path} has a value at every time")
    columns, weights = columns[:, known], weights[known]
    if match is None:
        return xr.Variable(time, columns @ weights / weights.sum()), [name]
    n_components = int(match.group(1))
    if n_components > min(columns.shape):
        raise ValueError(
            f"reduce is {options.reduce}: {name!r} of {path} has {columns.shape[1]} grid points with values"
        )
    from sklearn.decomposition import PCA

    # Exact, and without the covariance of all grid points, which a fine grid has no room for.
    scores = PCA(n_components, svd_solver="full").fit_transform(columns * np.sqrt(np.clip(weights, 0.0, None)))
    return xr.Variable((time, "component"), scores), [f"{name}_pc{k + 1}" for k in range(n_components)]
