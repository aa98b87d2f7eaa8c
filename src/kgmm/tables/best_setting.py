"""The best setting of a sweep, and how sure that is.

At equal σ the held-out denoising loss decides: all settings are judged at the same points with the same noise, so that
the difference of two is known far better than either. Across σ, where losses cannot be compared, the relative entropy
of the Langevin model decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

COLUMNS = (
    "criterion", "value", "stderr", "next", "difference", "difference_stderr", "n_settings", "n_close",
)  # fmt: skip
LOSS, ENTROPY = "denoising_loss", "relative_entropy"
# Settings that are worse than the best by less than this many standard errors of the difference are as good.
_CLOSE = 2.0


def best_settings(
    runs: pd.DataFrame, choices: Sequence[str], problems: Sequence[str], label: Callable[[dict], str]
) -> list[dict]:
    """The best setting and the distance of the next: for every problem and σ, and for every problem across σ.

    Parameters
    ----------
    runs
        One row per experiment with the columns of the axes, ``replicate``, ``loss_blocks`` (an array, or ``None``
        where it failed), ``entropy`` and ``entropy_stderr`` (NaN where there is no model).
    choices, problems
        Columns of the axes of the estimate (without ``sigma``), and of those of problem and data.
    label
        Names a setting, given its values by column.

    Returns
    -------
    Rows with the columns of the axes and ``COLUMNS``; where fewer than two settings are complete there is none.
    """
    rows = []
    for at, group in _groups(runs, [*problems, "sigma"]):
        found = _best(_losses(group, choices), label)
        rows += [at | row | {"criterion": LOSS} for row in found]
    for at, group in _groups(runs, problems):
        found = _best(_entropies(group, [*choices, "sigma"]), label)
        rows += [at | row | {"criterion": ENTROPY} for row in found]
    return rows


def _groups(runs: pd.DataFrame, columns: Sequence[str]):
    if not columns:
        yield {}, runs
        return
    for values, group in runs.groupby(list(columns), dropna=False, sort=False):
        yield dict(zip(columns, values)), group


def _losses(runs: pd.DataFrame, columns: Sequence[str]) -> list[tuple[dict, np.ndarray, float]]:
    """Settings that did not fail, the losses of their blocks, and the variance of the mean."""
    found = []
    for setting, group in _complete(runs, columns):
        if all(blocks is not None for blocks in group["loss_blocks"]):
            losses = np.concatenate(list(group.sort_values("replicate")["loss_blocks"]))
            found.append((setting, losses, losses.var(ddof=1) / losses.size))
    return found


def _entropies(runs: pd.DataFrame, columns: Sequence[str]) -> list[tuple[dict, np.ndarray, float]]:
    """The same for the entropies of the replicates; one replicate has the variance that it says itself."""
    found = []
    for setting, group in _complete(runs, columns):
        entropies = group.sort_values("replicate")["entropy"].to_numpy(float)
        if np.isfinite(entropies).all():
            several = entropies.size > 1
            variance = entropies.var(ddof=1) / entropies.size if several else group["entropy_stderr"].iloc[0] ** 2
            found.append((setting, entropies, float(variance)))
    return found


def _complete(runs: pd.DataFrame, columns: Sequence[str]):
    """Settings of which every replicate is there."""
    n_replicates = runs["replicate"].nunique()
    for setting, group in _groups(runs, columns):
        if len(group) == n_replicates:
            yield setting, group


def _best(settings: list[tuple[dict, np.ndarray, float]], label: Callable[[dict], str]) -> list[dict]:
    """The setting of the lowest mean, and the differences of the others to it."""
    if len(settings) < 2:
        return []
    settings = sorted(settings, key=lambda setting: setting[1].mean())
    (best, values, variance), *others = settings
    distances = [_difference(values, variance, *other[1:]) for other in others]
    difference, stderr = distances[0]
    return [
        best
        | {
            "value": float(values.mean()),
            "stderr": float(np.sqrt(variance)),
            "next": label(others[0][0]),
            "difference": difference,
            "difference_stderr": stderr,
            "n_settings": len(settings),
            "n_close": 1 + sum(distance < _CLOSE * error for distance, error in distances),
        }
    ]


def _difference(best: np.ndarray, variance: float, other: np.ndarray, other_variance: float) -> tuple[float, float]:
    """Mean difference and its standard error: of the pairs, or of two single numbers."""
    pairs = other - best
    if pairs.size > 1:
        return float(pairs.mean()), float(pairs.std(ddof=1) / np.sqrt(pairs.size))
    return float(pairs[0]), float(np.sqrt(variance + other_variance))
