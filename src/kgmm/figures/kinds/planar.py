"""Two-dimensional systems: paths, marginals, autocorrelations, vector fields and joint densities of data and model.

Figure 3 of arXiv:2503.18054.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures.captions import joint_caption, model_caption
from kgmm.figures.joint_panels import draw_joint_row, joint_kinds
from kgmm.figures.panels import (
    draw_autocorrelations,
    draw_marginals,
    draw_path,
    marginal_panels,
    path_legend,
    time_label,
    variable_names,
)
from kgmm.figures.results import models_to_draw, usable_comparison
from kgmm.figures.style import FIELD_MAP, LABELS, letter, new_figure
from kgmm.results import ExperimentResult

MARK = "field_point"


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Field and densities of the row with a Langevin model, or of the first row if there is none."""
    modelled = [row for row in rows if usable_comparison(row) is not None]
    row, curves = models_to_draw(rows) if modelled else (rows[0], None)
    with xr.open_dataset(row.evaluation) as evaluation:
        dataset = evaluation[[name for name in evaluation if name.startswith("field_")]].load()
    if modelled:
        dataset = xr.merge([dataset, curves]).assign_attrs(curves.attrs)
    return dataset.assign_attrs(sigma=row.sigma, method=row.method)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    fields = "Fields: direction of the score as arrows, its size as colour"
    fields += "; the difference on a scale of its own." if "field_exact" in dataset else "."
    return f"{model_caption(dataset)} {fields} {joint_caption(dataset)}" if "path_data" in dataset else fields


def draw(dataset: xr.Dataset) -> Figure:
    """Paths above, then marginals and autocorrelations, fields of the score and joint densities below."""
    if "path_data" not in dataset:
        n_fields = len(_fields(dataset))
        figure = new_figure(3.5 * n_fields, 3.2)
        _draw_fields(figure, dataset)
        return figure
    # A single field stands beside the joint densities, several have a row of their own.
    beside = "field_exact" not in dataset and bool(joint_kinds(dataset))
    heights = [1.6, 3.9, 2.9] + ([2.9] if joint_kinds(dataset) and not beside else [])
    figure = new_figure(10.0, sum(heights))
    rows = figure.subfigures(len(heights), 1, height_ratios=heights)
    paths = list(rows[0].subplots(1, 2))
    for k, ax in enumerate(paths):
        draw_path(ax, dataset, k)
        ax.set_xlabel(time_label(dataset))
    path_legend(paths[0])
    left, right = rows[1].subfigures(1, 2, width_ratios=[1.25, 1])
    marginals = marginal_panels(left, 2)
    draw_marginals(marginals, dataset)
    correlations = list(right.subplots(1, 2, sharey=True))
    draw_autocorrelations(correlations, dataset, n_columns=2)
    fields, joint = rows[2].subfigures(1, 2, width_ratios=[1, 2.5]) if beside else rows[[2, -1]]
    groups = [paths, list(marginals[0]), correlations, _draw_fields(fields, dataset)]
    if joint_kinds(dataset):
        groups.append(draw_joint_row(joint, dataset, 0))
    for index, ax in enumerate(ax for group in groups for ax in group):
        letter(ax, index)
    return figure


def _fields(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """The fields to show by their titles: the exact one, the estimate, and the difference of the two."""
    method = next(method for method in LABELS if f"field_{method}" in dataset)
    estimate = dataset[f"field_{method}"].values
    if "field_exact" not in dataset:
        return {LABELS[method]: estimate}
    exact = dataset["field_exact"].values
    return {"exact score": exact, LABELS[method]: estimate, "their difference": estimate - exact}


def _draw_fields(figure, dataset: xr.Dataset) -> list:
    """Arrows show the direction, colour the size: at one scale the steep flanks would hide the wells."""
    x, y = dataset["field_point"].values.T
    names, fields = variable_names(dataset), _fields(dataset)
    panels = list(figure.subplots(1, len(fields), sharex=True, sharey=True, squeeze=False)[0])
    largest = max(np.linalg.norm(values, axis=1).max() for values in list(fields.values())[:2])
    for number, (ax, (title, values)) in enumerate(zip(panels, fields.items())):
        size = np.linalg.norm(values, axis=1)
        direction = values / np.maximum(size, 1e-12)[:, None]
        arrows = ax.quiver(
            x, y, *direction.T, size, cmap=FIELD_MAP, angles="xy", scale=24, width=0.007, pivot="mid",
            clim=(0, largest if number < 2 else size.max()),
        )  # fmt: skip
        ax.set_title(title)
        ax.set_xlabel(names[0])
        figure.colorbar(arrows, ax=ax, label="‖score‖" if number < 2 else "‖difference‖", shrink=0.9, pad=0.01)
    panels[0].set_ylabel(names[1])
    return panels
