"""Figures: the results of a block of experiments in, a dataset and a figure out. One file per figure.

``gather`` collects what a figure shows into one dataset, which is written beside it; ``draw`` needs nothing else.
"""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures import empty, multivariate, planar, score_profiles, trajectory
from kgmm.figures.results import usable_comparison
from kgmm.pipeline.failures import failure_of

_KINDS = {
    "score_profiles": score_profiles,
    "planar": planar,
    "empty": empty,
    "multivariate": multivariate,
    "trajectory": trajectory,
}
# A variable of an evaluation that tells which figure it is for.
_MARKS = {"x": "score_profiles", "field_point": "planar"}


def gather(rows: list[dict]) -> xr.Dataset:
    """What the figure of these rows shows. Rows are the plan's: settings, and paths of evaluation and comparison.

    Replicates after the first are for tables and left out, and so are failed results.
    """
    first = min(row["replicate"] for row in rows)
    rows = [row for row in rows if row["replicate"] == first]
    usable = [row for row in rows if row["evaluation"] is not None and failure_of(row["evaluation"]) is None]
    kind = "multivariate" if any(usable_comparison(row) for row in usable) else "empty"
    if usable:
        with xr.open_dataset(usable[0]["evaluation"]) as evaluation:
            kind = next((kind for name, kind in _MARKS.items() if name in evaluation), kind)
    return _KINDS[kind].gather(usable).assign_attrs(kind=kind, system=rows[0]["system"])


def trajectory_page(path: str) -> xr.Dataset:
    """What the page of a trajectory shows, from its description."""
    if failure_of(path) is not None:
        return xr.Dataset(attrs={"kind": "empty"})
    with xr.open_dataset(path) as description:
        return description.load().assign_attrs(kind="trajectory")


def draw(dataset: xr.Dataset) -> Figure:
    """The figure of a dataset that :func:`gather` or :func:`trajectory_page` made."""
    return _KINDS[dataset.attrs["kind"]].draw(dataset)
