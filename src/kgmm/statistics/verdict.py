"""Whether a model can be used, and for what: what its statistics and its data say, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.observation import BLOCKS
from kgmm.data.paths import time_step_of
from kgmm.data.segments import SEGMENTS, states_of, without_gaps
from kgmm.statistics.autocorrelation_floors import needed_of_segments, states_for_autocorrelations
from kgmm.statistics.comparison import block_deviation, block_mean
from kgmm.statistics.correlation import longest_in_blocks
from kgmm.statistics.criteria import judge
from kgmm.statistics.diagnosis import diagnose
from kgmm.statistics.findings import Finding
from kgmm.wording import listed

_MIN_TIMES, _MIN_PER_TIME, _MAX_DRIFT = 50.0, 3.0, 4.0
_TAIL_ERRORS = 3.0


@dataclass(frozen=True)
class Verdict:
    """What a model can be used for.

    Attributes
    ----------
    uses : tuple of str
        What it passed.
    failures : tuple of str
        What it did not, one clause each.
    limits : tuple of str
        What speaks against the data, one clause each.
    remedies : tuple of str
        What would help.
    unknown : tuple of str
        What could not be judged, with the reason in parentheses.
    score : str
        How large the error of the score is, a sentence.
    data : str
        What of the data is used, a sentence, where that is not all of one record.

    Examples
    --------
    >>> print(Verdict(("densities",), ("the autocorrelation of x differs by 0.2",), (), ("more data",)))
    The model can be used for densities; but the autocorrelation of x differs by 0.2. More data would help.
    >>> print(Verdict((), ("the density of x differs by 0.3",), ("the data of x are short",), ()))
    The model should not be used: the density of x differs by 0.3. The data limit it: the data of x are short.
    >>> print(Verdict(("tails",), (), (), (), ("time scales (too few data)",)))
    The model can be used for tails, which are within their floors; time scales (too few data) could not be judged.
    """

    uses: tuple[str, ...]
    failures: tuple[str, ...]
    limits: tuple[str, ...]
    remedies: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    score: str = ""
    data: str = ""

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        limits: Sequence[str] = (),
        further: Sequence[str] = (),
        *,
        sigma: float | None = None,
        needed: Mapping[str, str] | None = None,
        score: str = "",
    ) -> Verdict:
        """The verdict on the rows of one model.

        Parameters
        ----------
        table : pandas.DataFrame
            Columns ``statistic, variable, value, stderr, floor, data_value``.
        limits : sequence of str
            What speaks against the data.
        further : sequence of str
            What else speaks against the model.
        sigma, needed
            See :func:`kgmm.statistics.criteria.judge`.
        score : str
            How large the error of the score is, see :func:`score_error`.
        """
        uses, failures, remedies, unknown = [], [*further], [], []
        for found in judge(table, sigma, needed):
            failures += found.failures
            remedies += found.remedies
            if found.passed is None:
                unknown.append(f"{found.use} ({found.reason})" if found.reason else found.use)
            elif found.passed:
                uses.append(found.use)
        tails = _wrong_tails(table)
        if tails is not None:
            uses += ["tails"] * (not tails)
            failures += tails
            remedies += ["more data"] * bool(tails)
        return cls(tuple(uses), tuple(failures), tuple(limits), _without_repetition(remedies), tuple(unknown), score)

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against model or data."""
        return not (self.failures or self.limits or self.unknown)

    def __str__(self) -> str:
        if self.uses:
            said = f"The model can be used for {listed(self.uses)}"
            said += f"; but {'; '.join(self.failures)}" if self.failures else ", which are within their floors"
        elif self.failures:
            said = f"The model should not be used: {'; '.join(self.failures)}"
        else:
            said = "Nothing could be compared"
        said += f"; {listed(self.unknown)} could not be judged." if self.unknown else "."
        said += "".join(f" {sentence}" for sentence in (self.score, self.data) if sentence)
        if self.limits:
            said += f" The data limit it: {'; '.join(self.limits)}."
        if self.remedies:
            said += f" {self.remedies[0][0].upper()}{'; '.join(self.remedies)[1:]} would help."
        return said


def _without_repetition(remedies: Sequence[str]) -> tuple[str, ...]:
    """Each remedy once; "more data" alone says nothing beside one that ends with it."""
    found = list(dict.fromkeys(remedies))
    return tuple(one for one in found if not any(one != other and other.endswith(one) for other in found))


