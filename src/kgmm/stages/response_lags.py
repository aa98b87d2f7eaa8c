"""The lags at which the responses of a path are compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.errors import ScientificFailure
from kgmm.statistics.autocorrelation import BlockedAutocorrelation

_MIN_LAGS = 5


class Lags(NamedTuple):
    """``count`` lags after zero, every ``stride`` times of a path.

    ``decorrelation_time`` is that of the slowest variable.
    """

    interval: float
    stride: int
    count: int
    decorrelation_time: float

    @property
    def longest(self) -> float:
        """The longest lag."""
        return self.interval * self.count


def lags_of(path: xr.DataArray, settings: dict) -> Lags:
    """Lags up to the horizon of the section ``response``, in decorrelation times of the slowest variable.

    Raises
    ------
    ScientificFailure
        If the path is too short for its decorrelation time, or saved too sparsely for it.
    """
    step = time_step_of(path)
    time = float(np.max(BlockedAutocorrelation.of(path.values.astype(float), step).decorrelation_times))
    if not np.isfinite(time):
        raise ScientificFailure("the path is too short for its decorrelation time: no response is estimated")
    n_steps = round(settings["horizon"] * time / step)
    if n_steps < _MIN_LAGS:
        raise ScientificFailure(
            f"the path is saved every {step:g}: {settings['horizon']:g} decorrelation times of {time:.3g} hold "
            f"{n_steps} lags, {_MIN_LAGS} are needed"
        )
    stride = -(-n_steps // settings["n_lags"])
    return Lags(stride * step, stride, n_steps // stride, time)
