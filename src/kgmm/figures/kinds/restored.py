"""A user's record and its model in the units of the file: against time with trend and season, densities, quantiles."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from kgmm.figures.kinds import empty
from kgmm.figures.panels import variable_names
from kgmm.figures.style import DATA, MODEL, letter, new_figure
from kgmm.jobs.failures import failure_of
from kgmm.results import ExperimentResult
from kgmm.wording import listed

_MAX_VARIABLES = 4
# Bands are of this many standard errors.
_BAND = 2.0


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """What the stage ``restore_units`` has made of the first row with such a result."""
    files = [row.restored for row in rows if row.restored is not None and failure_of(row.restored) is None]
    if not files:
        return xr.Dataset()
    with xr.open_dataset(files[0], decode_times=False) as dataset:
        return dataset.load()


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, what was put back, and what was not."""
    if not dataset.sizes:
        return ""
    back = json.loads(dataset.attrs["put_back"])
    said = f"Put back: {listed(back)}. " if back else ""
    record = "the record" if dataset.attrs["n_members"] == 1 else "the first member of the record"
    years = ", as their range over whole years" if dataset.attrs["whole_years"] else ""
    said += (
        f"For each variable: {record}, with the median and the bands from 5 to 95 % and from 1 to 99 % of the model "
        f"at the same times{years}; a stretch of the record beside a path of the model, with what was put back at "
        "these times; densities over the whole record; quantiles of the model less those of the record, with two "
        "standard errors."
    )
    others = json.loads(dataset.attrs["not_put_back"])
    said += "".join(f" {clause[0].upper()}{clause[1:]}." for clause in others)
    hidden = [str(name) for name in dataset["variable"].values[_MAX_VARIABLES:]]
    return said + (f" In the table only: {listed(hidden)}." if hidden else "")


def label_of(dataset: xr.Dataset, k: int) -> str:
    """Name of a variable with its unit, as far as the file tells it."""
    unit = unit_of(dataset, k)
    name = variable_names(dataset)[k]
    return f"{name} ({unit})" if unit else name


def unit_of(dataset: xr.Dataset, k: int) -> str:
    """The unit of a variable, empty if the file does not tell it."""
    return json.loads(dataset.attrs["units"]).get(str(dataset["variable"].values[k]), "")


def draw(dataset: xr.Dataset) -> Figure:
    """Two rows for each variable: the whole record; a stretch, the density, the quantiles."""
    if not dataset.sizes:
        return empty.draw(dataset.assign_attrs(reason="nothing of the preparation can be undone"))
    n_shown = min(_MAX_VARIABLES, dataset.sizes["variable"])
    figure = new_figure(10.4, 0.4 + 4.2 * n_shown)
    figure.get_layout_engine().set(w_pad=0.08)
    rows = figure.subfigures(n_shown, 1, squeeze=False)[:, 0]
    for k, row in enumerate(rows):
        above, below = row.subfigures(2, 1, height_ratios=[1, 1.1])
        record = above.subplots()
        stretch, density, quantiles = below.subplots(1, 3, width_ratios=[2, 1, 1])
        _draw_record(record, dataset, k, legend=k == 0)
        _draw_stretch(stretch, dataset, k, legend=k == 0)
        _draw_density(density, dataset, k, legend=k == 0)
        _draw_quantiles(quantiles, dataset, k)
        for number, ax in enumerate((record, stretch, density, quantiles)):
            letter(ax, 4 * k + number)
    return figure


def _draw_record(ax: Axes, dataset: xr.Dataset, k: int, *, legend: bool) -> None:
    time, band = dataset["band_time"].values, dataset["band"][:, :, k].values
    colour = MODEL["color"]
    ax.fill_between(time, band[:, 0], band[:, 4], color=colour, alpha=0.13, linewidth=0, label="model, 1 to 99 %")
    ax.fill_between(time, band[:, 1], band[:, 3], color=colour, alpha=0.22, linewidth=0, label="model, 5 to 95 %")
    ax.plot(time, band[:, 2], color=colour, linewidth=0.7, label="model, median")
    ax.plot(dataset["record_time"], dataset["record"][:, k], color="0.1", linewidth=0.7, label="record")
    ax.set_ylabel(label_of(dataset, k))
    _draw_time(ax, dataset)
    if legend:
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.2)


def _draw_stretch(ax: Axes, dataset: xr.Dataset, k: int, *, legend: bool) -> None:
    time = dataset["stretch_time"]
    ax.plot(time, dataset["stretch_record"][:, k], **{**DATA, "color": "0.2", "linewidth": 0.9}, label="record")
    ax.plot(
        time,
        dataset["stretch_model"][:, k],
        **{**MODEL, "linestyle": "-", "linewidth": 0.9},
        label="a path of the model",
    )
    ax.set_ylabel(label_of(dataset, k))
    _draw_time(ax, dataset)
    if legend:
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)


def _draw_density(ax: Axes, dataset: xr.Dataset, k: int, *, legend: bool) -> None:
    record = dataset["density_record"][k]
    ax.step(dataset["bin_center"][k], record, where="mid", **DATA, label="record")
    ax.plot(dataset["curve_point"][k], dataset["density_model"][k], **MODEL, label="model")
    ax.set_ylim(0, 1.15 * float(max(record.max(), np.quantile(dataset["density_model"][k], 0.98))))
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel(label_of(dataset, k))
    ax.set_ylabel("density")
    if legend:
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)


def _draw_quantiles(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    levels = dataset["level"].values
    difference = dataset["quantile_model"][k] - dataset["quantile_record"][k]
    error = np.hypot(dataset["quantile_model_stderr"][k], dataset["quantile_record_stderr"][k])
    at = np.arange(len(levels))
    ax.axhline(0, color="0.7", linewidth=0.8)
    ax.errorbar(
        at, difference, yerr=_BAND * error, fmt="o", markersize=4, color=MODEL["color"], capsize=2, linewidth=1.2
    )
    ax.set_xticks(at, [f"{100 * level:g}" for level in levels])
    ax.set_xlabel("quantile, %")
    unit = unit_of(dataset, k)
    ax.set_ylabel("model − record" + (f" ({unit})" if unit else ""))


def _draw_time(ax: Axes, dataset: xr.Dataset) -> None:
    ax.margins(x=0)
    axis, unit = dataset.attrs["axis"], dataset.attrs["time_unit"]
    if axis == "date":
        locator = AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        ax.ticklabel_format(axis="x", useOffset=False)
    ax.set_xlabel({"date": "date", "year": "year"}.get(axis, f"time ({unit})" if unit else "time of the file"))
