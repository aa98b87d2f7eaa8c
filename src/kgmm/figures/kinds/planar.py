"""Two-dimensional systems: paths, marginals, autocorrelations, vector fields and joint densities of data and model.

Figure 3 of arXiv:2503.18054.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures.panels import (
    draw_autocorrelation,
    draw_joint,
    draw_marginal,
    draw_path,
    joint_kinds,
    path_legend,
    time_label,
    variable_names,
)
from kgmm.figures.results import comparison_to_draw, usable_comparison
from kgmm.figures.style import FIELD_MAP, LABELS, letter, new_figure
from kgmm.results import ExperimentResult

MARK = "field_point"


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Field and densities of the row with a Langevin model, or of the first row if there is none."""
    modelled = [row for row in rows if usable_comparison(row) is not None]
    row = (modelled or rows)[0]
    with xr.open_dataset(row.evaluation) as evaluation:
        dataset = evaluation[[name for name in evaluation if name.startswith("field_")]].load()
    if modelled:
        curves = comparison_to_draw(row)
        dataset = xr.merge([dataset, curves]).assign_attrs(curves.attrs)
    return dataset.assign_attrs(sigma=row.sigma, method=row.method)


def draw(dataset: xr.Dataset) -> Figure:
    """Paths above, then marginals and autocorrelations, fields and joint densities below."""
    n_fields = 1 + ("field_exact" in dataset)
    if "path_data" not in dataset:
        figure = new_figure(4 * n_fields, 4)
        _draw_fields(figure.subplots(1, n_fields, sharex=True, sharey=True, squeeze=False)[0], dataset)
        return figure
    figure = new_figure(13.2, 9.0)
    upper, middle, lower = figure.subfigures(3, 1, height_ratios=[0.72, 1, 1.1])
    paths = upper.subplots(1, 2)
    for k, ax in enumerate(paths):
        draw_path(ax, dataset, k)
        ax.set_xlabel(time_label(dataset))
        letter(ax, k)
    path_legend(paths[0])
    curves = middle.subplots(1, 4)
    for k in range(2):
        draw_marginal(curves[k], dataset, k)
        draw_autocorrelation(curves[2 + k], dataset, k)
    for k, ax in enumerate(curves):
        letter(ax, 2 + k)
    kinds = joint_kinds(dataset)
    panels = lower.subplots(1, n_fields + len(kinds))
    _draw_fields(panels[:n_fields], dataset)
    for ax, kind in zip(panels[n_fields:], kinds):
        mesh = draw_joint(ax, dataset, kind, 0)
    lower.colorbar(mesh, ax=list(panels[n_fields:]), label="density", shrink=0.9, pad=0.01)
    for k, ax in enumerate(panels):
        letter(ax, 6 + k)
    return figure


def _draw_fields(axes, dataset: xr.Dataset) -> None:
    x, y = dataset["field_point"].values.T
    names = variable_names(dataset)
    method = next(method for method in LABELS if f"field_{method}" in dataset)
    fields = [(LABELS[method], dataset[f"field_{method}"].values)]
    if "field_exact" in dataset:
        fields.insert(0, ("exact score", dataset["field_exact"].values))
    # Arrows show the direction, colour the size: at one scale the steep flanks would hide the wells.
    sizes = [np.linalg.norm(values, axis=1) for _, values in fields]
    largest = max(size.max() for size in sizes)
    for ax, (title, values), size in zip(axes, fields, sizes):
        direction = values / np.maximum(size, 1e-12)[:, None]
        arrows = ax.quiver(
            x, y, *direction.T, size, cmap=FIELD_MAP, angles="xy", scale=24, width=0.007, pivot="mid",
            clim=(0, largest),
        )  # fmt: skip
        ax.set_title(title)
        ax.set_xlabel(f"{names[0]} (physical units)")
        ax.set_ylabel(names[1])
    axes[0].figure.colorbar(arrows, ax=list(axes), label="‖score‖", shrink=0.9, pad=0.01)
