"""One tidy table: a row per experiment and statistic, and a row with the reason for every failed result."""

from __future__ import annotations

import csv
import json

import xarray as xr

from kgmm.jobs.failures import failure_of
from kgmm.results import ExperimentResult
from kgmm.statistics.metrics import COLUMNS, metric_rows

_SETTINGS = ("block", "system", "method", "sigma", "min_probability", "n_samples", "replicate")
_STATISTIC = tuple(column for column in COLUMNS if column != "method")
# Of the variable x of the row and of time t; all others are numbers without a unit.
_UNITS = {
    "relative_entropy": "nat", "relative_entropy_kde": "nat",
    "mean": "x", "standard_deviation": "x", "wasserstein": "x", "mobility": "x²/t",
    "quantile_0.001": "x", "quantile_0.999": "x",
    "decorrelation_time": "t", "integrated_time": "t", "slope_window": "t", "resets_per_member_time": "1/t",
    "autocorrelation_follows": "decorrelation times",
}  # fmt: skip
# Statistic of a row without a value, whose reason is what the check of a model found.
WARNING = "warning"
_FILES = ("evaluation", "comparison", "comparison_fitted", "response")


def collect_metrics(experiments: list[ExperimentResult], output: str) -> None:
    """Writes the rows of all results of these experiments."""
    axes = [axis for experiment in experiments for axis in experiment.axes]
    settings_columns = list(dict.fromkeys([*_SETTINGS, *axes]))
    with open(output, "w", encoding="utf-8", newline="") as file:
        columns = [*settings_columns, *_STATISTIC, "units", "status", "reason"]
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for experiment in experiments:
            settings = {key: getattr(experiment, key) for key in _SETTINGS} | experiment.axes
            for name in _FILES:
                path = getattr(experiment, name)
                if path is not None:
                    writer.writerows(settings | metric for metric in _metrics(path, name, experiment.method))


def _metrics(path: str, name: str, method: str) -> list[dict]:
    reason = failure_of(path)
    if reason is not None:
        return [{"statistic": name, "status": "failed", "reason": reason}]
    with xr.open_dataset(path) as dataset:
        failed = json.loads(dataset.attrs.get("failed_methods", "{}"))
        if method in failed:
            return [{"statistic": name, "status": "failed", "reason": failed[method]}]
        rows = metric_rows(dataset)
        warnings = [
            {"mobility": dataset.attrs["mobility"], "reason": text}
            for text in json.loads(dataset.attrs.get("warnings", "[]"))
        ]
    kept = [row for row in rows if row.pop("method") in ("", method)]
    kept = [row | {"units": _UNITS.get(row["statistic"], "1"), "status": "ok", "reason": ""} for row in kept]
    return kept + [warning | {"statistic": WARNING, "status": "ok"} for warning in warnings]
