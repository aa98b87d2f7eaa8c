"""A ring of points, one column for each number of them: space and time, densities over positions, autocorrelations.

Figures 5 and 6 of arXiv:2503.18054. The joint densities of the model are lines over those of the data, at the same
levels, so that a difference is seen where it is.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kgmm.figures.captions import blurred_caption, ends_caption
from kgmm.figures.joint_panels import LEAST, overlay_contours
from kgmm.figures.panels import LAG, TIME, main_model
from kgmm.figures.results import comparison_to_draw, usable_comparison
from kgmm.figures.style import BLURRED, DATA, DENSITY_MAP, DIVERGING_MAP, IDENTITY, MODEL, letter, new_figure
from kgmm.results import ExperimentResult

NEEDS_MODELS = True
_KINDS = ("data", "model", "fitted")
_CURVES = {
    "blurred": ("blurred data", BLURRED),
    "model": ("model, Φ = I (its clock is arbitrary)", IDENTITY),
    "fitted": ("model, fitted Φ", MODEL),
}
# Of the space–time diagrams, in decorrelation times of the data.
_SHOWN_TIMES = 8.0


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Paths, ring densities and mean autocorrelations of the first usable model for each number of points."""
    columns, symbol = {}, ""
    for row in rows:
        if usable_comparison(row) is None:
            continue
        dataset = comparison_to_draw(row)
        if dataset.sizes["variable"] in columns:
            continue
        kept = [name for name in dataset.data_vars if name.startswith("ring_")]
        column = dataset[kept].copy()
        for kind in _KINDS:
            if f"autocorrelation_{kind}" in dataset:
                column[f"autocorrelation_{kind}"] = dataset[f"autocorrelation_{kind}"].mean("variable")
            if f"path_{kind}" in dataset:
                column[f"path_{kind}"] = dataset[f"path_{kind}"].rename(variable="place")
                column[f"path_{kind}_time"] = dataset[f"path_{kind}_time"] - dataset[f"path_{kind}_time"][0]
        column["lag_time"] = dataset["lag_time"]
        columns[dataset.sizes["variable"]] = column.assign_coords(place=np.arange(dataset.sizes["variable"]))
        symbol = str(dataset["variable"].values[0]).rstrip("0123456789")
    points = sorted(columns)
    # Numbers of lags and of places differ; what is missing at the end is not drawn.
    joined = xr.concat([columns[n] for n in points], xr.Variable("points", points), join="outer", coords="minimal")
    return joined.assign_coords(points=points).assign_attrs(symbol=symbol)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return (
        "The data and the model in space and time, on one scale; the density of one point; joint densities of two "
        "points, data as colours and thin lines, model as dashed lines at the same levels; autocorrelations."
        + blurred_caption("ring_curve_blurred" in dataset)
        + ends_caption(dataset)
    )


def draw(dataset: xr.Dataset) -> Figure:
    """A column for each number of points; a single one in two rows."""
    points, distances = dataset["points"].values, dataset["distance"].values
    columns = [dataset.sel(points=n) for n in points]
    panels = {"density": 2.2, **{f"joint {distance}": 2.7 for distance in distances}, "autocorrelation": 2.1}
    diagrams = [kind for kind in ("data", main_model(dataset, "path")) if f"path_{kind}" in dataset]
    single = len(points) == 1
    heights = [1.3 * len(diagrams), 6.4 if single else sum(panels.values())]
    figure = new_figure(9.0 if single else 0.8 + 3.1 * len(points), sum(heights))
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    upper = above.subplots(len(diagrams), len(points), squeeze=False, sharex="col")
    if single:
        axes = below.subplots(2, (1 + len(panels)) // 2).reshape(-1, 1)
    else:
        axes = below.subplots(len(panels), len(points), squeeze=False, height_ratios=list(panels.values()))
    for number, column in enumerate(columns):
        _draw_diagrams(above, upper[:, number], column, diagrams)
        if not single:
            upper[0, number].set_title(f"{points[number]} points")
        _draw_marginal(axes[0, number], column)
        for ax, distance in zip(axes[1:, number], distances):
            mesh = _draw_joint(ax, column.sel(distance=distance), legend=number == 0 and distance == distances[0])
            ax.set_xlabel(f"{column.attrs['symbol']} at point i")
            ax.set_ylabel(f"{column.attrs['symbol']} at point i + {distance}")
            below.colorbar(mesh, ax=ax, shrink=0.9, pad=0.01, label="density of the data")
        _draw_autocorrelation(axes[-1, number], column)
    entries = {}
    for ax in (axes[0, 0], axes[-1, 0]):
        entries |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    below.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=len(entries))
    for index, ax in enumerate([*upper.flat, *axes.flat]):
        letter(ax, index)
    return figure


