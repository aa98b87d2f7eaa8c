"""Three and more variables: paths, marginal densities, autocorrelations, and joint densities of data and model.

Figure 4 of arXiv:2503.18054; with more than three variables, the first ones.
"""

from __future__ import annotations

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
)
from kgmm.figures.results import models_to_draw
from kgmm.figures.style import letter, new_figure
from kgmm.results import ExperimentResult

_COLUMNS = 3
_HEIGHTS = {"paths": 1.4, "marginals": 3.9, "autocorrelations": 2.2}
_JOINT_HEIGHT = 2.7


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Densities and paths of the first row with a usable Langevin model."""
    row, dataset = models_to_draw(rows)
    return dataset.assign_attrs(sigma=row.sigma, method=row.method)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return f"{model_caption(dataset)} {joint_caption(dataset)}"


def draw(dataset: xr.Dataset) -> Figure:
    """Paths, marginals and autocorrelations above; below a row for each pair of variables."""
    n_columns = min(_COLUMNS, dataset.sizes["variable"])
    n_pairs = min(_COLUMNS, dataset.sizes.get("pair", 0)) if joint_kinds(dataset) else 0
    heights = [*_HEIGHTS.values(), *[_JOINT_HEIGHT] * n_pairs]
    figure = new_figure(3.3 * n_columns, sum(heights))
    rows = figure.subfigures(len(heights), 1, height_ratios=heights)
    groups = [list(rows[0].subplots(1, n_columns))]
    for k, ax in enumerate(groups[0]):
        draw_path(ax, dataset, k)
        ax.set_xlabel(time_label(dataset))
    path_legend(groups[0][0])
    marginals = marginal_panels(rows[1], n_columns)
    draw_marginals(marginals, dataset)
    groups += [list(marginals[0]), list(rows[2].subplots(1, n_columns, sharey=True))]
    draw_autocorrelations(groups[2], dataset)
    groups += [draw_joint_row(row, dataset, pair, legend=pair == 0) for pair, row in enumerate(rows[3:])]
    for index, ax in enumerate(ax for group in groups for ax in group):
        letter(ax, index)
    return figure
