"""The record of a preparation, step by step: states in the units of the file, and back, at their own times."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from kgmm.data.prepared import Prepared
from kgmm.data.regular_times import day_numbers
from kgmm.data.time_steps import DAYS_PER_YEAR, MONTHS_PER_YEAR, is_monthly, month_numbers, phases
from kgmm.data.transform_steps import recorded, redone, undone
from kgmm.data.transforms import Transform

RECORD = "preparation_record"
# What a step is called where one reads that it was undone.
_IN_WORDS = {"daily": "the mean of each day of the year", "monthly": "the mean of each month"}


def record_of(series: Prepared, variables: Sequence[str], time_step: float) -> str:
    """What :class:`Restoration` needs to know of a preparation, as JSON; ``variables`` are those before it."""
    record = {"variables": list(variables), "step": time_step, "steps": series.undone, "starts": list(series.starts)}
    times = series.origin
    if times.dtype.kind == "M":
        record |= {"start": str(times[0].astype("datetime64[ms]")), "calendar": "standard"}
    elif times.dtype == object:
        record |= {"start": times[0].isoformat(), "calendar": times[0].calendar}
    elif times.size:
        record["first_time"] = float(times[0])
    if "start" in record and is_monthly(times):
        record["months"] = int(np.diff(month_numbers(times))[0])
    return json.dumps(record)


@dataclass(frozen=True)
class Restoration:
    """What undoes a preparation, and does it again. Places count steps of time after the first one of the series.

    Attributes
    ----------
    record : mapping
        What :func:`record_of` wrote.

    Examples
    --------
    >>> steps = [{"what": "detrend", "slopes": [0.5], "first": 0.0}]
    >>> restoration = Restoration({"variables": ["x"], "step": 1.0, "steps": steps, "starts": [0]})
    >>> restoration.undo(np.zeros((3, 1)), np.arange(3)).ravel().tolist()
    [0.0, 0.5, 1.0]
    >>> restoration.redo(np.ones((3, 1)), np.arange(3)).ravel().tolist(), restoration.in_words
    ([1.0, 0.5, 0.0], ['the linear trend'])
    """

    record: Mapping
    # Dates of other calendars take long to make: what was made of the first places, by what it is.
    _made: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, path: xr.DataArray) -> Restoration:
        """That of a path of :func:`kgmm.read` or of a stored trajectory; ``ValueError`` if it holds no record."""
        if RECORD not in path.attrs:
            raise ValueError("the path holds no record of a preparation: give what kgmm.read returned")
        return cls(json.loads(path.attrs[RECORD]))

    @property
    def variables(self) -> list[str]:
        """Names of the variables of the file."""
        return list(self.record["variables"])

    @property
    def steps(self) -> list[dict]:
        """The steps that were done, in their order."""
        return list(self.record["steps"])

    @property
    def starts(self) -> list[int]:
        """Places at which the members begin, further variables included."""
        lost = sum(step.get("lost", 0) for step in self.steps)
        return [start + lost for start in self.record.get("starts") or [0]]  # files of earlier versions have none

    @property
    def folded(self) -> dict[int, Transform]:
        """Transforms of variables of which several prepared states are one value in the file: mirrored, or angles."""
        steps = (step for step in self.steps if step["what"] == "transform")
        return {k: f for step in steps for k, f in recorded(step).items() if f.mirrors or f.on_ring}

    @property
    def in_words(self) -> list[str]:
        """What is put back, in words."""
        words = []
        for step in self.steps:
            if step["what"] == "transform":
                kinds = ((self.variables[k], function) for k, function in recorded(step).items())
                words += [f"the inverse of the {function.kind} of {name}" for name, function in kinds]
            elif step["what"] == "anomalies":
                words.append(_IN_WORDS[step["period"]])
            elif step["what"] == "detrend":
                words.append("the linear trend")
            elif step["what"] == "standardise":
                words.append("mean and standard deviation")
        return words

    @property
    def period(self) -> float:
        """Steps of time in a season that was subtracted; infinite if there is none."""
        if not any(step["what"] == "anomalies" for step in self.steps):
            return np.inf
        if "start" not in self.record:
            return float(MONTHS_PER_YEAR)  # decimal years, in months
        return (
            MONTHS_PER_YEAR / self.record["months"] if "months" in self.record else DAYS_PER_YEAR / self.record["step"]
        )

    def undo(self, values: np.ndarray, places: np.ndarray) -> np.ndarray:
        """States in the units of the file.

        Parameters
        ----------
        values : ndarray of shape (..., n_features)
            Prepared states.
        places : ndarray of int, whose shape agrees with (...) or is broadcast to it

        Returns
        -------
        ndarray of shape (..., n_variables)
        """
        for step in reversed(self.steps):
            if step["what"] == "added":
                values = values[..., : step["kept"]]
            elif step["what"] == "standardise":
                values = np.array(step["mean"]) + np.array(step["deviation"]) * values
            elif step["what"] == "transform":
                values = undone(step, values)
            else:
                values = values + self._offset(step, places)
        return values

    def redo(self, values: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Prepared states, without the variables that were added, from those in the units of the file.

        Of several for one value, see :attr:`folded`, the first.
        """
        for step in self.steps:
            if step["what"] == "standardise":
                values = (values - np.array(step["mean"])) / np.array(step["deviation"])
            elif step["what"] == "transform":
                values = redone(step, values)
            elif step["what"] != "added":
                values = values - self._offset(step, places)
        return values

    def slope(self, values: np.ndarray) -> np.ndarray:
        """Derivative of every prepared variable by that of the file; NaN or infinite at the edges of a transform.

        Without meaning for variables that are :attr:`folded`.
        """
        slope = np.ones_like(values, dtype=float)
        for step in self.steps:
            if step["what"] == "standardise":
                slope = slope / np.array(step["deviation"])[: slope.shape[-1]]
            elif step["what"] == "transform":  # the first of the steps: at values of the file
                for k, function in recorded(step).items():
                    with np.errstate(invalid="ignore", divide="ignore"):
                        slope[..., k] = slope[..., k] * function.slope(values[..., k])
        return slope

    def times(self, number: int) -> np.ndarray:
        """The times of so many places: dates in the calendar of the file, else numbers."""
        dates = self.dates(number)
        if dates is not None:
            return dates
        return self.record.get("first_time", 0.0) + self.record["step"] * np.arange(number)

    def dates(self, number: int) -> np.ndarray | None:
        """The dates of so many places, in the calendar of the file; ``None`` if it has none."""
        return self._of_places("dates", number, self._dates) if "start" in self.record else None

    def _of_places(self, what: str, number: int, make: Callable[[int], np.ndarray]) -> np.ndarray:
        """Something of so many places, made once for the most of them."""
        if len(self._made.get(what, ())) < number:
            self._made[what] = make(number)
        return self._made[what][:number]

    def _dates(self, number: int) -> np.ndarray:
        record = self.record
        calendar = {"calendar": record["calendar"], "use_cftime": record["calendar"] != "standard"}
        if "months" not in record:
            seconds = round(86400 * record["step"])
            return xr.date_range(record["start"], periods=number, freq=f"{seconds}s", **calendar).values
        start = xr.date_range(record["start"], periods=1, freq="s", **calendar)[0]
        month = start.replace(day=1, hour=0, minute=0, second=0)
        months = xr.date_range(month, periods=number, freq=f"{record['months']}MS", **calendar)
        return (months + (start - month)).values

    def _offset(self, step: Mapping, places: np.ndarray) -> np.ndarray:
        """What a trend or a season added at some places, ``(..., n_variables)``."""
        number, has_dates = int(places.max()) + 1, "start" in self.record
        if step["what"] == "detrend":
            passed = self.record["step"] * places
            if has_dates:
                passed = self._of_places("days", number, lambda n: day_numbers(self.dates(n)))[places]
            return (step["first"] + passed)[..., None] * np.array(step["slopes"])
        at = (step["first"] + places) % MONTHS_PER_YEAR  # without dates the times were decimal years, in months
        if has_dates:
            period = step["period"]
            at = self._of_places(period, number, lambda n: phases(self.dates(n), period))[places]
        return np.array(step["means"])[at]
