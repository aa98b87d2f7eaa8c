"""Judges the claims of a run by its tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.config.claims import Claim, Quantity, Ratio

COLUMNS = (
    "claim", "group", "measured", "lowest", "highest", "bar", "at_least", "at_most", "verdict", "counts", "beyond",
)  # fmt: skip


def verify_claims(tables: dict[str, str], claims: list[dict], output: str) -> None:
    """Writes the verdicts on the claims of a configuration, judged by the tables of these files."""
    read = {name: pd.read_csv(path) for name, path in tables.items()}
    rows = judge([Claim.model_validate(claim) for claim in claims], read)
    pd.DataFrame(rows, columns=COLUMNS).to_csv(output, index=False)


def judge(claims: list[Claim], tables: dict[str, pd.DataFrame]) -> list[dict]:
    """One row per claim with ``COLUMNS``: verdicts are ``holds``, ``fails``, and ``not measured`` without such rows.

    ``lowest`` and ``highest`` are the range of the rows that ``measured`` is made of, replicates and variables;
    ``beyond`` says that the number is larger than ``measured``, which is a bound.
    """
    return [_judged(claim, tables) for claim in claims]


def _judged(claim: Claim, tables: dict[str, pd.DataFrame]) -> dict:
    measured, lowest, highest = (
        measure(claim.model_copy(update={"reduce": which}), tables) for which in (claim.reduce, "min", "max")
    )
    at_most = claim.at_most
    if claim.floors is not None:
        floor = _measure(claim.model_copy(update={"column": "floor"}), tables)
        at_most = max(at_most, claim.floors * floor) if np.isfinite(floor) else at_most
    if np.isnan(measured):
        verdict = "not measured"
    else:
        above = claim.at_least is None or measured >= claim.at_least
        below = at_most is None or measured <= at_most
        verdict = "holds" if above and below else "fails"
    # The number itself, where a bound may have taken its place.
    own = _measure(claim.model_copy(update={"beyond": None}), tables)
    return {
        "claim": claim.claim, "group": claim.group, "measured": measured, "lowest": lowest, "highest": highest,
        "bar": _bar(claim.at_least, at_most), "at_least": claim.at_least, "at_most": at_most, "verdict": verdict,
        "counts": claim.counts, "beyond": bool(claim.beyond is not None and np.isinf(own)),
    }  # fmt: skip


def _bar(lowest: float | None, highest: float | None) -> str:
    if lowest is None:
        return f"≤ {highest:.4g}"
    return f"≥ {lowest:.4g}" if highest is None else f"{lowest:.4g} … {highest:.4g}"


def measure(ratio: Ratio, tables: dict[str, pd.DataFrame]) -> float:
    """A number of the run, or a ratio of two; NaN if no usable row is there, or one of them holds no number.

    A ratio over zero is infinite, or NaN if both are zero.
    """
    value = _measure(ratio, tables)
    if ratio.over is None:
        return value
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.divide(value, _measure(ratio.over, tables)))


def _measure(quantity: Quantity, tables: dict[str, pd.DataFrame]) -> float:
    """NaN if no usable row is there, or one of them holds no number."""
    rows = tables[quantity.table]
    rows = rows[rows["status"] == "ok"]
    for column, wanted in quantity.where.items():
        rows = rows[rows[column].isin(wanted if isinstance(wanted, list) else [wanted])]
    if rows.empty or rows[quantity.column].isna().any():
        return float("nan")
    values = rows[quantity.column]
    if quantity.beyond is not None:
        values = values.where(np.isfinite(values), rows[quantity.beyond])
    return float(getattr(values, quantity.reduce)())


def unmet(rows: list[dict]) -> list[dict]:
    """The claims that make a run fail."""
    return [row for row in rows if row["counts"] and row["verdict"] != "holds"]
