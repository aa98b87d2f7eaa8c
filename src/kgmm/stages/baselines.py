"""The models that every climate scientist knows, on the same data and by the same statistics as the Langevin models."""

from __future__ import annotations

import logging
import math

import numpy as np
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.errors import ScientificFailure
from kgmm.langevin.kramers_moyal import KramersMoyalModel
from kgmm.langevin.linear_inverse import LinearInverseModel, fit_linear_inverse
from kgmm.results import KRAMERS_MOYAL, LINEAR_INVERSE
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.model_statistics import ModelSample, model_rows

logger = logging.getLogger("kgmm")

_MEMBERS, _SPARSE_TIMES = 2000, 20
_PATH_MEMBERS = 256
# In decorrelation times of the slowest variable.
_SPARSE_INTERVAL, _PATH_LENGTH = 2.0, 12.0
_MAX_STEPS = 4000
_BINS = {1: 40, 2: 30}


def baseline_rows(training: xr.DataArray, of_model: ModelSample, seed: np.random.SeedSequence) -> list[dict]:
    """Metrics of the linear inverse model and, of one or two variables, of the Kramers–Moyal estimate.

    Parameters
    ----------
    training : xarray.DataArray
        The dense path that both are fitted to, dimensions ``(member, time, variable)``.
    of_model : ModelSample
        The data that a Langevin model is compared with, beside its sample.
    seed : numpy.random.SeedSequence

    Returns
    -------
    Rows for the metrics, told apart by ``mobility``. A model that cannot be fitted has none.
    """
    times = BlockedAutocorrelation.of_path(training).decorrelation_times
    if not np.isfinite(times).all():
        return []
    samplers = {LINEAR_INVERSE: _sample_linear_inverse}
    if training.sizes["variable"] in _BINS:
        samplers[KRAMERS_MOYAL] = _sample_kramers_moyal
    rows = []
    for (name, sample), own_seed in zip(samplers.items(), seed.spawn(len(samplers))):
        try:
            samples, path = sample(training, times, own_seed)
        except (ScientificFailure, ValueError) as failure:
            logger.info("no %s: %s", name, failure)
            continue
        rows += [{**row, "mobility": name} for row in model_rows(of_model.of_baseline(samples, path), baseline=True)]
    return rows


def linear_inverse_curve(training: xr.DataArray, lags: np.ndarray) -> np.ndarray | None:
    """Autocorrelations of the linear inverse model, exactly, ``(n_lags, n_features)``; ``None`` if there is none."""
    times = BlockedAutocorrelation.of_path(training).decorrelation_times
    try:
        model = fit_linear_inverse(training, times)
    except ScientificFailure:
        return None
    variances = np.diag(model.covariance)
    return np.array([np.diag(c) / variances for c in model.autocovariance(lags)])


def _sample_linear_inverse(training: xr.DataArray, times: np.ndarray, seed) -> tuple[xr.DataArray, xr.DataArray]:
    model: LinearInverseModel = fit_linear_inverse(training, times)
    slowest = float(times.max())
    sparse, dense = seed.spawn(2)
    n_times, interval = _path_times(training, slowest)
    return (
        model.sample(_MEMBERS, _SPARSE_TIMES, _SPARSE_INTERVAL * slowest, seed=sparse),
        model.sample(_PATH_MEMBERS, n_times, interval, seed=dense),
    )


def _sample_kramers_moyal(training: xr.DataArray, times: np.ndarray, seed) -> tuple[xr.DataArray, xr.DataArray]:
    model = KramersMoyalModel.fit(training, _BINS[training.sizes["variable"]])
    dt = time_step_of(training)
    slowest = float(times.max())
    sparse, dense = seed.spawn(2)
    every = max(1, min(round(_SPARSE_INTERVAL * slowest / dt), _MAX_STEPS // _SPARSE_TIMES))
    n_times, interval = _path_times(training, slowest)
    return (
        model.sample(_MEMBERS, every * _SPARSE_TIMES, dt, save_every=every, seed=sparse),
        model.sample(_PATH_MEMBERS, n_times * round(interval / dt), dt, save_every=round(interval / dt), seed=dense),
    )


def _path_times(training: xr.DataArray, slowest: float) -> tuple[int, float]:
    """Number of states and interval of a dense path: that of the data, or a multiple where these would be too many."""
    dt = time_step_of(training)
    every = max(1, math.ceil(_PATH_LENGTH * slowest / dt / _MAX_STEPS))
    return max(100, round(_PATH_LENGTH * slowest / (every * dt))), every * dt
