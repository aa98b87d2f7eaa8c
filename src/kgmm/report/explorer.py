"""What the report's explorer shows: densities, autocorrelations and scores of every row, as plain numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.config.axes import setting_text, text_of
from kgmm.figures.panels import main_model
from kgmm.figures.results import models_to_draw, usable_comparison
from kgmm.figures.style import LABELS
from kgmm.jobs.failures import failure_of
from kgmm.report import model_tables
from kgmm.report.tables import setting_name
from kgmm.report.variants import told_once, variant_of
from kgmm.results import ExperimentResult, Section

_DIGITS = 4
_MODELS = ("model", "fitted")
_CURVES = ("blurred", *_MODELS)


def explorer_entries(sections: list[Section], rows: list[ExperimentResult], metrics: pd.DataFrame) -> list[dict]:
    """One entry for each evaluation of a block that has something to explore; the first replicate only.

    Parameters
    ----------
    sections : list of Section
        The blocks, in the order of the report.
    rows : list of ExperimentResult
        The experiments to show.
    metrics : pandas.DataFrame
        The run's table.
    """
    titles = {section.name: section.title for section in sections}
    first: dict[str, int] = {}
    for row in rows:
        first[row.block] = min(row.replicate, first.get(row.block, row.replicate))
    groups: dict[tuple, list[ExperimentResult]] = {}
    for row in rows:
        if row.replicate == first[row.block] and row.evaluation is not None:
            variant = tuple(variant_of(row.axes).items())
            settings = (row.block, variant, row.sigma, row.min_probability, row.n_samples)
            groups.setdefault(settings, []).append(row)
    entries = []
    for (block, variant, *settings), group in groups.items():
        own = told_once(metrics[(metrics["block"] == block) & (metrics["replicate"] == first[block])])
        for name, value in variant:
            own = own[own[name].map(text_of) == text_of(value)]
        curves = _models(group) | _scores(group[0].evaluation)
        if curves:
            label = setting_name(settings, own[own["status"] == "ok"])
            shown = ", ".join([label, *([setting_text(dict(variant))] if variant else [])])
            entries.append({"title": titles[block], "setting": shown, "numbers": _numbers(own, label), **curves})
    return entries


def _models(rows: list[ExperimentResult]) -> dict:
    """Densities and autocorrelations of data and models, variable by variable."""
    if not any(usable_comparison(row) for row in rows):
        return {}
    _, dataset = models_to_draw(rows)
    names = [str(name) for name in dataset["variable"].values]
    densities, autocorrelations = [], []
    for k in range(len(names)):
        own = dataset.isel(variable=k)
        densities.append(
            {
                "bin": plain_numbers(own["bin_center"]),
                "data": plain_numbers(own["density_data"]),
                "exact": plain_numbers(own["density_exact"]) if "density_exact" in own else None,
                "curve": plain_numbers(own["curve_point"]),
                **{name: plain_numbers(own[f"curve_{name}"]) for name in _CURVES if f"curve_{name}" in own},
            }
        )
        kinds = [kind for kind in ("data", *_MODELS) if f"autocorrelation_{kind}" in own]
        autocorrelations.append({kind: plain_numbers(own[f"autocorrelation_{kind}"]) for kind in kinds})
    return ({"orbit": _orbit(dataset)} if len(names) == 3 else {}) | {
        "variables": names,
        "mobility": dataset.attrs["mobility"],
        "density": densities,
        "lag": plain_numbers(dataset["lag_time"]),
        "autocorrelation": autocorrelations,
    }


def _orbit(dataset: xr.Dataset) -> dict:
    """A path of the data and one of the model in space, ``(variable, time)``."""
    kinds = ("data", main_model(dataset, "path"))
    return {kind: plain_numbers(dataset[f"path_{kind}"].values.T) for kind in kinds}


def _scores(path: str) -> dict:
    """Scores along a line in one dimension, on a grid in two, and nothing in more."""
    if failure_of(path) is not None:
        return {}
    with xr.open_dataset(path) as evaluation:
        if "x" in evaluation:
            names = {"exact": "exact"} | {f"score_{method}": label for method, label in LABELS.items()}
            lines = [
                {"label": label, "y": plain_numbers(evaluation[name])}
                for name, label in (names | {"smoothed": "exact, smoothed"}).items()
                if name in evaluation and evaluation[name].dims == ("point",)
            ]
            return {"profile": {"x": plain_numbers(evaluation["x"]), "lines": lines}}
        if "field_point" in evaluation:
            return {"field": _field(evaluation)}
    return {}


def _field(evaluation: xr.Dataset) -> dict:
    """Components of the scores on the grid, ``(component, y, x)``; null where there are no data."""
    x, y = evaluation["field_point"].values.T
    (xs, column), (ys, row) = (np.unique(axis, return_inverse=True) for axis in (x, y))

    def on_grid(values: np.ndarray) -> list:
        grid = np.full((len(ys), len(xs)), np.nan)
        grid[row, column] = values
        return plain_numbers(grid)

    names = {"field_exact": "exact"} | {f"field_{method}": label for method, label in LABELS.items()}
    components = {
        label: [on_grid(component) for component in evaluation[name].values.T]
        for name, label in names.items()
        if name in evaluation
    }
    return {"x": plain_numbers(xs), "y": plain_numbers(ys), "components": components}


def _numbers(metrics: pd.DataFrame, setting: str) -> dict[str, list[str]]:
    """For each variable one line per model: relative entropy with its floor, and decorrelation times."""
    clocks = {
        (row["mobility"], row["variable"]): row for row in model_tables.clock_table(metrics) if row["sigma"] == setting
    }
    lines: dict[str, list[str]] = {}
    for row in model_tables.model_table(metrics):
        if row["sigma"] != setting:
            continue
        line = f"{row['mobility']}: relative entropy {row['relative_entropy']} (noise floor {row['floor']})"
        clock = clocks.get((row["mobility"], row["variable"]))
        if clock is not None:
            line += f", decorrelation time, data → model: {clock['decorrelation']}"
        lines.setdefault(row["variable"], []).append(line)
    return lines


def plain_numbers(values) -> list:
    """To four significant digits; null where there is none."""
    values = np.asarray(values, dtype=float)
    if values.ndim > 1:
        return [plain_numbers(row) for row in values]
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values]
