"""What no reversible model can do: a bound on its autocorrelations, without a simulation."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from kgmm.data.blocks import Estimate, jackknife_variance
from kgmm.statistics.autocorrelation import BlockedAutocorrelation

_RATES = 60
_MAX_LAGS = 100


def reversible_bound(data: BlockedAutocorrelation, horizon: float = 5.0) -> list[Estimate]:
    """The least autocorrelation error that any reversible model can have, for each variable.

    With a constant symmetric mobility every autocorrelation is a sum of decaying exponentials with weights that are not
    negative. The nearest such sum, by non-negative least squares over 60 rates, bounds the error from below.

    Parameters
    ----------
    data : BlockedAutocorrelation
    horizon : float
        Decorrelation times of the variable over which the error is taken.

    Returns
    -------
    list of Estimate
        Root mean square errors with standard errors from leaving out blocks; NaN where a variable does not decorrelate.

    Examples
    --------
    >>> lags = 0.02 * np.arange(500)
    >>> rho = np.stack([np.exp(-lags), np.exp(-0.3 * lags) * np.cos(2 * lags)], axis=1)
    >>> [round(bound.value, 2) for bound in reversible_bound(BlockedAutocorrelation(0.02, rho, rho[None], 1000))]
    [0.0, 0.38]
    """
    bounds = []
    for k, time in enumerate(data.decorrelation_times):
        if not np.isfinite(time):
            bounds.append(Estimate(np.nan, np.nan))
            continue
        used = np.flatnonzero(data.lags <= horizon * time * (1 + 1e-9))
        used = used[:: -(-used.size // _MAX_LAGS)]
        rates = np.concatenate([[0.0], np.geomspace(0.02 / time, 50.0 / data.interval, _RATES)])
        exponentials = np.exp(-data.lags[used][:, None] * rates)
        value = _distance(exponentials, data.rho[used, k])
        without = [_distance(exponentials, rho[used, k]) for rho in data.without_block()] if len(data.own) > 1 else []
        bounds.append(Estimate(value, jackknife_variance(without) ** 0.5 if without else np.nan))
    return bounds


def _distance(exponentials: np.ndarray, target: np.ndarray) -> float:
    """Root mean square distance of an autocorrelation from the sums of the columns with non-negative weights."""
    # A heavy first row pins the value 1 at lag zero.
    weight = np.ones(len(target))
    weight[0] = 100.0
    fit = exponentials @ nnls(weight[:, None] * exponentials, weight * target)[0]
    return float(np.sqrt(np.mean((fit - target)[1:] ** 2)))
