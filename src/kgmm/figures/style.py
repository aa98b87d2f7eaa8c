"""One look for all figures: colour-blind safe, and told apart in grey print by line style and marker as well."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREEN, _RED, _PURPLE = (sns.color_palette("colorblind")[k] for k in (0, 1, 2, 3, 4))

EXACT = {"color": "black", "linestyle": "-", "linewidth": 2.4, "alpha": 0.85}
SMOOTHED = {"color": "black", "linestyle": (0, (1, 1.5)), "linewidth": 1.2}
DATA = {"color": "0.45", "linestyle": "-", "linewidth": 1.0}
MODEL = {"color": _BLUE, "linestyle": "--", "linewidth": 1.7}
IDENTITY = {"color": _ORANGE, "linestyle": (0, (1, 1.2)), "linewidth": 1.6}
METHODS = {
    "gmm": {"color": _ORANGE, "linestyle": "-", "linewidth": 0.7, "alpha": 0.9},
    "gmm_network": {"color": _GREEN, "linestyle": "-.", "linewidth": 1.4},
    "dsm": {"color": _PURPLE, "linestyle": (0, (5, 1.5, 1, 1.5)), "linewidth": 1.4},
    "kgmm_cells": {"color": _RED, "linestyle": "none", "marker": "o", "markersize": 3.2, "linewidth": 0.8},
    "kgmm": {"color": _BLUE, "linestyle": "--", "linewidth": 1.9},
}
# In the order of preference where a figure has room for one.
LABELS = {
    "kgmm": "KGMM network",
    "kgmm_cells": "KGMM cells",
    "gmm_network": "network fitted to direct GMM scores",
    "dsm": "denoising score matching",
    "gmm": "direct GMM score",
}
_RASTER_DPI = 160
DENSITY_MAP = "mako_r"
DIVERGING_MAP = "vlag"
FIELD_MAP = "flare"  # its light end still shows on white


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in the common style; sizes in inches."""
    sns.set_theme(
        context="paper",
        style="ticks",
        rc={
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": 10,
            "axes.labelsize": 9.5,
            "legend.fontsize": 8.5,
            "legend.frameon": False,
            "xtick.labelsize": 8.5,
            "ytick.labelsize": 8.5,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "pdf.fonttype": 42,
        },
    )
    return Figure(figsize=(width, height), layout="constrained")


def letter(axes: Axes, index: int) -> None:
    """Marks a panel with (a), (b), …"""
    axes.set_title(f"({chr(ord('a') + index)})", loc="left", fontweight="bold")


def save(figure: Figure, png: str | Path, pdf: str | Path) -> None:
    """Writes a figure as raster and as vector file, without anything that differs from run to run."""
    figure.savefig(png, dpi=_RASTER_DPI, metadata={"Software": None})
    figure.savefig(pdf, dpi=300, metadata={"CreationDate": None})
