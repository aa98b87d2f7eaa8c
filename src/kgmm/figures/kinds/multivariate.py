"""Three and more variables: paths, marginal densities, autocorrelations, and joint densities of data and model.

Figure 4 of arXiv:2503.18054; with more than three variables, the first ones.
"""

from __future__ import annotations

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
)
from kgmm.figures.results import comparison_to_draw, usable_comparison
from kgmm.figures.style import letter, new_figure
from kgmm.results import ExperimentResult

_COLUMNS = 3


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Densities and paths of the first row with a usable Langevin model."""
    row = next(row for row in rows if usable_comparison(row) is not None)
    return comparison_to_draw(row).assign_attrs(sigma=row.sigma, method=row.method)


def draw(dataset: xr.Dataset) -> Figure:
    """Paths, marginals and autocorrelations above, joint densities of data and of the models below."""
    kinds = joint_kinds(dataset)
    n_columns = min(_COLUMNS, dataset.sizes["variable"])
    figure = new_figure(3.9 * n_columns, 7.2 + 2.8 * len(kinds))
    rows = figure.subfigures(3 + len(kinds), 1, height_ratios=[0.75, 1, 0.9] + [1.05] * len(kinds))
    for k, ax in enumerate(rows[0].subplots(1, n_columns)):
        draw_path(ax, dataset, k)
        ax.set_xlabel(time_label(dataset))
        letter(ax, k)
        if k == 0:
            path_legend(ax)
    for k, ax in enumerate(rows[1].subplots(1, n_columns)):
        draw_marginal(ax, dataset, k)
        letter(ax, n_columns + k)
    for k, ax in enumerate(rows[2].subplots(1, n_columns, sharey=True)):
        draw_autocorrelation(ax, dataset, k)
        letter(ax, 2 * n_columns + k)
    for number, kind in enumerate(kinds):
        panels = rows[3 + number].subplots(1, n_columns)
        for pair, ax in enumerate(panels):
            mesh = draw_joint(ax, dataset, kind, pair)
            rows[3 + number].colorbar(mesh, ax=ax, shrink=0.9, pad=0.01)
            letter(ax, (3 + number) * n_columns + pair)
    return figure
