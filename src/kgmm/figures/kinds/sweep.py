"""A sweep: statistics against its axes. Lines for one axis, heat maps for two, small multiples of them for more."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from kgmm.config.axes import label_of
from kgmm.figures.style import LABELS, letter, new_figure
from kgmm.figures.sweep_panels import draw_lines, draw_map
from kgmm.statistics.sweep_summary import MEAN, of_statistic

# Statistic, variable and model of a row of the table, and how the panel calls it; the first that is there of each line.
_PANELS = (
    (("score_error", "", "", "score error against s"), ("denoising_loss", "", "", "held-out denoising loss")),
    (("smoothed_score_error", "", "", "score error against $s_\\sigma$"),),
    (("relative_entropy", MEAN, "identity", "mean relative entropy of the marginals"),),
    (("autocorrelation_error", MEAN, "fitted", "autocorrelation difference over one time, fitted Φ"),),
)
_QUANTITIES = ("value", "interval_low", "interval_high", "floor")
_AXIS_LABELS = {"sigma": "noise amplitude σ", "min_probability": "$p_{min}$"}
# More small multiples than that cannot be read; the table has all.
_MAX_COLUMNS = 8


def gather(table: pd.DataFrame, axes: list[list[str]]) -> xr.Dataset:
    """Statistics of a sweep as arrays over method and axes.

    Parameters
    ----------
    table
        Its rows of ``sweep.csv``.
    axes
        Columns that vary together, axis by axis.
    """
    table = table.reset_index(drop=True)
    for columns in axes[:1] if any(len(columns) > 1 for columns in axes) else []:
        table[columns[0]] = [" / ".join(_written(value) for value in row) for row in table[columns].to_numpy()]
    names = ["method", *(columns[0] for columns in axes)]
    values = {name: _values(table[name]) for name in names}
    shape = tuple(len(known) for known in values.values())
    dataset = xr.Dataset(coords={name: [_tick(value) for value in known] for name, known in values.items()})
    places = [
        tuple(values[name].index(value) for name, value in zip(names, row))
        for row in table[names].astype(object).where(table[names].notna(), None).itertuples(index=False)
    ]
    failed = np.zeros(shape)
    for place, n_failed in zip(places, table["n_failed"]):
        failed[place] = max(failed[place], n_failed)
    dataset["n_failed"] = (names, failed)
    for panel in _panels(table):
        arrays = {quantity: np.full(shape, np.nan) for quantity in _QUANTITIES}
        for number, row in of_statistic(table, *panel[:3]).iterrows():
            for quantity in _QUANTITIES:
                arrays[quantity][places[number]] = row[quantity]
        for quantity, array in arrays.items():
            dataset[f"{panel[0]}_{quantity}"] = (names, array, {"long_name": panel[3]})
    labels = [" / ".join(_AXIS_LABELS.get(column, label_of(column)) for column in columns) for columns in axes]
    n_replicates = int(table["n_replicates"].max())
    return dataset.assign_attrs(kind="sweep", axes=names[1:], labels=labels, n_replicates=n_replicates)


def _panels(table: pd.DataFrame) -> list[tuple[str, ...]]:
    found = (next((panel for panel in options if len(of_statistic(table, *panel[:3]))), None) for options in _PANELS)
    return [panel for panel in found if panel is not None]


def _values(column: pd.Series) -> list:
    """Distinct values: numbers in their order, text as it comes; what is chosen by the data is called ``None``."""
    if pd.api.types.is_numeric_dtype(column):
        return sorted(column.dropna().unique().tolist()) + [None] * bool(column.isna().any())
    return [None if pd.isna(value) else value for value in column.unique()]


def _tick(value) -> float | str:
    return "auto" if value is None else value


def _written(value) -> str:
    if pd.isna(value):
        return "auto"
    return f"{value:g}" if isinstance(value, float) else str(value)


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    return (
        "Statistics over the axes of the sweep; bars are 95 % intervals over the replicates, dotted lines noise floors."
    )


def draw(dataset: xr.Dataset) -> Figure:
    """A panel per statistic: with one axis a line per method, else a map per method and value of the further axes."""
    axes, labels = (np.atleast_1d(dataset.attrs[name]).tolist() for name in ("axes", "labels"))
    statistics = [str(name).removesuffix("_value") for name in dataset if str(name).endswith("_value")]
    if len(axes) == 1:
        return _draw_lines(dataset, statistics, axes[0], labels[0])
    return _draw_maps(dataset, statistics, axes, labels)


def _draw_lines(dataset: xr.Dataset, statistics: list[str], axis: str, label: str) -> Figure:
    n_rows, n_columns = _grid(len(statistics))
    figure = new_figure(0.6 + 4.2 * n_columns, 0.5 + 3.2 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for number, (ax, statistic) in enumerate(zip(panels, statistics)):
        draw_lines(ax, dataset, statistic, axis)
        ax.set_xlabel(label)
        letter(ax, number)
    handles, names = panels[0].get_legend_handles_labels()
    for ax in panels[1:]:
        for handle, name in zip(*ax.get_legend_handles_labels()):
            if name not in names:
                handles, names = [*handles, handle], [*names, name]
    figure.legend(handles, names, loc="outside lower center", ncols=4, title=_intervals(dataset))
    return figure


def _intervals(dataset: xr.Dataset) -> str:
    n_replicates = dataset.attrs["n_replicates"]
    return "95 % intervals" if n_replicates == 1 else f"means of {n_replicates} replicates with 95 % intervals"


def _grid(n_panels: int) -> tuple[int, int]:
    """Rows and columns of four panels at most; more in a row would be too small to read."""
    n_columns = 2 if n_panels == 4 else max(1, n_panels)
    return -(-n_panels // n_columns), n_columns


def _draw_maps(dataset: xr.Dataset, statistics: list[str], axes: list[str], labels: list[str]) -> Figure:
    horizontal, vertical, *further = axes
    multiples = ["method"] * (dataset.sizes["method"] > 1) + further
    values = list(itertools.product(*(dataset[name].values for name in multiples)))[:_MAX_COLUMNS]
    # Without multiples the statistics stand side by side.
    n_rows, n_columns = (len(statistics), len(values)) if multiples else _grid(len(statistics))
    size = 1.0 + 0.62 * dataset.sizes[horizontal], 1.3 + 0.36 * dataset.sizes[vertical]
    figure = new_figure(0.9 + (size[0] + 0.9 * (not multiples)) * n_columns, 0.4 + size[1] * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for number, (statistic, value) in enumerate(itertools.product(statistics, values)):
        row, column = divmod(number, n_columns)
        ax = panels[row, column]
        panel = dataset.sel(dict(zip(multiples, value)))
        panel = panel.squeeze("method", drop=True) if "method" in panel.dims else panel
        draw_map(ax, panel, dataset, statistic, horizontal, vertical, colorbar=not multiples or column == n_columns - 1)
        letter(ax, number)
        if multiples and row == 0:
            names = [labels[axes.index(name)] if name in axes else name for name in multiples]
            ax.set_title(", ".join(_of_multiple(*pair) for pair in zip(names, value)), fontsize=9)
        ax.set_xlabel(labels[0] if row == n_rows - 1 else "")
        ax.set_ylabel(labels[1] if column == 0 else "")
    return figure


def _of_multiple(name: str, value) -> str:
    return LABELS[value] if name == "method" else f"{name} {_written(value)}"
