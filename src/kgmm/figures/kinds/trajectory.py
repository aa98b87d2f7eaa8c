"""The page of a trajectory: a path, densities, autocorrelations; on a ring a space–time diagram and the spectrum."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.panels import LAG, TIME, variable_names
from kgmm.figures.style import DATA, DIVERGING_MAP, EXACT, letter, new_figure

_MAX_VARIABLES = 4


def draw(dataset: xr.Dataset) -> Figure:
    """The figure of a dataset that :func:`kgmm.statistics.description.describe` made."""
    return _draw_ring(dataset) if dataset.attrs["ring"] else _draw_variables(dataset)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    exact = " Black: the exact density." if "density_exact" in dataset else ""
    if dataset.attrs["ring"]:
        return f"A member in space and time; density and autocorrelation of one point; energy of the waves.{exact}"
    return f"For each variable a member of the path, the density of the samples, and the autocorrelation.{exact}"


def _draw_variables(dataset: xr.Dataset) -> Figure:
    names = variable_names(dataset)[:_MAX_VARIABLES]
    figure = new_figure(10.0, 0.6 + 1.8 * len(names))
    axes = figure.subplots(len(names), 3, squeeze=False, width_ratios=[2, 1, 1])
    for k, name in enumerate(names):
        path, density, correlation = axes[k]
        path.plot(dataset["path_time"], dataset["path"][:, k], **{**DATA, "linewidth": 0.7})
        path.set_ylabel(name)
        path.margins(x=0)
        _draw_density(density, dataset, k)
        _draw_correlation(correlation, dataset, k)
        for column, ax in enumerate(axes[k]):
            letter(ax, 3 * k + column)
    axes[-1, 0].set_xlabel(TIME)
    axes[-1, 2].set_xlabel(LAG)
    return figure


def _draw_ring(dataset: xr.Dataset) -> Figure:
    figure = new_figure(10.0, 5.4)
    upper, lower = figure.subfigures(2, 1)
    ax = upper.subplots()
    values = dataset["path"].values.T
    largest = float(np.abs(values).max())
    mesh = ax.pcolormesh(
        dataset["path_time"], np.arange(values.shape[0]), values, cmap=DIVERGING_MAP, vmin=-largest, vmax=largest,
        rasterized=True,
    )  # fmt: skip
    ax.set_xlabel(TIME)
    ax.set_ylabel("grid point")
    letter(ax, 0)
    upper.colorbar(mesh, ax=ax, label="u", pad=0.01)
    density, correlation, spectrum = lower.subplots(1, 3)
    _draw_density(density, dataset, 0)
    _draw_correlation(correlation, dataset, 0)
    correlation.set_xlabel(LAG)
    energy = dataset["energy"][1:]
    # Below single precision there is nothing but rounding.
    shown = energy > 1e-14 * float(energy.max())
    spectrum.semilogy(dataset["wave"][1:][shown], energy[shown], **{**DATA, "marker": "."})
    spectrum.set_xlabel("wave number (waves per ring)")
    spectrum.set_ylabel("energy of the wave")
    for k, ax in enumerate((density, correlation, spectrum)):
        letter(ax, 1 + k)
    return figure


def _draw_density(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    x = dataset["bin_center"][k]
    if "density_exact" in dataset:
        ax.plot(x, dataset["density_exact"][k], **EXACT, label="exact")
    ax.step(x, dataset["density"][k], where="mid", **DATA, label="samples")
    name = variable_names(dataset)[k]
    ax.set_xlabel(name)
    ax.set_ylabel(f"density of {name}")
    has_legend = "density_exact" in dataset and k == 0
    ax.set_ylim(0, (1.25 if has_legend else 1.05) * float(dataset["density"][k].max()))
    if has_legend:
        ax.legend(loc="upper right", ncols=2)


def _draw_correlation(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    ax.axhline(0, color="0.7", linewidth=0.8)
    ax.plot(dataset["lag"], dataset["autocorrelation"][:, k], **{**DATA, "linewidth": 1.3})
    ax.set_ylabel(f"autocorrelation of {variable_names(dataset)[k]}")
    ax.margins(x=0)
    ax.set_ylim(min(-0.1, 1.1 * float(dataset["autocorrelation"][:, k].min())), 1.02)
