"""The verdicts on the models of users' data, from the tables of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kgmm.data.observation import BLOCKS
from kgmm.data.options import SplitOptions
from kgmm.report.plain_words import in_plain_words
from kgmm.results import BASELINES
from kgmm.statistics.autocorrelation_floors import needed_of_segments, states_for_autocorrelations
from kgmm.statistics.verdict import Verdict, score_error
from kgmm.tables.metrics import WARNING


@dataclass(frozen=True)
class ModelVerdict:
    """The verdict on one model.

    Attributes
    ----------
    model : str
        Which of the block's models it is, as far as there are several.
    verdict : Verdict
    """

    model: str
    verdict: Verdict


def verdicts(metrics: pd.DataFrame, trajectories: pd.DataFrame) -> list[ModelVerdict]:
    """The verdicts on the models of one block, whose data are a user's.

    Parameters
    ----------
    metrics, trajectories : pandas.DataFrame
        The block's rows of these tables.

    Returns
    -------
    list of ModelVerdict
        One for each σ, method and mobility; failed models have their reason in the place of statistics.
    """
    limits = [text for text in trajectories["limits"].dropna().unique() if text]
    found, data = [], _used(trajectories)
    of_models = metrics[metrics["mobility"].notna() & ~metrics["mobility"].isin(BASELINES)]
    for (sigma, method, mobility), rows in of_models.groupby(["sigma", "method", "mobility"], sort=False):
        warnings = rows.loc[rows["statistic"] == WARNING, "reason"]
        estimates = metrics[(metrics["statistic"] == "error_estimate") & (metrics["sigma"] == sigma)]
        estimates = estimates.loc[estimates["method"] == method, "value"]
        verdict = Verdict.of(
            rows[rows["statistic"] != WARNING], limits, list(warnings), sigma=sigma, needed=_needed(trajectories),
            score=score_error(float(estimates.median()) if len(estimates) else None),
        )  # fmt: skip
        found.append(ModelVerdict(f"{method}, σ = {sigma:g}, Φ {mobility}", replace(verdict, data=data)))
    failed = metrics[(metrics["status"] == "failed") & metrics["statistic"].str.startswith("comparison")]
    for row in failed.itertuples():
        meaning, remedy = in_plain_words(str(row.reason))
        # The technical text is in the table of metrics and in the log.
        said = Verdict((), (f"there is no model, because {meaning}",), tuple(limits), (remedy,), data=data)
        found.append(ModelVerdict(f"{row.method}, σ = {row.sigma:g}", said))
    return found


def _used(trajectories: pd.DataFrame) -> str:
    """How many states and segments the data have, where gaps divide them."""
    if not _between_gaps(trajectories):
        return ""
    row = trajectories.iloc[0]
    return f"All {row['n_samples']:.0f} states of the {row['n_segments']:.0f} segments between gaps are used."


def _between_gaps(trajectories: pd.DataFrame) -> bool:
    """Whether the data are segments between gaps."""
    return "n_segments" in trajectories and bool((trajectories["n_segments"] > trajectories["n_members"]).any())


def _needed(trajectories: pd.DataFrame) -> dict[str, str]:
    """What the autocorrelations of the held-out part need where they have no value, in states of the file."""
    if not {"decorrelation_time", "path_interval"} <= set(trajectories):
        return {}
    times = trajectories["decorrelation_time"] / trajectories["path_interval"]
    slowest = float(times.max(skipna=False)) if len(times) else np.nan
    between_gaps = _between_gaps(trajectories)
    if not np.isfinite(slowest):
        return {"time scales": needed_of_segments(slowest, 1.0) if between_gaps else "a variable never decorrelates"}
    split = SplitOptions()
    states = states_for_autocorrelations(slowest, 1.0, BLOCKS) / (split.held_out - split.gap)
    if between_gaps and trajectories["n_samples"].iloc[0] >= states:  # enough, and in pieces that are too short
        return {"time scales": needed_of_segments(slowest, 1.0)}
    return {
        "time scales": f"the held-out part must hold {BLOCKS} stretches of five decorrelation times: about "
        f"{math.ceil(states / 10) * 10} states are needed in all"
    }
