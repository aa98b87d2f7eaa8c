"""Table of the report with the quantiles of record and model in the units of the file."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from kgmm.figures.kinds.restored import label_of
from kgmm.report.tables import with_error


def restored_table(picture: str | None) -> dict:
    """Columns and rows of the table, from the data that lie beside the picture of the same.

    Parameters
    ----------
    picture : str or None
        The PNG.

    Returns
    -------
    dict
        ``columns``, pairs of heading and key, and ``rows``, one for each variable; no rows where there is nothing.
    """
    file = None if picture is None else Path(picture).with_suffix(".nc")
    if file is None or not file.exists():
        return {"columns": [], "rows": []}
    with xr.open_dataset(file, decode_times=False) as dataset:
        if "quantile_record" not in dataset:
            return {"columns": [], "rows": []}
        levels = dataset["level"].values
        rows = [_row(dataset.isel(variable=k), label_of(dataset, k)) for k in range(dataset.sizes["variable"])]
    return {
        "columns": [("variable", "variable"), *((f"{100 * level:g} %", f"{level:g}") for level in levels)],
        "rows": rows,
    }


def _row(dataset: xr.Dataset, name: str) -> dict:
    """``record → model`` at each level."""
    row = {"variable": name}
    for j, level in enumerate(dataset["level"].values):
        both = [
            with_error(float(dataset[f"quantile_{of}"][j]), float(dataset[f"quantile_{of}_stderr"][j]))
            for of in ("record", "model")
        ]
        row[f"{level:g}"] = " → ".join(both)
    return row
