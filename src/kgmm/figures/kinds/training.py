"""Losses of the network's fits: on the points of the fit and on held-out ones, and the state that was kept."""

from __future__ import annotations

import numpy as np
import seaborn as sns
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.style import LABELS, letter, new_figure
from kgmm.jobs.failures import failure_of
from kgmm.methods.registry import get_method
from kgmm.results import ExperimentResult

_VARIABLES = ("iteration", "loss", "validation_loss", "kept")
# What a setting that is not given stands for.
_LEFT_OUT = {"p_min": "auto", "n": "all"}


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Losses with the dimensions ``(fit, evaluation)``, filled with NaN; replicates after the first are left out."""
    first = min(row.replicate for row in rows)
    sources = {row.score: row for row in rows if row.replicate == first and row.score is not None}
    fits = []
    for path, row in sources.items():
        if failure_of(path) is None:
            with xr.open_dataset(path) as model:
                if "validation_loss" not in model:  # an estimate in closed form has no losses
                    continue
                fit = model[list(_VARIABLES)].load().astype(float)
            fits.append(
                fit.assign_coords(
                    evaluation=np.arange(fit.sizes["evaluation"]), method=row.method, label=_label(row, rows)
                )
            )
    if not fits:
        return xr.Dataset()
    return xr.concat(fits, dim="fit", join="outer", data_vars="all", coords=["method", "label"])


def _label(row: ExperimentResult, rows: list[ExperimentResult]) -> str:
    """The settings that tell the fits of the block apart."""
    names = {"sigma": "σ", "min_probability": "p_min", "n_samples": "n"}
    varied = {names[name]: getattr(row, name) for name in names if len({getattr(other, name) for other in rows}) > 1}
    return ", ".join(f"{name} = {_LEFT_OUT[name] if value is None else f'{value:g}'}" for name, value in varied.items())


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    held_out = bool(dataset["validation_loss"].notnull().any())
    return "Losses on the points of the fit" + (
        " and on held-out ones; the state marked was kept." if held_out else "."
    )


def draw(dataset: xr.Dataset) -> Figure:
    """One panel per method."""
    methods = [method for method in LABELS if method in dataset["method"].values]
    figure = new_figure(max(4.6, 3.9 * len(methods)), 3.5)
    for k, (method, ax) in enumerate(zip(methods, figure.subplots(1, len(methods), squeeze=False)[0])):
        _draw_fits(ax, dataset.isel(fit=np.flatnonzero(dataset["method"] == method)))
        ax.set_title(LABELS[method])
        ax.set_xlabel(get_method(method).steps)
        ax.set_ylabel("loss (per draw)" if get_method(method).steps == "batches" else "loss (relative)")
        letter(ax, k)
    return figure


def _draw_fits(ax: Axes, fits: xr.Dataset) -> None:
    colors = sns.color_palette("crest", fits.sizes["fit"])
    for k, color in enumerate(colors):
        fit = fits.isel(fit=k)
        label = str(fit["label"].values) if len(colors) <= 6 else ""
        ax.plot(fit["iteration"], fit["loss"], color=color, linewidth=1.2, label=label or None)
        validation = fit["validation_loss"]
        if validation.notnull().any():
            ax.plot(fit["iteration"], validation, color=color, linewidth=1.2, linestyle="--")
            kept = int(fit["kept"])
            ax.plot(fit["iteration"][kept], validation[kept], marker="o", color=color, markersize=4)
    ax.set_xscale("symlog", linthresh=10)
    ax.set_yscale("log")
    ax.plot([], [], color="0.3", label="points of the fit")
    if fits["validation_loss"].notnull().any():
        ax.plot([], [], color="0.3", linestyle="--", marker="o", markersize=4, label="held out, state kept")
    ax.legend(loc="lower left")
