"""What the numbers of a block say, in a sentence or two under its heading."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.methods.registry import get_method, methods
from kgmm.report.tables import median_and_range, number
from kgmm.results import BASELINES

# Differences up to this many standard errors are none.
_SEEN = 2.0


def conclusion(metrics: pd.DataFrame) -> str:
    """The error of the best score, and how far its model is from the data in density and clock; empty without numbers.

    Parameters
    ----------
    metrics : pandas.DataFrame
        The rows of one block.
    """
    usable = metrics[metrics["status"] == "ok"]
    return " ".join(sentence for sentence in (_of_scores(usable), _of_laws(usable), _of_clocks(usable)) if sentence)


def _of_scores(metrics: pd.DataFrame) -> str:
    """Errors of the method of which a figure shows the model, smallest to largest σ."""
    errors = metrics[metrics["statistic"] == "score_error"]
    method = next((name for name in methods() if (errors["method"] == name).any()), None)
    if method is None:
        return ""
    own = errors[errors["method"] == method]
    words = []
    for sigma, group in own.groupby("sigma"):
        bias = metrics[(metrics["statistic"] == "smoothing_bias") & (metrics["sigma"] == sigma)]["value"]
        value = median_and_range(group["value"], 2)
        blur = f" (the blur alone makes {number(bias.iloc[0], 2)})" if len(bias) else ""
        words.append(f"{value} at σ = {sigma:g}{blur}")
    return f"Relative error of the score, {get_method(method).label}: {'; '.join(words)}."


def _of_models(metrics: pd.DataFrame, statistic: str, *, clocks: bool = False) -> pd.DataFrame:
    own = metrics[(metrics["statistic"] == statistic) & ~metrics["mobility"].isin(BASELINES)]
    return own[own["mobility"] != "identity"] if clocks else own


def _of_laws(metrics: pd.DataFrame) -> str:
    entropies = _of_models(metrics, "relative_entropy")
    if entropies.empty:
        return ""
    worst = entropies.loc[entropies["value"].idxmax()]
    text = (
        f"Model: relative entropy of the worst marginal {number(max(worst['value'], 0.0), 2)} nat"
        f"{_where(worst, entropies)} (noise floor {number(max(worst['floor'], 0.0), 2)})"
    )
    if entropies["sigma"].nunique() > 1:
        best = entropies.groupby("sigma")["value"].max()
        text += f", {number(max(best.min(), 0.0), 2)} at σ = {best.idxmin():g}"
    joint = _of_models(metrics, "joint_total_variation").dropna(subset=["excess"])
    if len(joint):
        pair = joint.loc[joint["excess"].idxmax()]
        if pair["excess"] <= _SEEN * pair["excess_stderr"]:
            return f"{text}; total variation of the worst joint density at its floor."
        text += f"; total variation of the worst joint density {number(pair['excess'], 2)} above its floor"
        blur = pair["blurred_value"] - pair["floor"]
        if blur > 0:
            text += f" (the blur alone makes {number(blur, 2)})"
    return f"{text}."


def _where(row: pd.Series, rows: pd.DataFrame) -> str:
    """The σ of one of these rows, if there are several."""
    return f" at σ = {row['sigma']:g}" if rows["sigma"].nunique() > 1 else ""


def _of_clocks(metrics: pd.DataFrame) -> str:
    differences = _of_models(metrics, "autocorrelation_error_5", clocks=True).dropna(subset=["value"])
    if differences.empty:
        return ""
    worst = differences.loc[differences["value"].idxmax()]
    times = _of_models(metrics, "decorrelation_time", clocks=True)
    off = float((times["value"] / times["data_value"] - 1).abs().max())
    text = (
        f"Clock: autocorrelations differ by at most {number(worst['value'], 2)} (rms over five decorrelation times)"
        f"{_where(worst, differences)}"
    )
    return f"{text}, 1/e times by at most {100 * off:.0f} %." if np.isfinite(off) else f"{text}."
