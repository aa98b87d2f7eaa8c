"""Claims and findings of a run, as the head of the report shows them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.config.claims import Finding
from kgmm.report.tables import number
from kgmm.tables.verification import measure

# Of the longest bar that is drawn, beyond what it has to show.
_MARGIN = 1.1


def claim_groups(verification: pd.DataFrame) -> list[dict]:
    """The claims of a run under their headings, in the order of the configuration.

    Returns
    -------
    list of dict
        ``name``, ``n_holding`` and ``rows``; a row has the claim, what was measured, the bar and the verdict in
        words, and
        ``gauge``, see :func:`gauge_of`.
    """
    groups = []
    for name, group in verification.groupby("group", sort=False):
        rows = [row | {"measured": _in_words(row), "gauge": gauge_of(row)} for row in group.to_dict("records")]
        groups.append({"name": name, "rows": rows, "n_holding": sum(row["verdict"] == "holds" for row in rows)})
    return groups


def _in_words(row: dict) -> str:
    if np.isinf(row["measured"]):
        return "∞"
    return f"> {number(row['measured'])}" if row.get("beyond", False) else number(row["measured"])


def gauge_of(row: dict) -> dict | None:
    """Where on a line from zero the measured number, its range over replicates and variables, and the bar lie, in
    percent.

    Examples
    --------
    >>> row = {"measured": 1.0, "lowest": 0.5, "highest": 1.0, "at_least": float("nan"), "at_most": 2.0}
    >>> {name: value for name, value in gauge_of(row).items() if name != "range"}
    {'measured': 45.5, 'bars': [90.9]}
    """
    row = {name: np.nan if value is None else value for name, value in row.items()}
    shown = [row[name] for name in ("measured", "lowest", "highest", "at_least", "at_most")]
    if not np.isfinite(row["measured"]):
        return None
    longest = _MARGIN * max(abs(value) for value in shown if np.isfinite(value))
    if longest == 0:
        return {"measured": 0.0, "range": None, "bars": [0.0]}

    def place(value: float) -> float:
        return round(float(np.clip(100 * value / longest, 0, 100)), 1)

    spread = [place(row[name]) for name in ("lowest", "highest")]
    return {
        "measured": place(row["measured"]),
        "range": spread if np.isfinite(spread).all() and spread[0] < spread[1] else None,
        "bars": [place(row[name]) for name in ("at_least", "at_most") if np.isfinite(row[name])],
    }


def told_findings(findings: tuple[dict, ...], tables: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    """The sentences of the findings with the numbers of the run in them, ``results`` and ``limits``.

    Parameters
    ----------
    findings : tuple of dict
        As in the configuration.
    tables : dict
        ``metrics`` and ``races``.
    """
    told = {"results": [], "limits": []}
    for finding in (Finding.model_validate(finding) for finding in findings):
        numbers = {name: measure(ratio, tables) for name, ratio in finding.numbers.items()}
        words = {
            name: "(not measured)" if np.isnan(value) else "∞" if np.isinf(value) else number(value, 2)
            for name, value in numbers.items()
        }
        told["limits" if finding.limit else "results"].append(finding.says.format(**words))
    return told
