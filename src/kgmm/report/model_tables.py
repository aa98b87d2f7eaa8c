"""Tables of the report about Langevin models: their densities, their clocks, their mobilities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.methods.registry import get_method
from kgmm.report.tables import SETTINGS, common_exponent, number, setting_name, with_error
from kgmm.results import BASELINES

_DENSITIES = ("relative_entropy", "wasserstein", "mean", "standard_deviation")
_CLOCKS = (
    "decorrelation_time", "integrated_time", "autocorrelation_error", "autocorrelation_error_5",
    "autocorrelation_follows", "reversible_bound",
)  # fmt: skip
_JOINT = ("joint_total_variation", "sliced_wasserstein")
_TAILS = ("quantile_0.001", "quantile_0.999")
_MOBILITIES = (
    "mobility", "short_lag_exponent", "slope_window", "clock_rescaling", "circulation_gain", "circulation_coefficients",
)  # fmt: skip


def _groups(metrics: pd.DataFrame, statistics: tuple[str, ...], *keys: str):
    """Settings and rows of every model and variable, in the order of the metrics."""
    usable = metrics[(metrics["status"] == "ok") & metrics["statistic"].isin(statistics)]
    several = usable["method"].nunique() > 1
    for (*values, replicate, mobility, method), group in usable.groupby(
        [*SETTINGS, "replicate", "mobility", "method"], sort=False, dropna=False
    ):
        model = _label(mobility)
        common = {
            "sigma": setting_name(values, usable),
            "replicate": replicate,
            "mobility": f"{model}, {get_method(method).label}" if several else model,
        }
        if not keys:
            yield common, group
            continue
        for variable, own in group.groupby("variable", sort=False):
            yield common | {"variable": variable}, own.set_index("statistic")


def _label(mobility: str) -> str:
    if mobility in BASELINES:
        return f"{mobility} model"
    return "Φ = I" if mobility == "identity" else f"Φ {mobility}"


def model_table(metrics: pd.DataFrame) -> list[dict]:
    """One row per setting, replicate, mobility and variable of a block that has Langevin models.

    The time scales of two of them can differ where their densities are the same sample.
    """
    resets = {
        tuple(common.values()): int(group["value"].iloc[0]) for common, group in _groups(metrics, ("members_reset",))
    }
    rows = []
    entropies = metrics[(metrics["status"] == "ok") & (metrics["statistic"] == "relative_entropy")]
    exponent = common_exponent(entropies["value"])
    for common, by in _groups(metrics, _DENSITIES, "variable"):
        of_model = tuple(value for name, value in common.items() if name != "variable")
        entropy, distance = by.loc["relative_entropy"], by.loc["wasserstein"]
        mean, deviation = by.loc["mean"], by.loc["standard_deviation"]
        rows.append(
            common
            | {
                "relative_entropy": with_error(entropy["value"], entropy["stderr"], exponent),
                "floor": with_error(entropy["floor"], entropy["floor_stderr"], exponent),
                "wasserstein": number(distance["value"]),
                "wasserstein_floor": number(distance["floor"]),
                "means": f"{number(mean['data_value'])} → {with_error(mean['value'], mean['stderr'])}",
                "deviations": (
                    f"{number(deviation['data_value'])} → {with_error(deviation['value'], deviation['stderr'])}"
                ),
                "resets": resets.get(of_model, "–"),
                "sizes": f"{entropy['effective_size_data']:,.0f} / {entropy['effective_size_model']:,.0f}",
            }
        )
    return rows


def clock_table(metrics: pd.DataFrame) -> list[dict]:
    """One row per setting, replicate, mobility and variable: times and autocorrelations of model and data."""
    rows = []
    for common, by in _groups(metrics, _CLOCKS, "variable"):
        decorrelation, integrated = by.loc["decorrelation_time"], by.loc["integrated_time"]
        first, five = by.loc["autocorrelation_error"], by.loc["autocorrelation_error_5"]
        rows.append(
            common
            | {
                "decorrelation": _both(decorrelation) + _floor(decorrelation),
                "integrated": _both(integrated),
                "first": with_error(first["value"], first["stderr"]) + _floor(first),
                "five": with_error(five["value"], five["stderr"]) + _floor(five),
                "follows": number(by.loc["autocorrelation_follows", "value"]),
                "bound": with_error(*by.loc["reversible_bound", ["value", "stderr"]])
                if "reversible_bound" in by.index
                else "–",
            }
        )
    return rows


def _both(row: pd.Series) -> str:
    return f"{number(row['data_value'])} → {with_error(row['value'], row['stderr'])}"


def joint_table(metrics: pd.DataFrame) -> list[dict]:
    """One row per setting, replicate and mobility: the worst pair of variables, all directions, the worst tail."""
    rows = []
    tails = {tuple(common.values()): group for common, group in _groups(metrics, _TAILS)}
    for common, group in _groups(metrics, _JOINT):
        pairs = group[group["statistic"] == "joint_total_variation"]
        sliced = group[group["statistic"] == "sliced_wasserstein"]
        if pairs.empty or sliced.empty:
            continue
        worst = pairs.loc[pairs["excess"].fillna(pairs["value"]).idxmax()]
        tail = tails[tuple(common.values())]
        # In standard errors: tails of different variables have different units.
        tail = tail.loc[(tail["excess"].abs() / tail["excess_stderr"]).fillna(0.0).idxmax()]
        rows.append(
            common
            | {
                "pair": worst["variable"],
                "total_variation": with_error(worst["value"], worst["stderr"]),
                "floor": number(worst["floor"]),
                "excess": with_error(worst["excess"], worst["excess_stderr"]),
                "blurred": number(worst["blurred_value"]),
                "sliced": with_error(*sliced.iloc[0][["value", "stderr"]]) + _floor(sliced.iloc[0]),
                "tail": f"{tail['statistic'].removeprefix('quantile_')} of {tail['variable']}",
                "quantile": _both(tail),
            }
        )
    return rows


def _floor(row: pd.Series) -> str:
    return f" (floor {number(row['floor'], 2)})" if np.isfinite(row[["value", "floor"]].astype(float)).all() else ""


def mobility_table(metrics: pd.DataFrame) -> list[dict]:
    """One row per setting and replicate: the fitted mobility, entry by entry, and how it was estimated."""
    rows = []
    for common, group in _groups(metrics, _MOBILITIES):
        entries = group[group["statistic"] == "mobility"]
        facts = group[group["statistic"] != "mobility"].set_index("statistic")["value"]
        rows.append(
            common
            | {
                "entries": "; ".join(_entry(row) for row in entries.to_dict("records")),
                "exponent": number(facts.get("short_lag_exponent", np.nan)),
                "window": number(facts.get("slope_window", np.nan)),
                "rescaling": number(facts.get("clock_rescaling", np.nan)),
                "gain": number(facts.get("circulation_gain", np.nan)),
                "coefficients": number(facts.get("circulation_coefficients", np.nan)),
            }
        )
    return rows


def _entry(row: dict) -> str:
    exact = "" if not np.isfinite(row["data_value"]) else f" (exact {number(row['data_value'])})"
    return f"Φ{row['variable']} = {with_error(row['value'], row['stderr'])}{exact}"
