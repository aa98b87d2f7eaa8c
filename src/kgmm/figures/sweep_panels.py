"""Panels of a sweep's figure: a statistic along one axis, and over two."""

from __future__ import annotations

import textwrap

import numpy as np
import seaborn as sns
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle

from kgmm.figures.style import DENSITY_MAP, EXACT, LABELS, METHODS

# From this ratio of largest to smallest on, a scale is logarithmic.
_DECADE = 8.0
# Losses are comparable at equal σ only: over σ their distance from the lowest is shown.
_AT_EQUAL_SIGMA = "denoising_loss"
_LABEL_WIDTH = 34


def draw_lines(ax: Axes, dataset: xr.Dataset, statistic: str, axis: str) -> None:
    """A line per method with its intervals, the noise floor, and a cross where replicates failed."""
    value = dataset[f"{statistic}_value"]
    numeric = dataset[axis].dtype.kind in "fiu"
    x = dataset[axis].values if numeric else np.arange(dataset.sizes[axis])
    logarithmic = numeric and _spans_decades(x)
    for place, method in zip(_side_by_side(x, dataset.sizes["method"], logarithmic), dataset["method"].values):
        own = dataset.sel({"method": method})
        middle, low, high = (own[f"{statistic}_{name}"].values for name in ("value", "interval_low", "interval_high"))
        if np.isnan(middle).all():
            continue
        style = {"marker": "o", "markersize": 4, **METHODS[method], "linewidth": 1.5}
        if not numeric:
            style["linestyle"] = "none"  # nothing lies between settings that are only named
        elif style["linestyle"] == "none":
            style["linestyle"] = ":"
        reach = np.nan_to_num([middle - low, high - middle]).clip(min=0)
        ax.errorbar(place, middle, yerr=reach, capsize=2.5, elinewidth=0.9, **style, label=LABELS[method])
        _cross_failures(ax, x, own["n_failed"].values)
    floor = dataset[f"{statistic}_floor"].mean("method").values
    if np.isfinite(floor).any():
        ax.plot(x, floor, **{**EXACT, "linewidth": 1.1, "linestyle": (0, (1, 1.5))}, label="noise floor")
    if logarithmic:
        ax.set_xscale("log")
    if numeric and len(x) <= 8:
        labels = [_tick(tick) for tick in x]
        ax.set_xticks(x, labels, rotation=45 if sum(map(len, labels)) > 30 else 0)
        ax.minorticks_off()
    if not numeric:
        ax.set_xticks(x, dataset[axis].values, rotation=30)
    shown = np.concatenate([value.values.ravel(), floor[np.isfinite(floor)]])
    if _spans_decades(shown[np.isfinite(shown)]):
        ax.set_yscale("log")
    ax.set_ylabel(textwrap.fill(value.attrs["long_name"], _LABEL_WIDTH))


def _side_by_side(x: np.ndarray, n_methods: int, logarithmic: bool) -> list[np.ndarray]:
    """Places of the methods, so that their intervals do not hide each other."""
    shifts = np.arange(n_methods) - (n_methods - 1) / 2
    if logarithmic:
        return [x * (x.max() / x.min()) ** (0.009 * shift) for shift in shifts]
    return [x + 0.009 * shift * np.ptp(x) for shift in shifts]


def _cross_failures(ax: Axes, x: np.ndarray, n_failed: np.ndarray) -> None:
    failed = n_failed > 0
    if failed.any():
        transform = ax.get_xaxis_transform()
        ax.plot(x[failed], np.full(failed.sum(), 0.03), "x", color="black", transform=transform, label="with failures")


def draw_map(
    ax: Axes, panel: xr.Dataset, whole: xr.Dataset, statistic: str, horizontal: str, vertical: str, colorbar: bool
) -> None:
    """A heat map with numbers in its fields and a frame around the lowest; the scale is that of the whole figure."""
    values, everywhere = (_comparable(dataset, statistic) for dataset in (panel, whole))
    frame = values.transpose(vertical, horizontal).to_pandas().iloc[::-1]
    failed = panel["n_failed"].transpose(vertical, horizontal).values[::-1]
    frame.index, frame.columns = ([_tick(tick) for tick in ticks] for ticks in (frame.index, frame.columns))
    finite = everywhere.values[np.isfinite(everywhere.values)]
    if not finite.size:
        finite = np.array([0.0, 1.0])
    logarithmic = _spans_decades(finite)
    norm = LogNorm(finite.min(), finite.max()) if logarithmic else Normalize(finite.min(), finite.max())
    sns.heatmap(
        frame, ax=ax, norm=norm, cmap=DENSITY_MAP, annot=_notes(frame.to_numpy(), failed), fmt="", linewidths=0.6,
        annot_kws={"size": 7.5}, cbar=colorbar, cbar_kws={"label": _label(whole, statistic)},
    )  # fmt: skip
    for y, x in np.argwhere(np.isnan(frame.to_numpy())):
        ax.text(x + 0.5, y + 0.5, "failed" if failed[y, x] else "–", ha="center", va="center", size=7.5)
    if np.isfinite(frame.to_numpy()).any() and not _over_sigma(whole, statistic):
        y, x = np.unravel_index(np.nanargmin(frame.to_numpy()), frame.shape)
        ax.add_patch(Rectangle((x + 0.04, y + 0.04), 0.92, 0.92, fill=False, edgecolor="tab:red", linewidth=1.6))
    ax.tick_params(axis="both", length=0)
    ax.tick_params(axis="y", rotation=0)


def _comparable(dataset: xr.Dataset, statistic: str) -> xr.DataArray:
    values = dataset[f"{statistic}_value"]
    if not _over_sigma(dataset, statistic):
        return values
    others = [name for name in values.dims if name not in ("sigma", *_problem_axes(dataset))]
    return values - values.min(others)


def _problem_axes(dataset: xr.Dataset) -> list[str]:
    return [name for name in dataset.dims if str(name).startswith(("system.", "data.", "n_samples"))]


def _over_sigma(dataset: xr.Dataset, statistic: str) -> bool:
    return statistic == _AT_EQUAL_SIGMA and "sigma" in dataset.dims


def _label(dataset: xr.Dataset, statistic: str) -> str:
    name = dataset[f"{statistic}_value"].attrs["long_name"]
    name = f"{name} above the lowest at the same σ" if _over_sigma(dataset, statistic) else name
    return textwrap.fill(name, _LABEL_WIDTH)


def _notes(values: np.ndarray, failed: np.ndarray) -> np.ndarray:
    """Numbers of the fields, with a cross where some of the replicates failed."""
    notes = np.full(values.shape, "", dtype=object)
    for at in zip(*np.nonzero(np.isfinite(values))):
        notes[at] = f"{values[at]:.2g}" + (" ×" if failed[at] else "")
    return notes


def _tick(value) -> str:
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    return f"{value:,.0f}".replace(",", " ") if value >= 1000 and value == round(value) else f"{value:g}"


def _spans_decades(values: np.ndarray) -> bool:
    return bool(values.size) and values.min() > 0 and values.max() / values.min() > _DECADE
