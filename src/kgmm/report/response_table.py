"""Table of the report about responses to a small change of the drift."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.report.tables import SETTINGS, number, setting_name, with_error

_ERRORS = {"score": "response_error_score", "gaussian": "response_error_gaussian", "model": "response_error_model"}
_START = "response_check_start"


def response_table(metrics: pd.DataFrame) -> list[dict]:
    """One row per setting, replicate and observable: relative errors by score, Gaussian and model, and the checks."""
    own = metrics[(metrics["status"] == "ok") & metrics["statistic"].str.startswith("response_")]
    rows = []
    for (*values, _), group in own.groupby([*SETTINGS, "replicate"], sort=False, dropna=False):
        starts = group[group["statistic"] == _START]
        for observable in dict.fromkeys(name.split(" of ")[0] for name in starts["variable"]):
            by = group[group["variable"] == observable].set_index("statistic")
            checks = starts[starts["variable"].str.startswith(f"{observable} of ")]["value"]
            rows.append(
                {
                    "sigma": setting_name(values, own),
                    "observable": observable,
                    **{name: _error(by, statistic) for name, statistic in _ERRORS.items()},
                    "truth": number(by["floor"].get(_ERRORS["score"], np.nan)),
                    "check": number(checks.loc[checks.abs().idxmax()]),
                    "mean_check": number(_only(group, "response_check_mean")),
                    "correction": number(100 * _only(group, "response_correction")),
                    "passes": "yes" if _only(group, "response_checks_pass") else "no",
                }
            )
    return rows


def _error(by: pd.DataFrame, statistic: str) -> str:
    return with_error(by.loc[statistic, "value"], by.loc[statistic, "stderr"]) if statistic in by.index else "–"


def _only(group: pd.DataFrame, statistic: str) -> float:
    return float(group.loc[group["statistic"] == statistic, "value"].iloc[0])
