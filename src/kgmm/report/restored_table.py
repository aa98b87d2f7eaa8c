"""Table of the report with the quantiles of record and model in the units of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.figures.kinds.restored import label_of
from kgmm.report.tables import with_error


def restored_table(picture: str | None) -> list[dict]:
    """A row for each variable and level, from the data that lie beside the picture of the same.

    Parameters
    ----------
    picture : str or None
        The PNG.

    Returns
    -------
    list of dict
        ``variable``, ``quantile``, ``record``, ``model`` and ``difference``; none where there is nothing.
    """
    file = None if picture is None else Path(picture).with_suffix(".nc")
    if file is None or not file.exists():
        return []
    with xr.open_dataset(file, decode_times=False) as dataset:
        if "quantile_record" not in dataset:
            return []
        return [_row(dataset, k, j) for k in range(dataset.sizes["variable"]) for j in range(dataset.sizes["level"])]


def _row(dataset: xr.Dataset, k: int, j: int) -> dict:
    """The row of a variable and a level."""
    values, errors = (
        [float(dataset[f"quantile_{of}{end}"][k, j]) for of in ("record", "model")] for end in ("", "_stderr")
    )
    return {
        "variable": label_of(dataset, k),
        "quantile": f"{100 * float(dataset['level'][j]):g} %",
        "record": with_error(values[0], errors[0]),
        "model": with_error(values[1], errors[1]),
        "difference": with_error(values[1] - values[0], float(np.hypot(*errors))),
    }
