"""All Langevin models of a run at a glance: how far their densities and their clocks are from those of the data.

A forest plot: a row for each experiment, a mark for each variable or pair of variables, with its standard error, beside
the noise floor of the same number, or the bound below which no reversible model can come.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.results import usable_comparison
from kgmm.figures.style import DATA, IDENTITY, MODEL, letter, new_figure
from kgmm.jobs.failures import failure_of
from kgmm.results import BASELINES, ExperimentResult
from kgmm.statistics.metrics import metric_rows

NEEDS_MODELS = True
# Statistic, heading, what stands beside it and its name, the scale that is linear near zero.
_PANELS = (
    ("relative_entropy", "relative entropy of the marginals (nat)", "floor", "noise floor", 1e-3),
    ("joint_total_variation", "total variation of the joint densities", "floor", "noise floor", None),
    ("autocorrelation_error_5", "rms difference of the autocorrelations\nover five decorrelation times", "bound",
     "(c): no reversible model is below", None),
)  # fmt: skip
# Characters in a line of a label.
_LINE = 38
_STYLES = {"identity": (IDENTITY["color"], "s", "Φ = I"), "fitted": (MODEL["color"], "o", "fitted Φ")}


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """The statistics of the panels for every model: one entry each for a replicate and a variable, or pair of them."""
    entries = []
    several = pd.DataFrame([(row.block, row.sigma) for row in rows]).drop_duplicates()[0].value_counts()
    for row in rows:
        if usable_comparison(row) is None:
            continue
        label = _label(row, several=several[row.block] > 1)
        for model, path in (("identity", row.comparison), ("fitted", row.comparison_fitted)):
            if path is not None and failure_of(path) is None:
                entries += [{"experiment": label, **entry} for entry in _entries(path, model)]
    frame = pd.DataFrame(entries)
    return xr.Dataset({name: ("entry", frame[name].to_numpy()) for name in frame})


def _label(row: ExperimentResult, *, several: bool) -> str:
    """The heading of the block in two lines; of several amplitudes what stands before its colon, and σ."""
    title = row.title or row.block.replace("_", " ")
    if several:
        title = f"{title.split(':')[0]}, σ = {row.sigma:g}"
    return "\n".join(textwrap.wrap(title, _LINE))


def _entries(path: str, model: str) -> list[dict]:
    """Rows of one comparison; the clock of a model with Φ = I is arbitrary and left out."""
    with xr.open_dataset(path) as dataset:
        metrics = [row for row in metric_rows(dataset) if row["mobility"] not in BASELINES]
        if dataset.attrs["mobility"] != "identity":
            model = "fitted"
    bounds = {row["variable"]: row["value"] for row in metrics if row["statistic"] == "reversible_bound"}
    found = []
    for row in metrics:
        clock = row["statistic"] == "autocorrelation_error_5"
        if row["statistic"] not in [name for name, *_ in _PANELS] or (clock and model == "identity"):
            continue
        beside = bounds.get(row["variable"], np.nan) if clock else row["floor"]
        names = {"statistic": row["statistic"], "variable": row["variable"], "model": model}
        found.append(names | {"value": row["value"], "stderr": row["stderr"], "beside": beside})
    return found


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return (
        "Every model of the run; a mark for each variable, or pair of variables, with its standard error. Grey ticks: "
        "the same number for a fresh run of the true system, which no model can beat; for the clocks, what no "
        "reversible model can beat. The law of a model is the same for every Φ, its clock is that of the fitted one."
    )


def draw(dataset: xr.Dataset) -> Figure:
    """A panel for each statistic, the experiments from top to bottom."""
    frame = dataset.to_dataframe()
    experiments = list(dict.fromkeys(frame["experiment"]))
    shown = [panel for panel in _PANELS if (frame["statistic"] == panel[0]).any()]
    figure = new_figure(2.4 + 2.7 * len(shown), 1.3 + 0.32 * len(experiments))
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for k, (ax, panel) in enumerate(zip(axes, shown)):
        _draw_panel(ax, frame[frame["statistic"] == panel[0]], experiments, panel)
        letter(ax, k)
    entries = {}
    for ax in axes:
        entries |= dict(zip(*reversed(ax.get_legend_handles_labels())))
    figure.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=len(entries), handletextpad=0.3)
    axes[0].set_yticks(range(len(experiments)), experiments)
    axes[0].set_ylim(len(experiments) - 0.5, -0.5)
    return figure


def _draw_panel(ax: Axes, frame: pd.DataFrame, experiments: list[str], panel: tuple) -> None:
    _, title, _, beside, linear = panel
    for y in range(0, len(experiments), 2):
        ax.axhspan(y - 0.5, y + 0.5, color="0.96", linewidth=0, zorder=-2)
    for model, (colour, marker, label) in _STYLES.items():
        own = frame[frame["model"] == model]
        if own.empty:
            continue
        places = _places(
            own, experiments, 0.0 if frame["model"].nunique() == 1 else {"identity": -0.2, "fitted": 0.2}[model]
        )
        ax.errorbar(
            own["value"], places, xerr=own["stderr"].fillna(0.0), color=colour, marker=marker, markersize=3.5,
            linestyle="none", linewidth=0.9, label=label,
        )  # fmt: skip
        known = own["beside"].notna().to_numpy()
        ax.plot(own["beside"][known], places[known], "|", color=DATA["color"], markersize=8, zorder=-1)
    ax.plot([], [], "|", color=DATA["color"], markersize=8, label=beside)
    if linear is not None:
        ax.set_xscale("symlog", linthresh=linear)
    ax.axvline(0, color="0.7", linewidth=0.8, zorder=-1)
    ax.set_xlabel(title)


def _places(frame: pd.DataFrame, experiments: list[str], offset: float) -> np.ndarray:
    """Heights of the marks: those of one experiment beside each other."""
    places = frame["experiment"].map(experiments.index).astype(float)
    order = frame.groupby("experiment").cumcount()
    number = frame.groupby("experiment")["value"].transform("size")
    spread = 0.3 * (order + 0.5) / number - 0.15
    return (places + offset + spread).to_numpy()
