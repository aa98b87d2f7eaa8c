"""The figure of a block in which every result failed, or that could not be drawn."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from kgmm.figures.style import new_figure
from kgmm.results import ExperimentResult

NOTHING = "No usable result."
MANY_VARIABLES = "A score of three and more variables, and no model: its errors are in the tables."


def reason_of(dataset: xr.Dataset) -> str:
    """Why there is nothing to show."""
    return dataset.attrs.get("reason", NOTHING)


def caption(dataset: xr.Dataset) -> str:
    """Nothing: the reason is the text."""
    return ""


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Nothing."""
    return xr.Dataset()


def draw(dataset: xr.Dataset) -> Figure:
    """Says that there is nothing to show."""
    figure = new_figure(6, 1.2)
    figure.text(0.5, 0.5, reason_of(dataset), ha="center", va="center", wrap=True)
    return figure
