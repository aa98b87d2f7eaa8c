"""The error of the score against σ, p_min and number of samples, and the term of the error budget that limits it."""

from __future__ import annotations

import numpy as np
import seaborn as sns
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from kgmm.figures.results import metric_values
from kgmm.figures.style import DENSITY_MAP, letter, new_figure
from kgmm.results import ExperimentResult
from kgmm.score.error_terms import TERMS

_AXES = ("n_samples", "min_probability", "sigma")


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Errors of the network and terms of its budget, medians over replicates, over the axes of the map."""
    rows = [row for row in rows if row.method == "kgmm"]
    values = {name: sorted({_place(row, name) for row in rows}) for name in _AXES}
    found = {}
    for row in rows:
        at = tuple(values[name].index(_place(row, name)) for name in _AXES)
        found.setdefault(at, []).append(metric_values(row))
    shape = tuple(len(values[name]) for name in _AXES)
    names = ["score_error", "smoothed_score_error", *(f"budget_{term}" for term in TERMS)]
    arrays = {name: np.full(shape, np.nan) for name in names}
    for at, metrics in found.items():
        for name in names:
            arrays[name][at] = np.nanmedian([m.get(name, np.nan) for m in metrics])
    dataset = xr.Dataset({name: (_AXES, array) for name, array in arrays.items()}).assign_coords(values)
    return dataset.assign_attrs(n_replicates=max(map(len, found.values())))


def _place(row: ExperimentResult, name: str) -> float:
    """Where a row is on an axis; at the end, infinite, where the value is left to the data."""
    value = getattr(row, name)
    return np.inf if value is None else value


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return "Relative mean-square error at every setting, and the largest of its terms."


def draw(dataset: xr.Dataset) -> Figure:
    """One map per number of samples; in each field the error and the largest term."""
    n_panels = dataset.sizes["n_samples"]
    figure = new_figure(1.6 + 3.7 * n_panels, 1.6 + 0.62 * dataset.sizes["min_probability"])
    axes = figure.subplots(1, n_panels, squeeze=False, sharey=True)[0]
    errors = dataset["score_error"]
    norm = LogNorm(float(errors.min()), float(errors.max()))
    for k, ax in enumerate(axes):
        panel = dataset.isel(n_samples=k)
        frame = panel["score_error"].to_pandas().iloc[::-1]
        frame.index, frame.columns = (
            [f"{value:g}" if np.isfinite(value) else "auto" for value in labels]
            for labels in (frame.index, frame.columns)
        )
        sns.heatmap(
            frame, ax=ax, norm=norm, cmap=DENSITY_MAP, annot=_notes(panel)[::-1], fmt="", linewidths=0.6,
            annot_kws={"size": 8}, cbar=k == n_panels - 1, cbar_kws={"label": "relative mean-square error against s"},
        )  # fmt: skip
        number = float(panel["n_samples"])
        ax.set_title(f"{number:,.0f} samples".replace(",", " ") if np.isfinite(number) else "all samples")
        letter(ax, k)
        ax.set_xlabel("noise amplitude σ")
        ax.set_ylabel("$p_{min}$" if k == 0 else "")
        ax.tick_params(axis="y", rotation=0, length=0)
        ax.tick_params(axis="x", length=0)
    return figure


def _notes(panel: xr.Dataset) -> np.ndarray:
    """Error and largest term of every field, ``(min_probability, sigma)``."""
    terms = np.stack([panel[f"budget_{term}"].values for term in TERMS])
    errors = panel["score_error"].values
    notes = np.full(errors.shape, "", dtype=object)
    for at in np.ndindex(errors.shape):
        if np.isfinite(errors[at]):
            largest = TERMS[int(np.nanargmax(terms[(slice(None), *at)]))]
            notes[at] = f"{errors[at]:.2g}\n{largest}"
    return notes
