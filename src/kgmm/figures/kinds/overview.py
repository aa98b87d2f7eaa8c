"""What the method is for, in one picture: a score from few samples, and a density of a model beside that of its data.

The blocks: first one of a single variable, then one of two and more with a model.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.joint_panels import draw_joint
from kgmm.figures.panels import main_model
from kgmm.figures.results import comparison_to_draw, usable_comparison
from kgmm.figures.style import EXACT, LABELS, METHODS, letter, new_figure
from kgmm.results import ExperimentResult

_PROFILES = ("x", "exact", "score_gmm", "score_kgmm", "cloud_x")


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """The scores of the smallest σ of the first block, and a joint density of the second one."""
    first = [row for row in rows if row.block == rows[0].block]
    others = [row for row in rows if row.block != rows[0].block and usable_comparison(row) is not None]
    smallest = min(first, key=lambda row: row.sigma)
    with xr.open_dataset(smallest.evaluation) as evaluation:
        dataset = (
            evaluation[[name for name in _PROFILES if name in evaluation]].load().drop_vars("variable", errors="ignore")
        )
    if others:
        model = comparison_to_draw(others[0])
        names = [name for name in model if str(name).startswith(("joint_", "curve_"))]
        dataset = xr.merge([dataset, model[names]], combine_attrs="drop")
        dataset = dataset.assign_attrs(system_shown=others[0].title or others[0].block.replace("_", " "))
    return dataset.assign_attrs(sigma=smallest.sigma)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    curves = {"score_gmm": "directly", "score_kgmm": "by KGMM", "exact": "exact"}
    shown = ", ".join(said for name, said in curves.items() if name in dataset)
    text = f"Left: the score of a density of one variable at σ = {dataset.attrs['sigma']:g}: {shown}."
    if "joint_curve_data" in dataset:
        system = dataset.attrs["system_shown"]
        text += f" Right: {system}, joint density of two variables, held-out data beside the Langevin model."
    return text


def draw(dataset: xr.Dataset) -> Figure:
    """The score on the left, densities of data and model on one scale of colours on the right."""
    kinds = ["data", main_model(dataset, "joint_curve")] if "joint_curve_data" in dataset else []
    figure = new_figure(3.6 + 2.5 * len(kinds), 2.9)
    widths = [1.4, *[1.0] * len(kinds)]
    panels = list(np.atleast_1d(figure.subplots(1, 1 + len(kinds), width_ratios=widths)))
    _draw_score(panels[0], dataset)
    for ax, kind in zip(panels[1:], kinds):
        pair = _first_and_last(dataset)
        mesh = draw_joint(ax, dataset, kind, pair)
        ax.set_title("data" if kind == "data" else "Langevin model")
        if kind != "data":
            ax.set_ylabel("")
            ax.sharey(panels[1])
            figure.colorbar(mesh, ax=ax, label="density", shrink=0.9, pad=0.02)
    for k, ax in enumerate(panels):
        letter(ax, k)
    return figure


def _first_and_last(dataset: xr.Dataset) -> int:
    """The pair of the first and the last variable."""
    first, last = dataset["joint_pair"].values.T
    return int(np.argmax(last - first))


def _draw_score(ax: Axes, dataset: xr.Dataset) -> None:
    inside = dataset["x"][(dataset["x"] > dataset["x"].min()) & (dataset["x"] < dataset["x"].max())]
    reference = dataset["exact"] if "exact" in dataset else dataset["score_kgmm"]
    middle = reference.where(np.abs(dataset["x"]) < 0.75 * float(np.abs(inside).max()))
    limit = 1.6 * float(np.abs(middle).max())
    if "score_gmm" in dataset:
        ax.plot(dataset["x"], dataset["score_gmm"], **METHODS["gmm"], label=LABELS["gmm"], rasterized=True)
    if "exact" in dataset:
        ax.plot(dataset["x"], dataset["exact"], **EXACT, label="exact")
    ax.plot(dataset["x"], dataset["score_kgmm"], **METHODS["kgmm"], label=LABELS["kgmm"])
    ax.set_ylim(-limit, limit)
    ax.set_xlim(float(dataset["x"].min()), float(dataset["x"].max()))
    ax.set_xlabel("x")
    ax.set_ylabel("score ∂ log p / ∂x")
    ax.legend(loc="upper right", frameon=True, framealpha=0.85, edgecolor="none")
