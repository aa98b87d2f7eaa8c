"""Two-dimensional systems: paths, marginal densities, vector fields and joint densities of data and model.

Figure 3 of arXiv:2503.18054.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures.panels import draw_joint, draw_marginal, draw_path, path_legend, variable_names
from kgmm.figures.results import usable_comparison
from kgmm.figures.style import FIELD_MAP, LABELS, letter, new_figure


def gather(rows: list[dict]) -> xr.Dataset:
    """Field and densities of the row with a Langevin model, or of the first row if there is none."""
    modelled = [row for row in rows if usable_comparison(row) is not None]
    row = (modelled or rows)[0]
    with xr.open_dataset(row["evaluation"]) as evaluation:
        dataset = evaluation[[name for name in evaluation if name.startswith("field_")]].load()
    if modelled:
        with xr.open_dataset(row["comparison"]) as comparison:
            kept = [name for name in comparison if not name.startswith("metric_")]
            dataset = xr.merge([dataset, comparison[kept].load()])
    return dataset.assign_attrs(sigma=row["sigma"], method=row["method"])


def draw(dataset: xr.Dataset) -> Figure:
    """Paths and marginals above, fields and joint densities below."""
    if "path_data" not in dataset:
        figure = new_figure(8, 4)
        _draw_fields(figure.subplots(1, 2, sharex=True, sharey=True), dataset)
        return figure
    figure = new_figure(13.2, 6.8)
    upper, lower = figure.subfigures(2, 1, height_ratios=[1, 1.12])
    grid = upper.add_gridspec(2, 4)
    paths = [upper.add_subplot(grid[k, :2]) for k in range(2)]
    for k, ax in enumerate(paths):
        draw_path(ax, dataset, k)
    path_legend(paths[0])
    paths[0].set_xticklabels([])
    paths[1].set_xlabel("time (units of the system; the model's clock is that of Φ = I, standardised)")
    letter(paths[0], 0)
    for k in range(2):
        ax = upper.add_subplot(grid[:, 2 + k])
        draw_marginal(ax, dataset, k)
        letter(ax, 1 + k)
    panels = lower.subplots(1, 4)
    _draw_fields(panels[:2], dataset)
    for ax, kind in zip(panels[2:], ("data", "model")):
        mesh = draw_joint(ax, dataset, kind, 0)
    lower.colorbar(mesh, ax=list(panels[2:]), label="density", shrink=0.9, pad=0.01)
    for k, ax in enumerate(panels):
        letter(ax, 3 + k)
    return figure


def _draw_fields(axes, dataset: xr.Dataset) -> None:
    x, y = dataset["field_point"].values.T
    names = variable_names(dataset)
    method = next(method for method in LABELS if f"field_{method}" in dataset)
    fields = [(f"score, {LABELS[method]}", dataset[f"field_{method}"].values)]
    if "field_exact" in dataset:
        fields.insert(0, ("score, exact", dataset["field_exact"].values))
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
