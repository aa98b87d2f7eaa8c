"""Errors of the score against the noise amplitude: what clustering, the network and score matching do at small σ."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.results import metric_values
from kgmm.figures.style import EXACT, LABELS, METHODS, letter, new_figure
from kgmm.results import ExperimentResult

# Ratio of the places of the ranges of two methods.
_STEP = 1.04
_STATISTICS = ("score_error", "smoothed_score_error", "smoothing_bias")


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Errors with the dimensions ``(method, sigma, replicate)``; the smoothing bias without the first."""
    methods = [method for method in LABELS if any(row.method == method for row in rows)]
    sigmas, replicates = (sorted({getattr(row, name) for row in rows}) for name in ("sigma", "replicate"))
    shape = (len(methods), len(sigmas), len(replicates))
    values = {name: np.full(shape, np.nan) for name in _STATISTICS}
    for row in rows:
        at = methods.index(row.method), sigmas.index(row.sigma), replicates.index(row.replicate)
        for name in _STATISTICS:
            values[name][at] = metric_values(row).get(name, np.nan)
    dims = ("method", "sigma", "replicate")
    dataset = xr.Dataset({name: (dims, array) for name, array in values.items()})
    dataset["smoothing_bias"] = dataset["smoothing_bias"].max("method")  # the same for all
    n_samples = rows[0].n_samples or "all"
    return dataset.assign_coords(method=methods, sigma=sigmas, replicate=replicates).assign_attrs(n_samples=n_samples)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    spread = f", medians and ranges of up to {_most(dataset)} data sets" if _most(dataset) > 1 else ""
    return (
        f"Relative mean-square errors against σ{spread}. "
        "Black: the bias of smoothing itself, which no estimate at that σ can avoid."
    )


def draw(dataset: xr.Dataset) -> Figure:
    """Against the exact score on the left, against the exact smoothed score on the right."""
    figure = new_figure(9.6, 4.2)
    axes = figure.subplots(1, 2, sharey=True, sharex=True)
    for k, (ax, name) in enumerate(zip(axes, _STATISTICS)):
        _draw_errors(ax, dataset, name)
        letter(ax, k)
    axes[0].plot(
        dataset["sigma"], dataset["smoothing_bias"].median("replicate"), **{**EXACT, "linewidth": 1.4},
        label="smoothing bias: exact $s_\\sigma$ against s",
    )  # fmt: skip
    axes[0].set_title("against the exact score s")
    axes[1].set_title("against the exact smoothed score $s_\\sigma$")
    axes[0].set_ylabel("relative mean-square error")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _most(dataset: xr.Dataset) -> int:
    """The largest number of replicates of one setting."""
    return int(dataset["score_error"].notnull().sum("replicate").max())


def _draw_errors(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    for number, method in enumerate(dataset["method"].values):
        errors = dataset[name].sel({"method": method})  # as a keyword it would be that of the look-up
        middle = errors.median("replicate")
        style = {"marker": "o", "markersize": 3.2, **METHODS[method], "linewidth": 1.6, "alpha": 1}
        if style["linestyle"] == "none":
            style["linestyle"] = ":"
        ax.plot(dataset["sigma"], middle, **style, label=LABELS[method])
        spread = [middle - errors.min("replicate"), errors.max("replicate") - middle]
        # Beside each other, so that none hides another.
        place = dataset["sigma"] * _STEP ** (number - 0.5 * (dataset.sizes["method"] - 1))
        place = place.where(errors.notnull().sum("replicate") > 1)
        ax.errorbar(place, middle, spread, color=style["color"], linestyle="none", linewidth=1.2, capsize=2.5)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(dataset["sigma"].values, [f"{sigma:g}" for sigma in dataset["sigma"].values])
    ax.minorticks_off()
    ax.set_xlabel("noise amplitude σ (standard deviations)")
