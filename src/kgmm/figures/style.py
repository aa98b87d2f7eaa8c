"""One look for all figures: colour-blind safe, and told apart in grey print by line style and marker as well."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kgmm.methods.registry import methods

_PALETTE = sns.color_palette("colorblind")
_BLUE, _SKY, _PINK = (_PALETTE[k] for k in (0, 9, 4))
_INDIGO = "#332288"

EXACT = {"color": "black", "linestyle": "-", "linewidth": 2.4, "alpha": 0.85}
SMOOTHED = {"color": "black", "linestyle": (0, (1, 1.5)), "linewidth": 1.2}
DATA = {"color": "0.45", "linestyle": "-", "linewidth": 1.0}
MODEL = {"color": _BLUE, "linestyle": "--", "linewidth": 1.7}
IDENTITY = {"color": _SKY, "linestyle": (0, (1, 1.2)), "linewidth": 1.8}
# The data with the noise of the score's amplitude added: the law of a model whose score is exact.
BLURRED = {"color": _PINK, "linestyle": (0, (3, 1, 1, 1)), "linewidth": 1.3}
# A constant mobility beside one that depends on the state.
CONSTANT = {"color": _INDIGO, "linestyle": (0, (3, 1.5)), "linewidth": 1.4}
LINEAR = {"color": "0.15", "linestyle": (0, (4, 1.5, 1, 1.5)), "linewidth": 1.1}
# In the order of preference where a figure has room for one.
METHODS = {name: method.style for name, method in methods().items()}
LABELS = {name: method.label for name, method in methods().items()}
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
    """Marks a panel with (a), (b), …, after (z) with (aa), (ab), …; its title follows: centred, a long one meets it."""
    before, last = divmod(index, len(ascii_lowercase))
    letters = (ascii_lowercase[before - 1] if before else "") + ascii_lowercase[last]
    if title := axes.get_title():
        size = axes.title.get_fontsize()
        axes.set_title("")
        axes.set_title(rf"$\mathbf{{({letters})}}$  {title}", loc="left", fontsize=size)
    else:
        axes.set_title(f"({letters})", loc="left", fontweight="bold")


def save(figure: Figure, png: str | Path, pdf: str | Path) -> None:
    """Writes a figure as raster and as vector file, without anything that differs from run to run."""
    figure.savefig(png, dpi=_RASTER_DPI, metadata={"Software": None})
    # The layout is found once; finding it anew for the second file takes as long as everything else.
    figure.set_layout_engine("none")
    figure.savefig(pdf, dpi=_RASTER_DPI, metadata={"CreationDate": None})
