"""The table of a sweep: every statistic at every setting, summarised over replicates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from kgmm.results import BASELINES

# Statistics of single variables of which the mean over the variables says how good a model is.
AVERAGED = ("relative_entropy", "autocorrelation_error", "autocorrelation_error_5")
MEAN = "mean of all"
SUMMARY = (
    "statistic", "variable", "mobility", "coordinates", "units", "value", "stderr", "interval_low", "interval_high",
    "floor", "n_replicates", "n_failed", "status", "reason",
)  # fmt: skip
_STATISTIC = ["statistic", "variable", "mobility", "coordinates", "units"]


def summarize(metrics: pd.DataFrame, axes: dict[str, list[str]]) -> pd.DataFrame:
    """One row per setting and statistic of every sweep.

    ``value`` is the mean over the replicates that did not fail, ``stderr`` its standard error and the interval the
    central 95 % of Student's t; one replicate keeps what it says of itself. A setting of which replicates failed is
    marked in all its rows, and has a row with the reason where a result is missing altogether.

    Parameters
    ----------
    metrics
        The run's table.
    axes
        Columns of the axes of every block that is a sweep.
    """
    columns = list(dict.fromkeys(["method", *(column for names in axes.values() for column in names)]))
    rows = []
    for block, names in axes.items():
        own = metrics[metrics["block"] == block]
        setting = list(dict.fromkeys(["method", *names]))
        for values, group in own.groupby(setting, dropna=False, sort=False):
            given = {"block": block} | dict(zip(setting, values))
            rows += [given | row for row in _of_setting(group)]
    return pd.DataFrame(rows, columns=["block", *columns, *SUMMARY])


def _of_setting(group: pd.DataFrame) -> list[dict]:
    """The rows of one setting: its replicates."""
    failed = group[group["status"] == "failed"]
    n_failed = failed["replicate"].nunique()
    reasons = "; ".join(dict.fromkeys(failed["reason"]))
    mark = {"n_failed": n_failed, "reason": reasons, "status": "partly failed" if n_failed else "ok"}
    usable = group[group["status"] == "ok"]
    usable = pd.concat([usable, means_of_variables(usable)])
    rows = [
        dict(zip(_STATISTIC, names)) | _summary(own) | mark
        for names, own in usable.groupby(_STATISTIC, dropna=False, sort=False)
    ]
    for statistic, own in failed.groupby("statistic", sort=False):
        if own["replicate"].nunique() == group["replicate"].nunique():
            rows.append({"statistic": statistic, "n_replicates": 0} | mark | {"status": "failed"})
    return rows


def means_of_variables(metrics: pd.DataFrame) -> pd.DataFrame:
    """Of each replicate and model the means over the variables, with the errors of independent ones."""
    averaged = metrics[metrics["statistic"].isin(AVERAGED)]
    rows = []
    for _, group in averaged.groupby(["replicate", "statistic", "mobility"], dropna=False, sort=False):
        stderr = float(np.sqrt((group["stderr"] ** 2).sum(skipna=False))) / len(group)
        mean = {"variable": MEAN, "value": group["value"].mean(), "stderr": stderr, "floor": group["floor"].mean()}
        rows.append(group.iloc[0].to_dict() | mean | {"interval_low": np.nan, "interval_high": np.nan})
    return pd.DataFrame(rows, columns=metrics.columns)


def _summary(replicates: pd.DataFrame) -> dict:
    values = replicates["value"].to_numpy(float)
    value, floor = float(values.mean()), replicates["floor"].mean()
    if values.size == 1:
        stderr = float(replicates["stderr"].iloc[0])
        low, high = (float(replicates[name].iloc[0]) for name in ("interval_low", "interval_high"))
        if np.isnan(low):
            low, high = value - 1.96 * stderr, value + 1.96 * stderr
    else:
        stderr = float(values.std(ddof=1) / np.sqrt(values.size))
        reach = stderr * float(student.ppf(0.975, values.size - 1))
        low, high = value - reach, value + reach
    return {
        "value": value, "stderr": stderr, "interval_low": low, "interval_high": high, "floor": floor,
        "n_replicates": values.size,
    }  # fmt: skip


def of_statistic(table: pd.DataFrame, statistic: str, variable: str, mobility: str) -> pd.DataFrame:
    """Rows of a statistic; the mobility ``fitted`` stands for every one but the identity."""
    model, variables = models_of(table), table["variable"].astype(object).fillna("")
    wanted = (table["statistic"] == statistic) & (variables == variable) & (model == mobility)
    return table[wanted]


def models_of(table: pd.DataFrame) -> pd.Series:
    """Which model each row is about: ``identity``, ``fitted``, a baseline or, of the score, none."""
    mobility = table["mobility"].astype(object).fillna("")
    return mobility.where(mobility.isin(("", "identity", *BASELINES)), "fitted")
