"""A constant mobility, antisymmetric part and all: from the slope, or from one finite lag and a simulation."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import xarray as xr

from kgmm.errors import ScientificFailure
from kgmm.langevin.linear_inverse import fit_linear_inverse
from kgmm.langevin.mobility import MIN_LAGS, SMOOTH_EXPONENT, estimate_mobility, match_clock, short_lag_exponent
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.options import LONGEST_WINDOW
from kgmm.langevin.simulation_check import autocorrelation_errors, simulate_model
from kgmm.randomness import Seed
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import BlockedAutocorrelation

logger = logging.getLogger("kgmm")

_IDENTITY_TIMES = 20.0


@dataclass(frozen=True)
class ConstantMobility:
    """``Φ``, how it was estimated, and why in that way.

    Attributes
    ----------
    matrix, stderr : ndarray of shape (n_features, n_features)
        Physical units squared per time.
    method : str
        ``"slope"``, ``"linear inverse"`` or ``"matched"``.
    reason : str
    """

    matrix: np.ndarray
    stderr: np.ndarray
    method: str
    reason: str


def fit_constant_mobility(
    path: xr.DataArray, score: ScoreModel, data: BlockedAutocorrelation, start: np.ndarray, *, seed: Seed = 0
) -> ConstantMobility:
    """The best constant mobility for a path.

    The slope of the correlations at lag zero where noise dominates the short lags. Otherwise two models run once each,
    one with the mobility ``Φ = −log(C(τ) C(0)⁻¹) C(0)/τ`` of a linear inverse model at half the slowest decorrelation
    time, one with the identity; the clock of either is rescaled to that of the data, and the one whose autocorrelations
    are nearer those of the data over five decorrelation times is taken.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``; it may be saved rarely.
    score : ScoreModel
    data : BlockedAutocorrelation
        Of the path.
    start : ndarray of shape (n, n_features)
        States of the data.
    seed : int or numpy.random.SeedSequence
        Of both simulations.

    Raises
    ------
    ScientificFailure
        If neither model can be simulated, or no rescaling brings its autocorrelations near those of the data.
    """
    values, times = path.values.astype(float), data.decorrelation_times
    n_lags = max(MIN_LAGS, int(0.1 * times.min() / data.interval))
    exponent = float(short_lag_exponent(values, max(2, int(0.1 * times.min() / data.interval))).max())
    if exponent < SMOOTH_EXPONENT and n_lags * data.interval <= LONGEST_WINDOW * times.min():
        mobility = estimate_mobility(path, method="slope")
        reason = f"noise dominates the short lags (exponent {exponent:.2f})"
        return ConstantMobility(mobility.matrix, mobility.stderr, "slope", reason)
    scale = score.standardization.scale
    found, failures = [], []
    starts = {"matched": np.diag(scale**2)}
    try:
        starts = {"linear inverse": fit_linear_inverse(path, times).mobility} | starts
    except ScientificFailure as failure:
        failures.append(f"linear inverse: {failure}")
    for method, matrix in starts.items():
        try:
            found.append((*_rescaled(matrix, method, score, data, start, seed), method))
        except ScientificFailure as failure:
            failures.append(f"{method}: {failure}")
    if not found:
        raise ScientificFailure("no constant mobility: " + "; ".join(failures))
    error, matrix, stderr, method = min(found, key=lambda one: one[0])
    others = [f"{name} {value:.3f}" for value, *_, name in found if name != method]
    reason = f"it leaves the least autocorrelation error, {error:.3f}" + "".join(f" ({other})" for other in others)
    reason += "".join(f"; {failure}" for failure in failures)
    return ConstantMobility(matrix, stderr, method, reason)


def _rescaled(
    matrix: np.ndarray, method: str, score: ScoreModel, data: BlockedAutocorrelation, start: np.ndarray, seed: Seed
) -> tuple[float, np.ndarray, np.ndarray]:
    """The error that the best clock leaves, and the mobility with that clock."""
    model = LangevinModel(score, matrix, largest_reset_share=1.0)
    if method == "matched":
        duration, interval = _IDENTITY_TIMES, 0.1 / model.fastest_rate
    else:
        duration, interval = 2.0 * float(data.decorrelation_times.max()), data.interval
    path = simulate_model(model, start, duration, interval, seed=seed)
    rho = BlockedAutocorrelation.of(path.values.astype(float), interval)
    clock, _ = match_clock(data, rho)
    rescaled = BlockedAutocorrelation(interval / clock.value, rho.rho, rho.own, rho.n_values)
    error = float(autocorrelation_errors(data, rescaled)[1].max())
    return error, clock.value * matrix, np.abs(matrix) * clock.stderr
