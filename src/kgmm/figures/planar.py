"""Two-dimensional systems: paths, marginal densities, vector fields and joint densities of data and model.

Figure 3 of arXiv:2503.18054.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.figures.results import usable_comparison
from kgmm.figures.style import DATA, DENSITY_MAP, EXACT, FIELD_MAP, MODEL, letter, new_figure


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
    _draw_paths(paths, dataset)
    letter(paths[0], 0)
    for k in range(2):
        ax = upper.add_subplot(grid[:, 2 + k])
        _draw_marginal(ax, dataset, k)
        letter(ax, 1 + k)
    panels = lower.subplots(1, 4)
    _draw_fields(panels[:2], dataset)
    _draw_joint(panels[2:], dataset)
    for k, ax in enumerate(panels):
        letter(ax, 3 + k)
    return figure


def _names(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name in dataset["variable"].values] if "variable" in dataset.coords else ["x1", "x2"]


def _draw_paths(axes: list[Axes], dataset: xr.Dataset) -> None:
    for k, (ax, name) in enumerate(zip(axes, _names(dataset))):
        ax.plot(dataset["path_data_time"], dataset["path_data"][:, k], **{**DATA, "linewidth": 0.8}, label="data")
        style = {**MODEL, "linestyle": "-", "linewidth": 0.8}
        ax.plot(dataset["path_model_time"], dataset["path_model"][:, k], **style, label="model, own clock")
        ax.set_ylabel(name)
        ax.margins(x=0)
    axes[0].set_xticklabels([])
    legend = axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    for line in legend.get_lines():
        line.set_linewidth(2)
    axes[1].set_xlabel("time (units of the system; the model's clock is that of Φ = I, standardised)")


def _draw_marginal(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    x = dataset["bin_center"][k]
    if "density_exact" in dataset:
        ax.plot(x, dataset["density_exact"][k], **EXACT, label="exact")
    ax.step(x, dataset["density_data"][k], where="mid", **DATA, label="held-out data")
    ax.plot(x, dataset["density_model"][k], **MODEL, label="Langevin model")
    name = _names(dataset)[k]
    ax.set_xlabel(f"{name} (physical units)")
    ax.set_ylabel(f"density of {name}")
    ax.set_ylim(bottom=0)
    if k == 0:
        ax.legend(loc="upper right")


def _draw_fields(axes, dataset: xr.Dataset) -> None:
    x, y = dataset["field_point"].values.T
    names = _names(dataset)
    fields = [("score, KGMM network", dataset["field_kgmm"].values)]
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


def _draw_joint(axes, dataset: xr.Dataset) -> None:
    names = _names(dataset)
    edges = dataset["joint_edge"].values
    largest = float(max(dataset["joint_data"].max(), dataset["joint_model"].max()))
    for ax, kind, title in zip(axes, ("data", "model"), ("density, held-out data", "density, Langevin model")):
        mesh = ax.pcolormesh(
            edges[0],
            edges[1],
            dataset[f"joint_{kind}"][0].values.T,
            cmap=DENSITY_MAP,
            vmin=0,
            vmax=largest,
            rasterized=True,
        )
        ax.set_title(title)
        ax.set_xlabel(f"{names[0]} (physical units)")
        ax.set_ylabel(names[1])
    axes[0].figure.colorbar(mesh, ax=list(axes), label="density", shrink=0.9, pad=0.01)
