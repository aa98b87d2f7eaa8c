"""The table of all settings of a sweep, and what tells its settings and statistics apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.config.axes import labels_of, text_of
from kgmm.methods.registry import get_method
from kgmm.report.tables import number, with_error
from kgmm.results import Sweep
from kgmm.statistics.sweep_summary import MEAN, of_statistic

# Heading, statistic, variable and model of the columns, which are there if a setting has the statistic.
_COLUMNS = (
    ("error against s", "score_error", "", ""),
    ("error against s_σ", "smoothed_score_error", "", ""),
    ("denoising loss", "denoising_loss", "", ""),
    ("relative entropy, Φ = I", "relative_entropy", MEAN, "identity"),
    ("autocorrelation difference, fitted Φ", "autocorrelation_error", MEAN, "fitted"),
    ("cells", "n_cells", "", ""),
)


def setting_columns(table: pd.DataFrame, sweep: Sweep) -> list[str]:
    """Columns that tell the settings of a sweep apart: its axes, and the method where there are several."""
    axes = [column for column in sweep.axes if column != "method"]
    return ["method"] * (table["method"].nunique() > 1 or not axes) + axes


def setting_table(table: pd.DataFrame, sweep: Sweep, n_replicates: int) -> dict:
    """Headings and rows of the table of all settings of a sweep, in the order of the configuration."""
    columns = setting_columns(table, sweep)
    labels = labels_of(columns)
    groups = [] if table.empty else list(table.groupby(columns, dropna=False, sort=False))
    shown = [column for column in _COLUMNS if of_statistic(table, *column[1:])["value"].notna().any()]
    rows = []
    for values, group in groups:
        cells = []
        for _, *statistic in shown:
            cells += _cells(of_statistic(group, *statistic), statistic[0])
        n_failed = int(group["n_failed"].max())
        rows.append(
            {
                "setting": [value_text(column, value) for column, value in zip(columns, values)],
                "cells": cells,
                "bad": n_failed > 0,
                "replicates": failure_text(n_failed, n_replicates) if n_failed else str(n_replicates),
            }
        )
    headings = [(heading, "noise floor") if name == "relative_entropy" else (heading,) for heading, name, *_ in shown]
    return {"axes": list(labels.values()), "statistics": [name for names in headings for name in names], "rows": rows}


def failure_text(n_failed: int, n_replicates: int) -> str:
    if n_replicates == 1:
        return "failed"
    return f"{n_failed} of {n_replicates} replicates failed"


def _cells(rows: pd.DataFrame, statistic: str) -> list[str]:
    row = rows.iloc[0] if len(rows) else pd.Series({"value": np.nan, "stderr": np.nan, "floor": np.nan})
    if statistic == "n_cells":
        return ["–" if np.isnan(row["value"]) else f"{row['value']:,.0f}"]
    value = with_error(row["value"], row["stderr"])
    return [value, number(row["floor"])] if statistic == "relative_entropy" else [value]


def value_text(column: str, value) -> str:
    """A value of an axis in words, methods as in the other tables."""
    return get_method(value).label if column == "method" else text_of(value)
