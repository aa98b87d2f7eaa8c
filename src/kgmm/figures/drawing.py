"""Figures: the results of a block of experiments in, a dataset and a figure out.

``gather`` collects what a figure shows into one dataset, which is written beside it; ``draw`` needs nothing else.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from kgmm.errors import first_line
from kgmm.figures.kinds.empty import MANY_VARIABLES
from kgmm.figures.registry import figure_kind, figure_kinds
from kgmm.figures.results import usable_comparison
from kgmm.figures.style import save
from kgmm.jobs.failures import failure_of
from kgmm.jobs.full_disk import is_full
from kgmm.results import ExperimentResult

logger = logging.getLogger("kgmm")


def gather(results: list[ExperimentResult], kind: str = "auto") -> xr.Dataset:
    """What the figure of these experiments shows.

    Failed results are left out, and so are replicates after the first where a figure shows single results.

    Parameters
    ----------
    results : list of ExperimentResult
        The experiments of a block, or of several.
    kind : str
        Name of a module in ``figures/kinds``, or ``"auto"``: what the first results show.
    """
    kind, results = _chosen(results, kind)
    dataset = figure_kind(kind).gather(results).assign_attrs(kind=kind, system=results[0].system)
    if kind == "empty" and any(result.evaluation and failure_of(result.evaluation) is None for result in results):
        dataset.attrs["reason"] = MANY_VARIABLES
    return dataset


def _chosen(results: list[ExperimentResult], kind: str) -> tuple[str, list[ExperimentResult]]:
    """The kind of figure, and the experiments it is made from."""
    if results[0].race is not None:
        return "race" if failure_of(results[0].race) is None else "empty", results
    usable = [result for result in results if result.evaluation is not None and failure_of(result.evaluation) is None]
    if kind != "auto":
        if getattr(figure_kind(kind), "NEEDS_MODELS", False):
            usable = [result for result in usable if usable_comparison(result)]
        return (kind, usable) if usable else ("empty", results)
    first = min(result.replicate for result in results)
    usable = [result for result in usable if result.replicate == first]
    if not usable:
        return "empty", results
    with xr.open_dataset(usable[0].evaluation) as evaluation:
        marks = {name: getattr(figure_kind(name), "MARK", None) for name in figure_kinds()}
        kind = next((name for name, mark in marks.items() if mark in evaluation), None)
    if kind is None:
        kind = "multivariate" if any(usable_comparison(result) for result in usable) else "empty"
    return kind, usable


def training_page(results: list[ExperimentResult]) -> xr.Dataset:
    """What the page of the fits of these experiments shows: their losses."""
    dataset = figure_kind("training").gather(results)
    return dataset.assign_attrs(kind="training" if dataset.sizes else "empty")


def page_of(file: str, kind: str) -> xr.Dataset:
    """What a page shows that is made from one result: a trajectory from its description, a model in other units."""
    if failure_of(file) is not None:
        return xr.Dataset(attrs={"kind": "empty"})
    with xr.open_dataset(file, decode_times=False) as dataset:
        return dataset.load().assign_attrs(kind=kind)


def sweep_page(table: pd.DataFrame, axes: list[list[str]]) -> xr.Dataset:
    """What the figure of a sweep shows, from its rows of the run's table; ``axes`` are columns that vary together."""
    return figure_kind("sweep").gather(table, axes)


def draw(dataset: xr.Dataset) -> Figure:
    """The figure of a dataset that one of the functions above made."""
    return figure_kind(dataset.attrs["kind"]).draw(dataset)


def publish(dataset: xr.Dataset, png: str | Path, pdf: str | Path, data: str | Path) -> None:
    """Writes the figure of a dataset, and the dataset beside it."""
    dataset.to_netcdf(data)
    save(draw(without_formulas(dataset)), png, pdf)


def draw_picture(
    drawing: str, name: str, sources: list, png: str | Path, pdf: str | Path, data: str | Path
) -> dict[str, str]:
    """Draws one picture of a run; one that cannot be drawn must not cost the report, and says why it is missing.

    Parameters
    ----------
    drawing : str
        ``"figure"``, ``"training"``, ``"trajectory"``, ``"restored"`` or ``"sweep"``.
    name : str
        Block or figure that it is of.
    sources : list
        What it is made from, see :func:`kgmm.jobs.drawings.drawings_of`.
    png, pdf, data : str or Path
        Files that are written.

    Returns
    -------
    dict
        ``status`` and ``reason`` if it could not be drawn, else empty.
    """
    try:
        publish(_contents(drawing, name, sources), png, pdf, data)
    except Exception as error:
        if is_full(png) or isinstance(error, MemoryError):  # of the machine: drawn anew once there is room
            raise
        logger.exception("the picture cannot be drawn")
        reason = f"cannot be drawn: {first_line(error)}"
        publish(xr.Dataset(attrs={"kind": "empty", "reason": reason}), png, pdf, data)
        return {"status": "failed", "reason": reason}
    return {}


def _contents(drawing: str, name: str, sources: list) -> xr.Dataset:
    if drawing == "figure":
        return gather(sources[1:], sources[0])
    if drawing == "training":
        return training_page(sources)
    if drawing in ("trajectory", "restored"):
        return page_of(sources[0], drawing)
    table = pd.read_csv(sources[0])
    return sweep_page(table[table["block"] == name].reset_index(drop=True), sources[1:])


def without_formulas(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with names that are drawn as they are: matplotlib would set what stands between dollars as a formula.

    Examples
    --------
    >>> names = xr.Dataset(coords={"variable": ["x", "$\\\\frac$"]})
    >>> print(*without_formulas(names)["variable"].values)
    x \\$\\frac\\$
    """

    def plain(text: str) -> str:
        return text.replace("$", r"\$")

    changed = {
        name: (values.dims, np.array([plain(str(text)) for text in values.values.ravel()]).reshape(values.shape))
        for name, values in dataset.variables.items()
        if values.dtype.kind in "OU"
    }
    attributes = {name: plain(value) if isinstance(value, str) else value for name, value in dataset.attrs.items()}
    return dataset.assign(changed).assign_attrs(attributes)
