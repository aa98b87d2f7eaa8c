"""The response to a small change of the drift against the lag: by the score, the Gaussian, the model, and the truth."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.kinds import empty
from kgmm.figures.style import EXACT, LABELS, LINEAR, METHODS, MODEL, letter, new_figure
from kgmm.jobs.failures import failure_of
from kgmm.results import ExperimentResult

_MAX_ROWS = 4
# Bands are of this many standard errors.
_BAND = 2.0
# The model has the style of Langevin models everywhere, in which the method's curve could not be told from it.
_SCORE = {"color": "#d55e00", "linestyle": (0, (4, 2)), "linewidth": 1.8}


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Step responses of the first row with a response, of the variables that respond most."""
    usable = [row for row in rows if row.response is not None and failure_of(row.response) is None]
    if not usable:
        return xr.Dataset()
    with xr.open_dataset(usable[0].response) as dataset:
        names = [name for name in dataset if name.endswith(("step", "step_stderr"))]
        found = dataset[names].load().assign_attrs(dataset.attrs)
    shown_first = "truth_step" if "truth_step" in found else "step"
    step, error = (found[name].sel(observable="mean") for name in (shown_first, f"{shown_first}_stderr"))
    size = np.abs(step).max("lag") / np.maximum(error.max("lag"), np.finfo(float).tiny)
    shown = np.sort(np.argsort(-size.values)[:_MAX_ROWS])
    return found.isel(variable=shown).assign_attrs(method=usable[0].method)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return (
        "Change of the mean, and of the other observables, after a small change of the drift that stays: perturbed "
        "simulations of the system (black) beside what the score, a Gaussian and the fitted model predict; bands of "
        "two standard errors."
    )


def draw(dataset: xr.Dataset) -> Figure:
    """One row of panels for each variable, one column for each observable."""
    if not dataset.sizes:
        return empty.draw(dataset.assign_attrs(reason="no response was estimated"))
    variables, observables = (dataset[name].values for name in ("variable", "observable"))
    figure = new_figure(3.6 * len(observables), 0.6 + 2.1 * len(variables))
    panels = figure.subplots(len(variables), len(observables), squeeze=False, sharex=True)
    for k, variable in enumerate(variables):
        for j, observable in enumerate(observables):
            ax = panels[k, j]
            _draw_panel(ax, dataset.sel(variable=variable, observable=observable))
            ax.set_ylabel(f"change of the {observable} of {variable}")
            letter(ax, k * len(observables) + j)
    for ax in panels[-1]:
        ax.set_xlabel("time since the change, in units of t")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _draw_panel(ax: Axes, dataset: xr.Dataset) -> None:
    method = dataset.attrs["method"]
    lines = {
        "truth_": ("perturbed simulations", EXACT),
        "": (f"score ({LABELS[method]})", METHODS[method] | _SCORE),
        "model_": ("perturbed model", MODEL),
        "gaussian_": ("quasi-Gaussian", LINEAR),
    }
    for prefix, (label, style) in lines.items():
        if f"{prefix}step" not in dataset:
            continue
        step, error = dataset[f"{prefix}step"], _BAND * dataset[f"{prefix}step_stderr"]
        style = {name: value for name, value in style.items() if name != "marker"}
        ax.plot(dataset["lag"], step, label=label, **style)
        ax.fill_between(dataset["lag"], step - error, step + error, color=style["color"], alpha=0.15, linewidth=0)
    ax.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
