"""What of the results of a row a figure can use."""

from __future__ import annotations

import json

import xarray as xr

from kgmm.jobs.failures import failure_of
from kgmm.langevin.options import WHOLE_MODELS
from kgmm.results import ExperimentResult
from kgmm.statistics.metrics import metric_rows


def usable_comparison(row: ExperimentResult) -> str | None:
    """The comparison of a row with a model, if there is one and it did not fail."""
    path = row.comparison
    return path if path is not None and failure_of(path) is None else None


def comparison_to_draw(row: ExperimentResult) -> xr.Dataset:
    """Curves of the row's models: those of the identity as ``…_model``, those of the fitted mobility as ``…_fitted``.

    The row has a usable comparison; that with the fitted mobility may be missing.
    """
    dataset = _curves(row.comparison)
    path = row.comparison_fitted
    if path is None or failure_of(path) is not None:
        return dataset
    fitted = _curves(path)
    kept = {name: name.replace("model", "fitted") for name in fitted if "_model" in name}
    fitted = fitted[list(kept)].rename(kept | {"model_time": "fitted_time"})
    return xr.merge([dataset, fitted]).assign_attrs(mobility=fitted.attrs["mobility"])


def models_to_draw(rows: list[ExperimentResult]) -> tuple[ExperimentResult, xr.Dataset]:
    """The row that a figure of single results shows, and its curves.

    It is the first with a usable model; among rows that differ in nothing but the mobility that with a circulation that
    depends on the state, beside which the autocorrelations of the other stand as ``autocorrelation_constant``.
    """
    first = next(row for row in rows if usable_comparison(row) is not None)
    alike = [row for row in rows if usable_comparison(row) == first.comparison]
    found = [(row, comparison_to_draw(row)) for row in alike]
    shown, dataset = next(((row, own) for row, own in found if own.attrs["mobility"] in WHOLE_MODELS), found[0])
    other = next(
        (own for _, own in found if own.attrs["mobility"] not in ("identity", dataset.attrs["mobility"])), None
    )
    if other is not None and "autocorrelation_fitted" in other and dataset.attrs["mobility"] in WHOLE_MODELS:
        for end in ("", "_stderr"):
            dataset[f"autocorrelation_constant{end}"] = other[f"autocorrelation_fitted{end}"]  # lags are the data's
        dataset.attrs["constant_mobility"] = other.attrs["mobility"]
    return shown, dataset


def _curves(path: str) -> xr.Dataset:
    with xr.open_dataset(path) as comparison:
        return comparison[[name for name in comparison if not name.startswith("metric_")]].load()


def metric_values(row: ExperimentResult) -> dict[str, float]:
    """The metrics of the row's method by name; none if the evaluation or the method failed."""
    path = row.evaluation
    if path is None or failure_of(path) is not None:
        return {}
    with xr.open_dataset(path) as dataset:
        if row.method in json.loads(dataset.attrs.get("failed_methods", "{}")):
            return {}
        return {m["statistic"]: m["value"] for m in metric_rows(dataset) if m["method"] == row.method}
