"""Whether a model can be used, and for what: what its statistics and its data say, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.statistics.comparison import block_deviation, block_mean
from kgmm.statistics.diagnosis import Finding, diagnose

_MIN_TIMES, _MIN_PER_TIME, _MAX_DRIFT = 50.0, 3.0, 4.0
_STANDARD_ERRORS, _TAIL_ERRORS = 2.0, 3.0


@dataclass(frozen=True)
class Criterion:
    """A use of a model, and the statistic that decides whether it may serve for it.

    Attributes
    ----------
    use : str
        What the model is good for if the statistic passes.
    statistic : str
        Name in tables.
    what : str
        What is compared, for a sentence about a failure.
    bar : float
        Differences up to it pass, and up to ``floors`` times the floor.
    floors : float
    remedy : str
        What would help.
    """

    use: str
    statistic: str
    what: str
    bar: float
    floors: float
    remedy: str


CRITERIA = (
    Criterion("densities", "relative_entropy", "density", 0.02, 3.0, "a smaller σ or more data"),
    Criterion("joint densities", "joint_total_variation", "joint density", 0.05, 1.5, "a smaller σ or more data"),
    Criterion(
        "time scales", "autocorrelation_error_5", "autocorrelation", 0.1, 3.0,
        "states saved more often, further variables, or more data",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What a model can be used for.

    Attributes
    ----------
    uses : tuple of str
        What it passed.
    failures : tuple of str
        What it did not, one clause each.
    unknown : tuple of str
        What could not be judged.
    limits : tuple of str
        What speaks against the data, one clause each.
    remedies : tuple of str
        What would help.

    Examples
    --------
    >>> print(Verdict(("densities",), ("the autocorrelation of x differs by 0.2",), (), ("more data",)))
    The model can be used for densities; but the autocorrelation of x differs by 0.2. More data would help.
    >>> print(Verdict((), ("the density of x differs by 0.3",), ("the data of x are short",), ()))
    The model should not be used: the density of x differs by 0.3. The data limit it: the data of x are short.
    >>> print(Verdict(("densities",), (), (), (), ("time scales",)))
    The model can be used for densities, which are within their floors; time scales could not be judged.
    """

    uses: tuple[str, ...]
    failures: tuple[str, ...]
    limits: tuple[str, ...]
    remedies: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: pd.DataFrame, limits: Sequence[str] = (), further: Sequence[str] = ()) -> Verdict:
        """The verdict on the rows of one model.

        Parameters
        ----------
        table : pandas.DataFrame
            Columns ``statistic, variable, value, stderr, floor, data_value``.
        limits : sequence of str
            What speaks against the data.
        further : sequence of str
            What else speaks against the model.
        """
        uses, failures, remedies, unknown = [], [*further], [], []
        for criterion in CRITERIA:
            rows = table[(table["statistic"] == criterion.statistic) & np.isfinite(table["value"])]
            wrong = [row for row in rows.itertuples() if row.value > _allowed(criterion, row)]
            if len(rows) and not wrong:
                uses.append(criterion.use)
            if not len(rows) and (table["statistic"] == criterion.statistic).any():
                unknown.append(criterion.use)
            if wrong:
                remedies.append(criterion.remedy)
                failures += [_failure(criterion, row) for row in wrong]
        tails = _wrong_tails(table)
        if tails is not None:
            uses += ["tails"] * (not tails)
            failures += tails
            remedies += ["more data"] * bool(tails)
        return cls(tuple(uses), tuple(failures), tuple(limits), tuple(dict.fromkeys(remedies)), tuple(unknown))

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against model or data."""
        return not (self.failures or self.limits or self.unknown)

    def __str__(self) -> str:
        if self.uses:
            said = f"The model can be used for {_listed(self.uses)}"
            said += f"; but {'; '.join(self.failures)}" if self.failures else ", which are within their floors"
            said += f"; {_listed(self.unknown)} could not be judged." if self.unknown else "."
        elif self.failures:
            said = f"The model should not be used: {'; '.join(self.failures)}."
        else:
            said = "Nothing could be compared."
        if self.limits:
            said += f" The data limit it: {'; '.join(self.limits)}."
        if self.remedies:
            said += f" {self.remedies[0][0].upper()}{'; '.join(self.remedies)[1:]} would help."
        return said


def _allowed(criterion: Criterion, row) -> float:
    floor = row.floor if np.isfinite(row.floor) else 0.0
    noise = _STANDARD_ERRORS * row.stderr if np.isfinite(row.stderr) and floor == 0.0 else 0.0
    return max(criterion.bar + noise, criterion.floors * floor)


def _failure(criterion: Criterion, row) -> str:
    floor = f", floor {row.floor:.2g}" if np.isfinite(row.floor) else ""
    return f"the {criterion.what} of {row.variable} differs by {row.value:.2g}{floor}"


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


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def findings_of(X, names: Sequence[str], sigma: float | None = None) -> list[Finding]:
    """What :func:`kgmm.diagnose` finds but drifts, which the halves of the members tell: :func:`limits_of_data`."""
    return [finding for finding in diagnose(X, sigma, names) if finding.kind != "drift"]


def limits_of_data(path: xr.DataArray, decorrelation_times: np.ndarray) -> list[str]:
    """What speaks against data: too short, saved too rarely, or not stationary; one clause each.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``, members of one length.
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


def _drifts(name: str, values: np.ndarray) -> list[str]:
    half = values.shape[1] // 2
    drifts = []
    for statistic, what in ((block_mean, "mean"), (block_deviation, "deviation")):
        a, b = statistic(values[:, :half]), statistic(values[:, -half:])
        drift = abs(a.value - b.value) / max(float(np.hypot(a.stderr, b.stderr)), 1e-300)
        if drift > _MAX_DRIFT:
            drifts.append(f"the {what} of {name} drifts by {drift:.1f} standard errors: it may not be stationary")
    return drifts
