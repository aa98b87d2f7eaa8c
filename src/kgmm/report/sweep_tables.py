"""Tables of the report about sweeps: the best settings, all settings, and what failed."""

from __future__ import annotations

import re

import pandas as pd

from kgmm.config.axes import labels_of, setting_text, text_of
from kgmm.report.setting_table import setting_columns, setting_table
from kgmm.report.tables import with_error
from kgmm.results import Sweep
from kgmm.tables.best_setting import ENTROPY

_CRITERIA = {ENTROPY: "relative entropy, Φ = I"}
# The summary of a run is to fit on a screen.
_MAX_IN_SUMMARY = 6


def sweep_part(sweep: Sweep, table: pd.DataFrame, best: pd.DataFrame, metrics: pd.DataFrame) -> dict:
    """What the section of a sweep shows.

    Parameters
    ----------
    sweep
        Its block, and the columns of its axes by role.
    table, best, metrics
        The run's tables.
    """
    block = sweep.block
    own, runs = table[table["block"] == block], metrics[metrics["block"] == block]
    rows = best_table(best[best["block"] == block], sweep)
    settings = setting_table(own, sweep, runs["replicate"].nunique())
    return {
        "block": block,
        "best": rows,
        "has_choices": bool(sweep.choices),
        "problems": [labels_of(sweep.problems)[column] for column in sweep.problems],
        # Those across σ first: they compare the most settings.
        "summary": sorted(rows, key=lambda row: not row["across"])[:_MAX_IN_SUMMARY],
        "settings": settings,
        "n_replicates": runs["replicate"].nunique(),
        "n_failed": sum(row["bad"] for row in settings["rows"]),
        "failures": sweep_failures(runs, setting_columns(own, sweep)),
    }


def best_table(best: pd.DataFrame, sweep: Sweep) -> list[dict]:
    """One row per problem and criterion of a sweep: its best setting, and how much worse the next is."""
    rows = []
    for row in best.to_dict("records"):
        across = row["criterion"] == ENTROPY and "sigma" in sweep.choices
        choices = [column for column in sweep.choices if column != "sigma"] + ["sigma"] * across
        rows.append(
            {
                "problem": [text_of(row[column]) for column in sweep.problems],
                "problem_text": setting_text({column: row[column] for column in sweep.problems}),
                "across": across,
                "sigma": "all" if across else text_of(row["sigma"]),
                "criterion": _CRITERIA.get(row["criterion"], "held-out denoising loss"),
                "setting": setting_text({column: row[column] for column in choices}),
                "value": with_error(row["value"], row["stderr"]),
                "next": row["next"],
                "worse_by": with_error(row["difference"], row["difference_stderr"]),
                "n_close": int(row["n_close"]),
                "n_settings": int(row["n_settings"]),
            }
        )
    return rows


def first_trajectory(trajectories: pd.DataFrame) -> pd.DataFrame:
    """The variables of the first trajectory of a sweep, the one that is pictured: others may be of other systems."""
    usable = trajectories[trajectories["status"] == "ok"]
    usable = usable[usable["replicate"] == usable["replicate"].min()]
    return usable[~usable["variable"].duplicated().cummax()]


def sweep_failures(metrics: pd.DataFrame, columns: list[str]) -> list[dict]:
    """Reasons of the failed experiments of a sweep, each with its settings; the most frequent first.

    Reasons that differ in their numbers alone, such as the time at which a path diverged, are one.
    """
    failed = metrics[metrics["status"] == "failed"]
    found: dict[str, dict] = {}
    for row in failed.to_dict("records"):
        reason = str(row["reason"])
        entry = found.setdefault(
            re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", reason), {"reason": reason, "reasons": set(), "at": {}}
        )
        entry["reasons"].add(reason)
        setting = setting_text({column: row[column] for column in columns})
        entry["at"].setdefault(setting, set()).add(row["replicate"])
    return [
        {
            "reason": entry["reason"],
            "alike": len(entry["reasons"]) > 1,
            "settings": list(entry["at"]),
            "n_experiments": sum(len(replicates) for replicates in entry["at"].values()),
        }
        for entry in sorted(found.values(), key=lambda entry: -len(entry["at"]))
    ]
