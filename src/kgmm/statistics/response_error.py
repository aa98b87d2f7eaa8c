"""How far a step response is from the true one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

# A response whose truth has a larger error than this share of it is not judged.
_LARGEST_TRUTH_ERROR = 0.2


class ResponseError(NamedTuple):
    """Relative root mean square difference of two step responses, all variables and lags together.

    ``stderr`` is the share of it that the standard errors of the estimate explain, ``floor`` that of the truth; the
    value is NaN where the truth is not resolved.
    """

    value: float
    stderr: float
    floor: float


def response_error(
    step: xr.DataArray, stderr: xr.DataArray, truth: xr.DataArray, truth_stderr: xr.DataArray, units: np.ndarray
) -> ResponseError:
    """The error of the step response of one observable, ``(variable, lag)``, with ``units`` ``(variable,)`` for each.

    Examples
    --------
    >>> truth = xr.DataArray([[0.0, 1.0, 2.0]], dims=("variable", "lag"))
    >>> response_error(1.1 * truth, 0.0 * truth, truth, 0.0 * truth, np.ones(1)).value.round(6).item()
    0.1
    """

    def size(values: xr.DataArray) -> float:
        return float(np.sqrt(np.square(values.values / units[:, None]).mean()))

    norm = size(truth)
    if norm == 0 or size(truth_stderr) > _LARGEST_TRUTH_ERROR * norm:
        return ResponseError(np.nan, np.nan, size(truth_stderr) / norm if norm else np.nan)
    value = np.float64(size(step.copy(data=step.values - truth.values)))
    return ResponseError(value / norm, size(stderr) / norm, size(truth_stderr) / norm)
