"""KGMM against denoising score matching: error against training time.

Figure 7 of arXiv:2503.18054, with the errors along the way besides the relative entropy at the end.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator

from kgmm.figures.style import METHODS, letter, new_figure
from kgmm.results import ExperimentResult

_STYLES = {
    "kgmm": {"color": METHODS["kgmm"]["color"], "marker": "o"},
    "dsm": {"color": METHODS["dsm"]["color"], "marker": "s"},
    # The same method with another recipe: a lighter form of its colour.
    "dsm_antithetic": {"color": "#cc6677", "marker": "^"},
}
_LABELS = {
    "kgmm": "KGMM (clustering included)",
    "dsm": "DSM, independent draws",
    "dsm_antithetic": "DSM, antithetic draws",
}
_PANELS = {
    "denoising_loss": "held-out denoising loss",
    "smoothed_score_error": "relative mean-square error against $s_\\sigma$",
    "relative_entropy": "relative entropy of the model (nat)",
}
_SMALLEST_ENTROPY = 1e-3
# Up to this ratio of times there is room for three ticks a decade.
_FEW_DECADES = 300
_ENTROPY_TICKS = (-0.01, -0.001, -0.0005, 0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Results and times of the race of the first row."""
    with xr.open_dataset(rows[0].race) as results, xr.open_dataset(rows[0].times) as times:
        return xr.merge([results.load(), times.load()], combine_attrs="drop_conflicts")


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return (
        "Errors against training time: the way of every run thin, its end marked, medians of the ends of runs of one "
        "length joined. Lower and further left is better. Both methods fit the same network to the same data. "
        "Denoising losses count from that of a score of zero, relative entropies from their bias: both can be negative."
    )


def draw(dataset: xr.Dataset) -> Figure:
    """One panel per measure: the way of every run thin, its end marked, medians of the ends joined."""
    shown = [name for name in _PANELS if name in dataset]
    figure = new_figure(max(3.3 * len(shown), 7.6), 3.7)
    for k, (ax, name) in enumerate(zip(figure.subplots(1, len(shown), squeeze=False)[0], shown)):
        for method, style in _STYLES.items():
            _draw_method(ax, dataset.isel(run=np.flatnonzero(dataset["method"] == method)), name, method, style)
        ax.set_xscale("log")
        first, last = ax.get_xlim()
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if last < _FEW_DECADES * first else (1,)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter("")
        ax.set_xlabel("training time (CPU seconds)")
        ax.set_ylabel(_PANELS[name])
        if name == "denoising_loss":
            ends = dataset["final_denoising_loss"]
            margin = 0.08 * float(ends.max() - ends.min())
            ax.set_ylim(float(ends.min()) - margin, float(ends.max()) + 4 * margin)
        elif name == "relative_entropy":
            # Less its bias it can be negative where no difference is seen.
            ax.set_yscale("symlog", linthresh=_SMALLEST_ENTROPY)
            ax.yaxis.set_major_locator(FixedLocator(_ENTROPY_TICKS))
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
            ax.axhline(dataset.attrs["entropy_floor"], color="0.5", linestyle=":", linewidth=1.2, label="noise floor")
        else:
            ax.set_yscale("log")
        letter(ax, k)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _draw_method(ax: Axes, runs: xr.Dataset, name: str, method: str, style: dict) -> None:
    if not runs.sizes["run"]:
        return
    if name in runs and runs[name].dims == ("run", "checkpoint"):
        ax.plot(runs["seconds"].values.T, runs[name].values.T, color=style["color"], linewidth=0.6, alpha=0.4)
        ends = runs[f"final_{name}"]
    else:
        ends = runs[name]
    ax.scatter(runs["total"], ends, s=14, marker=style["marker"], color=style["color"], alpha=0.5, linewidths=0)
    frame = runs[["total", "label"]].assign(end=("run", ends.values)).to_dataframe()
    medians = frame.groupby("label", sort=False)[["total", "end"]].median().sort_values("total")
    ax.plot(
        medians["total"], medians["end"], color=style["color"], marker=style["marker"], markersize=5.5,
        linewidth=1.6, linestyle="-" if method == "kgmm" else "--", label=_LABELS[method],
    )  # fmt: skip
