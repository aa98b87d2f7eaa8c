"""Metrics as rows: how a stage stores them in its NetCDF file and how tables read them back."""

from __future__ import annotations

import numpy as np
import xarray as xr

_TEXT = ("method", "mobility", "statistic", "variable", "coordinates")
_NUMBERS = (
    "value", "stderr", "interval_low", "interval_high", "data_value", "floor", "floor_stderr",
    "effective_size_data", "effective_size_model", "excess", "excess_stderr", "blurred_value",
)  # fmt: skip
COLUMNS = (*_TEXT, *_NUMBERS)


def metric_variables(rows: list[dict]) -> dict:
    """Variables of an xarray dataset, along the dimension ``metric``, from rows with (some of) ``COLUMNS``."""
    for row in rows:
        unknown = set(row) - set(COLUMNS)
        if unknown:
            raise ValueError(f"unknown columns of a metric: {', '.join(sorted(unknown))}")
    text = {f"metric_{c}": ("metric", np.array([row.get(c, "") for row in rows], dtype=object)) for c in _TEXT}
    numbers = {f"metric_{c}": ("metric", np.array([row.get(c, np.nan) for row in rows], dtype=float)) for c in _NUMBERS}
    return text | numbers


def metric_rows(dataset: xr.Dataset) -> list[dict]:
    """The rows that :func:`metric_variables` stored."""
    columns = {c: dataset[f"metric_{c}"].values for c in COLUMNS}
    return [
        {c: str(values[k]) if c in _TEXT else float(values[k]) for c, values in columns.items()}
        for k in range(dataset.sizes["metric"])
    ]
