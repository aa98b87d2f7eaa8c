"""A ring of points, one column for each number of them: densities averaged over positions, and autocorrelations.

Figures 5 and 6 of arXiv:2503.18054. The joint densities of the model are lines over those of the data, at the same
levels, so that a difference is seen where it is.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.results import comparison_to_draw, usable_comparison
from kgmm.figures.style import DATA, DENSITY_MAP, IDENTITY, MODEL, letter, new_figure
from kgmm.results import ExperimentResult

NEEDS_MODELS = True
_KINDS = ("data", "model", "fitted")
_CURVES = {"model": ("model, Φ = I", IDENTITY), "fitted": ("model, fitted Φ", MODEL)}
# Shares of the largest value of the data's density.
_LEVELS = np.array([0.05, 0.2, 0.4, 0.6, 0.8])


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Ring densities and mean autocorrelations of the first usable model for each number of points."""
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
        column["lag_time"] = dataset["lag_time"]
        columns[dataset.sizes["variable"]] = column
        symbol = str(dataset["variable"].values[0]).rstrip("0123456789")
    points = sorted(columns)
    # Numbers of lags differ; what is missing at the end is not drawn.
    joined = xr.concat([columns[n] for n in points], xr.Variable("points", points), join="outer", coords="minimal")
    return joined.assign_coords(points=points).assign_attrs(symbol=symbol)


def draw(dataset: xr.Dataset) -> Figure:
    """Marginals, joint densities at distance one and two, autocorrelations."""
    n_columns = dataset.sizes["points"]
    distances = dataset["distance"].values
    if n_columns == 1:
        figure = new_figure(9.6, 7.6)
        axes = figure.subplots(2, (2 + len(distances)) // 2).reshape(-1, 1)
    else:
        figure = new_figure(1.0 + 3.6 * n_columns, 11.4)
        axes = figure.subplots(2 + len(distances), n_columns, squeeze=False, height_ratios=[0.85, 1.15, 1.15, 0.85])
    for number, n_points in enumerate(dataset["points"].values):
        column = dataset.sel(points=n_points)
        _draw_marginal(axes[0, number], column, legend=number == 0)
        axes[0, number].set_title(f"{n_points} points")
        for ax, distance in zip(axes[1:, number], distances):
            mesh = _draw_joint(ax, column.sel(distance=distance), legend=number == 0 and distance == distances[0])
            ax.set_ylabel(f"{column.attrs['symbol']}, {distance} {'place' if distance == 1 else 'places'} on")
            figure.colorbar(mesh, ax=ax, shrink=0.9, pad=0.01, label="density of the data")
        _draw_autocorrelation(axes[-1, number], column)
    for index, ax in enumerate(axes.flat):
        letter(ax, index)
    return figure


def _curves(column: xr.Dataset, name: str) -> list[tuple[str, xr.DataArray, dict]]:
    """Label, values and style of the models that the column has."""
    return [
        (label, column[f"{name}_{kind}"], style)
        for kind, (label, style) in _CURVES.items()
        if f"{name}_{kind}" in column
    ]


def _draw_marginal(ax: Axes, column: xr.Dataset, legend: bool) -> None:
    ax.step(column["ring_point"], column["ring_density_data"], where="mid", **DATA, label="held-out data")
    for label, values, style in _curves(column, "ring_curve"):
        ax.plot(column["ring_point"], values, **style, label=label)
    ax.set_xlabel(f"{column.attrs['symbol']} (physical units)")
    ax.set_ylabel(f"density of {column.attrs['symbol']}")
    ax.set_ylim(0, 1.4 * float(column["ring_density_data"].max()))
    if legend:
        ax.legend(loc="upper right", ncols=2, columnspacing=1.0, handlelength=1.6)


def _draw_joint(ax: Axes, column: xr.Dataset, legend: bool):
    at, density = column["ring_point"].values, column["ring_joint_data"].values.T
    mesh = ax.pcolormesh(at, at, density, cmap=DENSITY_MAP, vmin=0, shading="nearest", rasterized=True)
    levels = _LEVELS * float(density.max())
    ax.contour(at, at, density, levels=levels, colors="0.25", linewidths=0.7)
    ax.contour(
        at, at, column["ring_joint_model"].values.T, levels=levels,
        colors=[IDENTITY["color"]], linewidths=1.3, linestyles="dashed",
    )  # fmt: skip
    ax.set_xlabel(f"{column.attrs['symbol']} (physical units)")
    if legend:
        ax.plot([], [], color="0.25", linewidth=0.7, label="data")
        ax.plot([], [], color=IDENTITY["color"], linewidth=1.3, linestyle="--", label="model, Φ = I")
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    return mesh


def _draw_autocorrelation(ax: Axes, column: xr.Dataset) -> None:
    ax.axhline(0, color="0.8", linewidth=0.8)
    lag = column["lag_time"]
    ax.plot(lag, column["autocorrelation_data"], **{**DATA, "linewidth": 2.2})
    for _, values, style in _curves(column, "autocorrelation"):
        ax.plot(lag, values, **style)
    ax.set_xlim(0, float(lag.max()))
    ax.set_xlabel("lag (units of the system; Φ = I: arbitrary)")
    ax.set_ylabel(f"autocorrelation of {column.attrs['symbol']}")
