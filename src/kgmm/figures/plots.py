"""The panels of the report as functions of data and a model's sample: axes in, axes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from kgmm.data.paths import as_members, as_path, states
from kgmm.figures.joint_panels import draw_joint, joint_kinds
from kgmm.figures.panels import draw_autocorrelation, draw_marginal
from kgmm.statistics.curves import autocorrelations, joint_densities, marginal_densities

_ATTRIBUTES = {"mobility": "fitted", "data_label": "data"}
_SIZE = 3.2  # inches, of a panel that is made here


def plot_densities(path, sample: xr.DataArray, axes: Sequence[Axes] | None = None) -> np.ndarray:
    """Marginal densities of data (bins) and model (kernels), a panel for each variable.

    Parameters
    ----------
    path : array_like
        The data, see :func:`kgmm.data.paths.as_path`.
    sample : xarray.DataArray
        A sample of the model, such as ``kgmm.validate(model, path).sample``.
    axes : sequence of matplotlib.axes.Axes, optional
        As many as variables; new ones by default.

    Returns
    -------
    ndarray of matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the numbers of variables or of axes differ.

    Examples
    --------
    >>> import kgmm
    >>> path, sample = (kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=200, seed=s) for s in (0, 1))
    >>> [axes.get_ylabel() for axes in plot_densities(path, sample)]
    ['density of x1', 'density of x2']
    """
    path = _of_equal_variables(path, sample)
    curves = marginal_densities(states(path), states(sample), None)
    return _draw_each(draw_marginal, _dataset(path, curves), axes)


def plot_autocorrelations(path, sample: xr.DataArray, axes: Sequence[Axes] | None = None) -> np.ndarray:
    """Autocorrelations of data and model over a little more than five decorrelation times, a panel for each variable.

    Parameters
    ----------
    path : array_like
        The data, densely saved.
    sample : xarray.DataArray
        A sample of the model, densely saved, in the same units of time.
    axes : sequence of matplotlib.axes.Axes, optional
        As many as variables; new ones by default.

    Returns
    -------
    ndarray of matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the numbers of variables or of axes differ.

    Examples
    --------
    >>> import kgmm
    >>> path, sample = (
    ...     kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=400, interval=0.1, seed=s) for s in (0, 1)
    ... )
    >>> len(plot_autocorrelations(path, sample))
    2
    """
    path = _of_equal_variables(path, sample)
    curves = autocorrelations(as_members(path), as_members(sample))
    return _draw_each(draw_autocorrelation, _dataset(path, curves), axes)


def plot_joint_density(
    path, sample: xr.DataArray, pair: tuple[int, int] = (0, 1), axes: Sequence[Axes] | None = None
) -> np.ndarray:
    """Joint density of two variables, of the data and of the model, on one scale of colours.

    Parameters
    ----------
    path : array_like
        The data.
    sample : xarray.DataArray
        A sample of the model.
    pair : tuple of int
        Numbers of the variables.
    axes : sequence of two matplotlib.axes.Axes, optional
        New ones by default.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        Of the data and of the model.

    Raises
    ------
    ValueError
        If the numbers of variables or of axes differ, or there is no such pair.

    Examples
    --------
    >>> import kgmm
    >>> path, sample = (kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=200, seed=s) for s in (0, 1))
    >>> [axes.get_title() for axes in plot_joint_density(path, sample)]
    ['data', 'model']
    """
    path = _of_equal_variables(path, sample)
    n_variables = path.sizes["variable"]
    if len(set(pair)) != 2 or not all(0 <= k < n_variables for k in pair):
        raise ValueError(f"pair is {tuple(pair)}: two different numbers below {n_variables} are expected")
    chosen = path.isel(variable=list(pair))
    curves = joint_densities(states(chosen), states(sample)[:, list(pair)])
    dataset = _dataset(chosen, curves)
    kinds = joint_kinds(dataset)
    panels = _panels(axes, len(kinds))
    for panel, kind in zip(panels, kinds):
        draw_joint(panel, dataset, kind, 0)
    return panels


def _of_equal_variables(path, sample: xr.DataArray) -> xr.DataArray:
    path = as_path(path)
    if sample.sizes["variable"] != path.sizes["variable"]:
        raise ValueError(f"the sample has {sample.sizes['variable']} variables: the path has {path.sizes['variable']}")
    return path


def _dataset(path: xr.DataArray, curves: dict) -> xr.Dataset:
    return xr.Dataset(curves, coords={"variable": path["variable"].values}, attrs=_ATTRIBUTES)


def _draw_each(draw, dataset: xr.Dataset, axes: Sequence[Axes] | None) -> np.ndarray:
    panels = _panels(axes, dataset.sizes["variable"])
    for k, panel in enumerate(panels):
        draw(panel, dataset, k)
    return panels


def _panels(axes: Sequence[Axes] | None, number: int) -> np.ndarray:
    """The axes that were given, or new ones in a row."""
    if axes is None:
        from matplotlib.pyplot import subplots

        return subplots(1, number, figsize=(_SIZE * number, _SIZE), layout="constrained", squeeze=False)[1][0]
    given = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
    if len(given) != number:
        raise ValueError(f"{len(given)} axes are given: {number} are needed")
    return given
