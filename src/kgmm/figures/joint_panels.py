"""Joint densities of two variables: data and model as contours over each other, and differences from the data."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from kgmm.figures.panels import data_label, is_only_model, main_model, variable_names
from kgmm.figures.style import DENSITY_MAP, DIVERGING_MAP, MODEL

# Shares of the largest value of the data's density.
LEVELS = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9])
# Share of the largest value below which no colour is drawn.
LEAST = 2e-3
_TICKS = 5
_KINDS = ("data", "model", "fitted")


def joint_kinds(dataset: xr.Dataset) -> list[str]:
    """Of the data and of the models, those whose joint densities the dataset holds."""
    return [kind for kind in _KINDS if f"joint_curve_{kind}" in dataset]


def draw_joint(ax: Axes, dataset: xr.Dataset, kind: str, pair: int) -> QuadMesh:
    """Joint density of one pair of variables as colours, on one scale for every ``kind``, see :func:`joint_kinds`."""
    largest = float(max(dataset[f"joint_curve_{kind}"][pair].max() for kind in joint_kinds(dataset)))
    mesh = _colours(ax, dataset, pair, dataset[f"joint_curve_{kind}"][pair].values, DENSITY_MAP, 0.0, largest)
    titles = {"data": data_label(dataset), "model": "model, Φ = I", "fitted": "model, fitted Φ"}
    ax.set_title("model" if kind == "model" and is_only_model(dataset) else titles[kind])
    return mesh


def draw_overlay(ax: Axes, dataset: xr.Dataset, pair: int, *, legend: bool = False) -> QuadMesh:
    """Density of the data as colours and thin lines, that of the model as dashed lines at the same levels."""
    data = dataset["joint_curve_data"][pair].values
    mesh = _colours(ax, dataset, pair, data, DENSITY_MAP, 0.0, float(data.max()))
    model = dataset[f"joint_curve_{main_model(dataset)}"][pair].values
    overlay_contours(ax, *_middles(dataset, pair), data, model, legend=legend)
    ax.set_title("data and model")
    return mesh


def overlay_contours(ax: Axes, x, y, data: np.ndarray, model: np.ndarray, *, legend: bool) -> None:
    """Contours of two densities ``(x, y)`` at the same levels, which are shares of the largest of the first."""
    levels = LEVELS * float(data.max())
    ax.contour(x, y, data.T, levels=levels, colors="0.25", linewidths=0.7)
    ax.contour(x, y, model.T, levels=levels, colors=[MODEL["color"]], linewidths=1.3, linestyles="dashed")
    if legend:
        ax.plot([], [], color="0.25", linewidth=0.7, label="data")
        ax.plot([], [], color=MODEL["color"], linewidth=1.3, linestyle="--", label="model")
        ax.legend(loc="lower left", bbox_to_anchor=(0.25, 1), ncols=2, borderaxespad=0.2)  # after the letter


def difference_kinds(dataset: xr.Dataset) -> dict[str, str]:
    """Laws whose joint densities are shown less that of the data, and their titles."""
    kinds = {main_model(dataset): "model − data"}
    return kinds | ({"blurred": "blurred data − data"} if "joint_curve_blurred" in dataset else {})


def draw_difference(ax: Axes, dataset: xr.Dataset, kind: str, pair: int) -> QuadMesh:
    """Joint density of a law less that of the data; one scale for all of :func:`difference_kinds`."""
    data = dataset["joint_curve_data"][pair].values
    largest = max(
        float(np.abs(dataset[f"joint_curve_{shown}"][pair].values - data).max()) for shown in difference_kinds(dataset)
    )
    values = dataset[f"joint_curve_{kind}"][pair].values - data
    mesh = _colours(ax, dataset, pair, values, DIVERGING_MAP, -largest, largest)
    ax.contour(*_middles(dataset, pair), data.T, levels=LEVELS * float(data.max()), colors="0.6", linewidths=0.4)
    ax.set_title(difference_kinds(dataset)[kind])
    return mesh


def draw_joint_row(figure, dataset: xr.Dataset, pair: int, *, legend: bool = True) -> list[Axes]:
    """A row of panels for one pair: data and model, and their differences with a common scale of colours."""
    kinds = difference_kinds(dataset)
    panels = list(figure.subplots(1, 1 + len(kinds)))
    figure.colorbar(
        draw_overlay(panels[0], dataset, pair, legend=legend), ax=panels[0], label="density", shrink=0.9, pad=0.01
    )
    for ax, kind in zip(panels[1:], kinds):
        mesh = draw_difference(ax, dataset, kind, pair)
    figure.colorbar(mesh, ax=panels[1:], label="difference of densities", shrink=0.9, pad=0.01)
    if legend:
        panels[0].set_title("")
    return panels


def _middles(dataset: xr.Dataset, pair: int) -> list[np.ndarray]:
    edges = dataset["joint_edge"].values[dataset["joint_pair"].values[pair]]
    return [0.5 * (edge[1:] + edge[:-1]) for edge in edges]


def _colours(ax: Axes, dataset: xr.Dataset, pair: int, values: np.ndarray, colours: str, low: float, high: float):
    first, second = dataset["joint_pair"].values[pair]
    edges, names = dataset["joint_edge"].values, variable_names(dataset)
    if low == 0:
        # White where there is nothing to see.
        values = np.where(values > LEAST * high, values, np.nan)
    mesh = ax.pcolormesh(edges[first], edges[second], values.T, cmap=colours, vmin=low, vmax=high, rasterized=True)
    ax.set_xlabel(names[first])
    ax.set_ylabel(names[second])
    # More would be read no better, and the layout of a figure with many panels takes its time for their texts.
    ax.locator_params(nbins=_TICKS)
    return mesh
