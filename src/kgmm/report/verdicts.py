"""The verdicts on the models of users' data, from the tables of a run."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kgmm.results import BASELINES
from kgmm.statistics.verdict import Verdict
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
    found = []
    of_models = metrics[metrics["mobility"].notna() & ~metrics["mobility"].isin(BASELINES)]
    for (sigma, method, mobility), rows in of_models.groupby(["sigma", "method", "mobility"], sort=False):
        warnings = rows.loc[rows["statistic"] == WARNING, "reason"]
        verdict = Verdict.of(rows[rows["statistic"] != WARNING], limits, list(warnings))
        found.append(ModelVerdict(f"{method}, σ = {sigma:g}, Φ {mobility}", verdict))
    failed = metrics[(metrics["status"] == "failed") & metrics["statistic"].str.startswith("comparison")]
    for row in failed.itertuples():
        said = Verdict((), (f"there is no model, because {row.reason}",), tuple(limits), ("more data",))
        found.append(ModelVerdict(f"{row.method}, σ = {row.sigma:g}", said))
    return found
