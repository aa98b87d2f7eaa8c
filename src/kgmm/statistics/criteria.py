"""What decides whether a model may serve for a use: statistics with their bars, judged by what the data resolve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Criterion:
    """A use of a model, and a statistic that decides whether it may serve for it.

    The error of a statistic is its floor or its standard error, whichever is larger.

    Attributes
    ----------
    use : str
        What the model is good for if the statistic passes.
    statistic : str
        Name in tables.
    what : str
        What is compared, for a sentence about a failure.
    bar : float
        Differences up to it pass, and up to ``floors`` times the error.
    floors : float
    largest : float
        With a larger error the statistic tells too little for passing: a wrong model would pass too. It may still fail.
    remedy : str
        What would help.
    smaller_sigma : bool
        Whether a smaller σ would help too.
    suffices : bool
        Whether it alone is enough for the use.
    """

    use: str
    statistic: str
    what: str
    bar: float
    floors: float
    largest: float
    remedy: str = "more data"
    smaller_sigma: bool = False
    suffices: bool = True


CRITERIA = (
    Criterion("densities", "relative_entropy", "density", 0.02, 3.0, 0.1, smaller_sigma=True),
    Criterion("joint densities", "joint_total_variation", "joint density", 0.05, 1.5, 0.25, smaller_sigma=True),
    Criterion("joint densities", "sliced_wasserstein", "joint density", 0.05, 2.0, 0.2, smaller_sigma=True),
    Criterion("joint densities", "correlation_error", "correlation", 0.1, 3.0, 0.15, suffices=False),
    # Over five decorrelation times the autocorrelation of a red noise is .3 itself: three times .1.
    Criterion(
        "time scales", "autocorrelation_error_5", "autocorrelation", 0.1, 3.0, 0.1,
        "states saved more often, further variables, or more data",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """What the criteria of one use say.

    Attributes
    ----------
    use : str
    passed : bool or None
        ``None`` where none of them could be judged.
    failures : tuple of str
        A clause for each difference that is too large.
    remedies : tuple of str
        What would help against these.
    reason : str
        Why it could not be judged.
    """

    use: str
    passed: bool | None
    failures: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    reason: str = ""


def judge(table: pd.DataFrame, sigma: float | None = None, needed: Mapping[str, str] | None = None) -> list[Judgement]:
    """A judgement for each use whose statistics the table has.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``statistic, variable, value, stderr, floor``.
    sigma : float, optional
        Noise amplitude of the score; where it is zero no smaller one is advised.
    needed : mapping of str to str, optional
        For a use, the clause that says what its statistics need where they have no value.

    Examples
    --------
    >>> row = {"statistic": "relative_entropy", "variable": "x", "value": 0.3, "stderr": 0.01, "floor": 0.02}
    >>> [found] = judge(pd.DataFrame([row]), sigma=0.0)
    >>> found.failures, found.remedies
    (('the density of x differs by 0.3, floor 0.02',), ('more data',))
    """
    uses = dict.fromkeys(criterion.use for criterion in CRITERIA)
    found = [_judge_use(use, table, sigma, (needed or {}).get(use)) for use in uses]
    return [one for one in found if one is not None]


def _judge_use(use: str, table: pd.DataFrame, sigma: float | None, needed: str | None) -> Judgement | None:
    failures, remedies, unknown, judged, present = [], [], [], False, False
    for criterion in CRITERIA:
        rows = list(table[table["statistic"] == criterion.statistic].itertuples()) if criterion.use == use else []
        wrong = [row for row in rows if row.value > max(criterion.bar, criterion.floors * _error(row))]
        without = [row for row in rows if row not in wrong and not _tells(criterion, row)]
        if wrong:
            failures += [_failure(criterion, row) for row in wrong]
            remedies.append(_remedy(criterion, sigma))
        present |= bool(rows)
        judged |= bool(rows) and criterion.suffices and not without
        if criterion.suffices:
            unknown += [(_missing(criterion, row), _unjudged(criterion, row, needed)) for row in without]
    if failures:
        return Judgement(use, False, tuple(failures), tuple(dict.fromkeys(remedies)))
    if judged:
        return Judgement(use, True)
    # The statistic that is nearest to telling something says what it takes.
    return Judgement(use, None, reason=min(unknown)[1] if unknown else "") if present else None


def _error(row) -> float:
    """The error of a statistic; NaN, by which nothing can be judged, where there is no floor.

    Floors without bias may be small or negative by chance, the standard error is not.
    """
    if not np.isfinite(row.floor):
        return float("nan")
    return float(max(row.floor, row.stderr)) if np.isfinite(row.stderr) else float(row.floor)


def _tells(criterion: Criterion, row) -> bool:
    return bool(np.isfinite(row.value) and _error(row) <= criterion.largest)


def _missing(criterion: Criterion, row) -> float:
    """How many times the data would have to be as long; infinite where that does not follow.

    Errors fall as the root of the length; those of entropies faster, so that this is on the safe side.
    """
    error = _error(row) if np.isfinite(row.value) else np.nan
    return float((error / criterion.largest) ** 2) if np.isfinite(error) else float("inf")


def _of(row) -> str:
    """Of which variable or pair, if it is of one: what has no name is NaN where it was read from a table."""
    return f" of {row.variable}" if isinstance(row.variable, str) and row.variable else ""


def _failure(criterion: Criterion, row) -> str:
    known = {
        name: error for name, error in (("floor", row.floor), ("standard error", row.stderr)) if np.isfinite(error)
    }
    largest = max(known, key=known.get, default=None)
    beside = "" if largest is None else f", {largest} {known[largest]:.2g}"
    return f"the {criterion.what}{_of(row)} differs by {row.value:.2g}{beside}"


def _remedy(criterion: Criterion, sigma: float | None) -> str:
    return ("a smaller σ or " if criterion.smaller_sigma and sigma != 0 else "") + criterion.remedy


def _unjudged(criterion: Criterion, row, needed: str | None) -> str:
    """Why a statistic tells nothing, with the length that would do where it follows."""
    error = _error(row)
    if not np.isfinite(row.value):
        return needed or "the data are too short for it"
    if not np.isfinite(error):
        return needed or f"two parts of the data were not compared in the {criterion.what}"
    of = _of(row)
    times = _missing(criterion, row)
    return (
        f"the {criterion.what}{of} has an error of {error:.2g} by the data alone, up to {criterion.largest:g} is "
        f"allowed: data {np.ceil(10 * times) / 10:.2g} times as long are needed"
    )