def score_error(estimate: float | None) -> str:
    """A sentence on the error of a score by its own estimate.

    Parameters
    ----------
    estimate : float or None
        Relative mean square error, ``error_estimate`` of :class:`kgmm.ScoreModel`.

    Examples
    --------
    >>> score_error(0.0004)
    'The relative error of the score is estimated at 2 %, root mean square.'
    >>> score_error(None)
    'The error of the score itself is unknown.'
    """
    if estimate is None or not np.isfinite(estimate):
        return "The error of the score itself is unknown."
    return f"The relative error of the score is estimated at {100 * max(estimate, 0.0) ** 0.5:.2g} %, root mean square."


def _wrong_tails(table: pd.DataFrame) -> list[str] | None:
    """A clause for each extreme quantile beyond its error; ``None`` where there are none to judge.

    The difference of the reference from the data, the floor, counts as an error beside the standard error.
    """
    rows = table[table["statistic"].str.startswith("quantile_") & np.isfinite(table["data_value"])]
    if rows.empty:
        return None
    wrong = []
    for row in rows.itertuples():
        floor = abs(row.floor - row.data_value) if np.isfinite(row.floor) else 0.0
        difference = abs(row.value - row.data_value)
        if difference > _TAIL_ERRORS * max(np.hypot(floor, row.stderr), 1e-300):
            level = float(row.statistic.removeprefix("quantile_"))
            said = (
                f"the {100 * level:g} % quantile of {row.variable} is {row.value:.3g}, of the data {row.data_value:.3g}"
            )
            wrong.append(said)
    return wrong


def findings_of(X, names: Sequence[str], sigma: float | None = None) -> list[Finding]:
    """What :func:`kgmm.diagnose` finds but drifts, which the halves of the members tell: :func:`limits_of_data`."""
    return [finding for finding in diagnose(X, sigma, names) if finding.kind != "drift"]


def limits_of_data(path: xr.DataArray, decorrelation_times: np.ndarray) -> list[str]:
    """What speaks against data: too short, saved too rarely, or not stationary; one clause each.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``; of unequal members see :mod:`kgmm.data.segments`.
    decorrelation_times : ndarray of shape (n_features,)
        Of its variables, not finite where one never decorrelates.

    Examples
    --------
    >>> from kgmm import simulate
    >>> path = simulate("ornstein_uhlenbeck", n_members=1, n_times=300, interval=0.1, seed=0)
    >>> limits_of_data(path, np.array([1.0, 0.1]))[0]
    'the data of x1 are 30 decorrelation times long, 50 are needed'
    """
    interval, times = time_step_of(path), decorrelation_times
    path = without_gaps(path)
    length = path.sizes["member"] * path.sizes["time"] * interval
    limits = []
    for k, name in enumerate(path["variable"].values):
        time = times[k]
        if not np.isfinite(time):
            limits.append(f"{name} never decorrelates: its trend, its season or its slowest change has to go first")
        elif length < _MIN_TIMES * time:
            limits.append(
                f"the data of {name} are {length / time:.0f} decorrelation times long, {_MIN_TIMES:.0f} are needed"
            )
        elif time < _MIN_PER_TIME * interval:
            limits.append(f"{name} is saved {time / interval:.1f} times in a decorrelation time: its clock is unknown")
        limits += _drifts(str(name), path.values[:, :, k])
    return limits


def short_segments(held_out: xr.DataArray, decorrelation_times: np.ndarray) -> list[str]:
    """A clause if segments are too short for the time scales of a variable to be judged.

    Parameters
    ----------
    held_out : xarray.DataArray
        The part of the data that a model will be compared with.
    decorrelation_times : ndarray of shape (n_features,)
        Of all of them, not finite where a variable does not decorrelate.
    """
    if SEGMENTS not in held_out.attrs:
        return []
    slowest, interval = float(np.max(decorrelation_times)), time_step_of(held_out)
    longest = longest_in_blocks(held_out.values)
    if np.isfinite(slowest):
        long_enough = longest >= states_for_autocorrelations(slowest, interval, 1) - 1
        # Too few states in all are another matter, of which the verdict tells.
        if long_enough or len(states_of(held_out.values)) < states_for_autocorrelations(slowest, interval, BLOCKS):
            return []
    return [
        "time scales could not be judged by the last fifth of the segments: "
        f"{needed_of_segments(slowest, interval)} (--gaps interpolate, --max-gap), or use longer segments"
    ]


def _drifts(name: str, values: np.ndarray) -> list[str]:
    half = values.shape[1] // 2
    drifts = []
    for statistic, what in ((block_mean, "mean"), (block_deviation, "deviation")):
        a, b = statistic(values[:, :half]), statistic(values[:, -half:])
        drift = abs(a.value - b.value) / max(float(np.hypot(a.stderr, b.stderr)), 1e-300)
        if drift > _MAX_DRIFT:
            drifts.append(f"the {what} of {name} drifts by {drift:.1f} standard errors: it may not be stationary")
    return drifts