def _curves(column: xr.Dataset, name: str, shown=frozenset(_CURVES)) -> list[tuple[str, xr.DataArray, dict]]:
    """Label, values and style of those of these laws that the column has."""
    return [
        (label, column[f"{name}_{kind}"], style)
        for kind, (label, style) in _CURVES.items()
        if kind in shown and f"{name}_{kind}" in column
    ]


def _draw_diagrams(figure, axes: np.ndarray, column: xr.Dataset, kinds: list[str]) -> None:
    """Space and time of data and model over the same time, on one scale of colours."""
    n_points = int(column["points"])
    shown = {kind: column[f"path_{kind}"].values[:, :n_points] for kind in kinds}
    times = {kind: column[f"path_{kind}_time"].values for kind in kinds}
    finite = {kind: np.isfinite(times[kind]) & np.isfinite(shown[kind]).all(axis=1) for kind in kinds}
    last = min(float(times[kind][finite[kind]].max()) for kind in kinds)
    below = np.flatnonzero(column["autocorrelation_data"].values < np.exp(-1))
    if below.size:
        last = min(last, _SHOWN_TIMES * float(column["lag_time"][below[0]]))
    largest = float(np.nanquantile(np.abs(shown["data"]), 0.999))
    for ax, kind in zip(axes, kinds):
        at = finite[kind] & (times[kind] <= last)
        mesh = ax.pcolormesh(
            times[kind][at], np.arange(1, n_points + 1), shown[kind][at].T, cmap=DIVERGING_MAP, vmin=-largest,
            vmax=largest, shading="nearest", rasterized=True,
        )  # fmt: skip
        ax.set_ylabel("data" if kind == "data" else "model")
        ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes[-1].set_xlabel(TIME)
    figure.colorbar(mesh, ax=list(axes), label=column.attrs["symbol"], shrink=0.9, pad=0.01)


def _draw_marginal(ax: Axes, column: xr.Dataset) -> None:
    ax.step(column["ring_point"], column["ring_density_data"], where="mid", **DATA, label="held-out data")
    # The law is the same for every Φ: that of one model is shown.
    shown = {"blurred", main_model(column, "ring_curve")}
    for label, values, style in _curves(column, "ring_curve", shown):
        ax.plot(column["ring_point"], values, **style, label=label)
    ax.set_xlabel(column.attrs["symbol"])
    ax.set_ylabel(f"density of {column.attrs['symbol']}")
    ax.set_ylim(bottom=0)


def _draw_joint(ax: Axes, column: xr.Dataset, legend: bool):
    at, density = column["ring_point"].values, column["ring_joint_data"].values
    shown = np.where(density > LEAST * density.max(), density, np.nan)
    mesh = ax.pcolormesh(at, at, shown.T, cmap=DENSITY_MAP, vmin=0, shading="nearest", rasterized=True)
    overlay_contours(
        ax, at, at, density, column[f"ring_joint_{main_model(column, 'ring_joint')}"].values, legend=legend
    )
    return mesh


def _draw_autocorrelation(ax: Axes, column: xr.Dataset) -> None:
    ax.axhline(0, color="0.8", linewidth=0.8)
    lag = column["lag_time"]
    ax.plot(lag, column["autocorrelation_data"], **{**DATA, "linewidth": 2.2}, label="held-out data")
    for label, values, style in _curves(column, "autocorrelation"):
        ax.plot(lag, values, **style, label=label)
    ax.set_xlim(0, float(lag.max()))
    ax.set_xlabel(LAG)
    ax.set_ylabel(f"autocorrelation of {column.attrs['symbol']}")
