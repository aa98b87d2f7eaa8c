"""Tables of the report, from the tidy tables of a run."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from kgmm.methods.registry import get_method, methods
from kgmm.statistics.score_statistics import score_statistics

# In the order of the choices of the sweep explorer; others are called as in the table of metrics.
STATISTIC_NAMES = {
    **{name: statistic.label for name, statistic in score_statistics().items()},
    "relative_entropy": "relative entropy",
    "autocorrelation_error": "autocorrelation difference over one time",
    "autocorrelation_error_5": "autocorrelation difference over five times",
    "autocorrelation_follows": "autocorrelation followed for",
    "wasserstein": "Wasserstein-1 distance",
    "center_score_error": "error against s at cell centres",
    "n_cells": "number of cells",
    "n_draws": "draws per sample",
    "capped": "draws ended by the cap",
    "error_estimate": "error by its own estimate",
    "data_error": "error of the cells by the data",
    "draws_error": "error of the cells by the draws",
    "members_reset": "trajectories reset",
    "relative_entropy_kde": "relative entropy, kernel densities",
}
# Errors against exact scores first. The last is of the cells alone, and so no statistic of every score.
SCORE_COLUMNS = {
    name: statistic.label
    for name, statistic in sorted(score_statistics().items(), key=lambda item: not item[1].needs_exact)
} | {"center_score_error": "at cell centres"}
SETTINGS = ("sigma", "min_probability", "n_samples")
_DIAGNOSTICS = ("n_cells", "n_draws", "capped", "error_estimate")


def number(value: float, digits: int = 3) -> str:
    """Three significant digits, or another number of them; a dash for what does not apply."""
    if value is None or not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}·10{_superscript(int(exponent))}"
    return text.replace("-", "−")


def common_exponent(values) -> int:
    """The power of ten in which the numbers of one column are written: that of the largest, 0 if it is 0.01 or more.

    Examples
    --------
    >>> common_exponent([0.0004, -0.0001]), common_exponent([0.03, 0.0004])
    (-4, 0)
    """
    sizes = np.abs(np.asarray(values, dtype=float))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    exponent = int(np.floor(np.log10(sizes.max()))) if sizes.size else 0
    return exponent if exponent < -2 else 0


def with_error(value: float, stderr: float, exponent: int | None = None) -> str:
    """``value ± stderr`` to two digits of the error, or three of the value where there is no error.

    ``exponent`` is the power of ten to write them in, by default one for tiny numbers.

    Examples
    --------
    >>> with_error(0.1234, 0.0056), with_error(0.00001234, 0.0000012), with_error(float("nan"), 0.1)
    ('0.1234 ± 0.0056', '(1.23 ± 0.12)·10⁻⁵', '–')
    """
    if value is None or not np.isfinite(value):
        return number(value)
    if stderr is None or not np.isfinite(stderr) or stderr <= 0:
        return number(value)
    decimals = 1 - int(np.floor(np.log10(stderr)))
    if exponent is None:
        exponent = int(np.floor(np.log10(max(abs(value), stderr))))
        exponent = exponent if exponent < -3 else 0
    if exponent != 0:
        scaled = 10.0**-exponent
        places = max(0, decimals + exponent)
        return f"({_fixed(value * scaled, places)} ± {stderr * scaled:.{places}f})·10{_superscript(exponent)}"
    places = max(0, decimals)
    return f"{_fixed(value, places)} ± {stderr:.{places}f}"


def _fixed(value: float, places: int) -> str:
    """With a typographic minus, and none before zeros."""
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def _superscript(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def trajectory_table(trajectories: pd.DataFrame) -> list[dict]:
    """One row per variable of the trajectories of a block; replicates after the first are left out."""
    usable = trajectories[(trajectories["status"] == "ok")]
    usable = usable[usable["replicate"] == usable["replicate"].min()]
    return [
        {
            "variable": row["variable"],
            "samples": f"{row['n_samples']:,.0f}",
            "effective": f"{row['effective_size']:,.0f}",
            "mean": with_error(row["mean"], row["mean_stderr"]),
            "deviation": with_error(row["deviation"], row["deviation_stderr"]),
            "halves": ", ".join(_signed(row[f"{name}_halves"]) for name in ("mean", "deviation")),
            "decorrelation": number(row["decorrelation_time"]),
            "integrated": with_error(row["integrated_time"], row["integrated_time_stderr"]),
            "path": f"{row['path_members']:.0f} × {number(row['path_length'])}",
        }
        for row in usable.to_dict("records")
    ]


def finding_table(trajectories: pd.DataFrame) -> list[dict]:
    """One row per kind of finding in the first data of a block, as :func:`kgmm.statistics.diagnosis.finding_rows`."""
    usable = trajectories[trajectories["replicate"] == trajectories["replicate"].min()]
    return [row for text in usable["findings"].dropna().unique() for row in json.loads(text)]


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−") if np.isfinite(value) else "–"


def score_table(metrics: pd.DataFrame) -> list[dict]:
    """One row per setting and method of a block: each statistic, or its median and range over replicates."""
    usable = metrics[metrics["status"] == "ok"].copy()
    usable["method"] = pd.Categorical(usable["method"], list(methods()), ordered=True)
    rows = []
    for (*setting, method), group in usable.groupby([*SETTINGS, "method"], observed=True, dropna=False):
        scores = group[group["statistic"].isin(SCORE_COLUMNS)]
        if scores.empty:
            continue
        row = {
            "sigma": setting_name(setting, usable),
            "method": get_method(method).label,
            "replicates": scores["replicate"].nunique(),
            "diagnostics": _diagnostics(group[group["statistic"].isin(_DIAGNOSTICS)]),
        }
        cells = {statistic: _cell(scores[scores["statistic"] == statistic]) for statistic in SCORE_COLUMNS}
        rows.append(row | cells)
    return rows


def setting_name(values: list[float], metrics: pd.DataFrame) -> str:
    """σ, and what else varies in the block."""
    names = {"min_probability": "p_min", "n_samples": "n"}
    varied = [
        f"{label} {number(value)}"
        for (name, label), value in zip(names.items(), values[1:])
        if metrics[name].nunique(dropna=False) > 1
    ]
    return ", ".join([number(values[0]), *varied])


def _diagnostics(facts: pd.DataFrame) -> str:
    """Number of cells and of draws a sample, and whether the rule or the cap ended the draws; or the error that an
    estimate believes to have; medians."""
    if facts.empty:
        return "–"
    median = facts.groupby("statistic")["value"].median()
    if "n_cells" not in median:
        return f"own estimate of the error {number(median['error_estimate'])}"
    capped = " (cap)" if median["capped"] else ""
    return f"{median['n_cells']:.0f} cells, {median['n_draws']:.0f} draws{capped}"


def median_and_range(values: pd.Series, digits: int = 3) -> str:
    """One number, or the median of several with their range; a dash for none.

    Examples
    --------
    >>> median_and_range(pd.Series([1.0, 2.0, 4.0])), median_and_range(pd.Series([0.25]), 2)
    ('2 [1, 4]', '0.25')
    """
    if values.empty:
        return "–"
    middle = number(values.median(), digits)
    return middle if len(values) == 1 else f"{middle} [{number(values.min(), digits)}, {number(values.max(), digits)}]"


def _cell(group: pd.DataFrame) -> str:
    values = group["value"]
    if len(values) == 1:
        return with_error(values.iloc[0], group["stderr"].iloc[0])
    return median_and_range(values)


def race_table(races: pd.DataFrame) -> list[dict]:
    """One row per measure and run of KGMM: its error, its time, and the times of both forms of DSM over it."""
    usable = races[races["status"] == "ok"]
    rows = []
    for (statistic, entry), group in usable.groupby(["statistic", "entry"], sort=False):
        by = group.set_index("baseline")
        own = group.iloc[0]
        row = {
            "statistic": STATISTIC_NAMES[statistic],
            "entry": entry,
            "error": f"{own['error']:.4g}",
            "seconds": f"{own['seconds']:.1f}",
        }
        for baseline in ("dsm", "dsm_antithetic"):
            row[baseline], row[f"{baseline}_ratio"] = _baseline(by.loc[baseline], own["seconds"])
        rows.append(row)
    return rows


def _baseline(baseline: pd.Series, seconds: float) -> tuple[str, str]:
    """Time of a baseline and its ratio to ours; a bound where its longest run was not as good."""
    if np.isfinite(baseline["baseline_seconds"]):
        return f"{baseline['baseline_seconds']:.1f}", f"{baseline['baseline_seconds'] / seconds:.1f}"
    bound = baseline["baseline_bound"]
    return f"> {bound:.1f} (reached {baseline['baseline_best']:.4g})", f"> {bound / seconds:.1f}"


def failures(metrics: pd.DataFrame) -> list[dict]:
    """Rows of a block whose result failed, with the reason."""
    failed = metrics[metrics["status"] == "failed"]
    return failed[["sigma", "method", "replicate", "statistic", "reason"]].to_dict("records")


def cost_table(costs: pd.DataFrame) -> list[dict]:
    """One row per stage: jobs, times in seconds, largest memory."""
    rows = []
    for stage, group in costs.groupby("stage", sort=False):
        rows.append(
            {
                "stage": stage.replace("_", " "),
                "jobs": len(group),
                "wall_s": group["wall_s"].sum(),
                "startup_s": group["startup_s"].sum(),
                "cpu_s": group["cpu_s"].sum(),
                "longest_s": group["wall_s"].max(),
                "peak_memory_mb": group["peak_memory_mb"].max(),
            }
        )
    return rows
