"""Figures: the results of a block of experiments in, a dataset and a figure out. One file per figure.

``gather`` collects what a figure shows into one dataset, which is written beside it; ``draw`` needs nothing else.
"""

from __future__ import annotations

from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures import (
    empty,
    error_map,
    multivariate,
    noise_amplification,
    planar,
    race,
    ring,
    score_profiles,
    sweep,
    training,
    trajectory,
)
from kgmm.figures.results import usable_comparison
from kgmm.figures.style import save
from kgmm.jobs.failures import failure_of

_KINDS = {
    "score_profiles": score_profiles,
    "planar": planar,
    "empty": empty,
    "multivariate": multivariate,
    "trajectory": trajectory,
    "noise_amplification": noise_amplification,
    "error_map": error_map,
    "ring": ring,
    "race": race,
    "sweep": sweep,
    "training": training,
}
# A variable of an evaluation that tells which figure it is for.
_MARKS = {"x": "score_profiles", "field_point": "planar"}


def gather(rows: list[dict]) -> xr.Dataset:
    """What the figure of these rows shows. Rows are the plan's: settings, and paths of their results.

    Failed results are left out, and so are replicates after the first where a figure shows single results.
    """
    kind, rows = _kind(rows)
    return _KINDS[kind].gather(rows).assign_attrs(kind=kind, system=rows[0]["system"])


def _kind(rows: list[dict]) -> tuple[str, list[dict]]:
    """The kind of figure, and the rows it is made from."""
    usable = [row for row in rows if row["evaluation"] is not None and failure_of(row["evaluation"]) is None]
    if rows[0]["race"] is not None:
        return "race" if failure_of(rows[0]["race"]) is None else "empty", rows
    kind = rows[0]["figure"]
    if kind == "ring":
        usable = [row for row in usable if usable_comparison(row)]
    if kind != "auto":
        return (kind, usable) if usable else ("empty", rows)
    first = min(row["replicate"] for row in rows)
    usable = [row for row in usable if row["replicate"] == first]
    if not usable:
        return "empty", rows
    with xr.open_dataset(usable[0]["evaluation"]) as evaluation:
        kind = next((kind for name, kind in _MARKS.items() if name in evaluation), None)
    if kind is None:
        kind = "multivariate" if any(usable_comparison(row) for row in usable) else "empty"
    return kind, usable


def training_page(rows: list[dict]) -> xr.Dataset:
    """What the page of the fits of these rows shows: their losses."""
    dataset = training.gather(rows)
    return dataset.assign_attrs(kind="training" if dataset.sizes else "empty")


def trajectory_page(path: str) -> xr.Dataset:
    """What the page of a trajectory shows, from its description."""
    if failure_of(path) is not None:
        return xr.Dataset(attrs={"kind": "empty"})
    with xr.open_dataset(path) as description:
        return description.load().assign_attrs(kind="trajectory")


def draw(dataset: xr.Dataset) -> Figure:
    """The figure of a dataset that :func:`gather` or :func:`trajectory_page` made."""
    return _KINDS[dataset.attrs["kind"]].draw(dataset)


def publish(dataset: xr.Dataset, png: str | Path, pdf: str | Path, data: str | Path) -> None:
    """Writes the figure of a dataset, and the dataset beside it."""
    dataset.to_netcdf(data)
    save(draw(dataset), png, pdf)
