"""Three and more variables: paths, marginal densities, and joint densities of data and model.

Figure 4 of arXiv:2503.18054; with more than three variables, the first ones.
"""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures.panels import draw_joint, draw_marginal, draw_path, path_legend
from kgmm.figures.results import usable_comparison
from kgmm.figures.style import letter, new_figure

_COLUMNS = 3


def gather(rows: list[dict]) -> xr.Dataset:
    """Densities and paths of the first row with a usable Langevin model."""
    row = next(row for row in rows if usable_comparison(row) is not None)
    with xr.open_dataset(row["comparison"]) as comparison:
        kept = [name for name in comparison if not name.startswith("metric_")]
        return comparison[kept].load().assign_attrs(sigma=row["sigma"], method=row["method"])


def draw(dataset: xr.Dataset) -> Figure:
    """Paths and marginals above, joint densities of data and of the model below."""
    n_columns = min(_COLUMNS, dataset.sizes["variable"])
    figure = new_figure(3.9 * n_columns, 10.4)
    rows = figure.subfigures(4, 1, height_ratios=[0.75, 1, 1.05, 1.05])
    for k, ax in enumerate(rows[0].subplots(1, n_columns)):
        draw_path(ax, dataset, k)
        ax.set_xlabel("time (data: the system's; model: Φ = I)")
        letter(ax, k)
        if k == 0:
            path_legend(ax)
    for k, ax in enumerate(rows[1].subplots(1, n_columns)):
        draw_marginal(ax, dataset, k)
        letter(ax, n_columns + k)
    for number, kind in enumerate(("data", "model")):
        panels = rows[2 + number].subplots(1, n_columns)
        for pair, ax in enumerate(panels):
            mesh = draw_joint(ax, dataset, kind, pair)
            rows[2 + number].colorbar(mesh, ax=ax, shrink=0.9, pad=0.01)
            letter(ax, (2 + number) * n_columns + pair)
    return figure
