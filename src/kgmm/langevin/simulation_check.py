"""What a Langevin model does when it runs: autocorrelations beside those of the data, from a short simulation."""

from __future__ import annotations

import logging
import math

import numpy as np
import xarray as xr

from kgmm.errors import ScientificFailure
from kgmm.langevin.dynamics import SimulationCheck
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.step_size import whole_steps
from kgmm.randomness import Seed
from kgmm.statistics.autocorrelation import HORIZONS, BlockedAutocorrelation
from kgmm.statistics.quantiles import quantile_errors

logger = logging.getLogger("kgmm")

_BURN_IN = 3.0
_LENGTH = 20.0
_LAGS_PER_TIME = 12.0
_MAX_STEPS = 100_000
# Members that the time step is tested with, for each that then runs: the test must not cost as much as the run.
_TESTED_PER_MEMBER = 4
_DENSITY_MEMBERS, _DENSITY_LENGTH, _DENSITY_STEPS = 4000, 4.0, 4000


def simulate_model(
    model: LangevinModel,
    start: np.ndarray,
    duration: float,
    interval: float,
    *,
    n_members: int = 512,
    max_steps: int | None = None,
    seed: Seed = 0,
) -> xr.DataArray:
    """A path of the model for a comparison of autocorrelations.

    Parameters
    ----------
    model : LangevinModel
    start : ndarray of shape (n, n_features)
        States of the data, from which members start and the time step is chosen.
    duration : float
        The slowest decorrelation time: the path is 20 of them long, after three that are not recorded.
    interval : float
        Between saved states, about.
    n_members : int
    max_steps : int, optional
        Default: 100 000.
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    xarray.DataArray
        Dimensions ``(member, time, variable)``; attributes ``dt``, ``n_steps`` and ``members_reset``.

    Raises
    ------
    ScientificFailure
        If no time step is short enough, or the run would take more steps than that.
    """
    save_every, n_steps = time_steps(model, start, duration, interval, n_members=n_members, seed=seed)
    dt = interval / save_every
    if n_steps > (_MAX_STEPS if max_steps is None else max_steps):
        raise ScientificFailure(
            f"the model needs a time step of {dt:.2g}: {n_steps} steps for {_LENGTH:g} decorrelation times of the data"
        )
    rows = np.linspace(0, len(start) - 1, n_members).round().astype(int)
    burn_in = save_every * math.ceil(_BURN_IN * duration / interval) * dt
    ensemble = model.ensemble(start[rows], dt=dt, seed=seed)
    ensemble.advance(round(burn_in / dt))
    values = np.concatenate(list(ensemble.record(n_steps // save_every, save_every)), axis=1)
    times = interval * np.arange(1, values.shape[1] + 1)
    attributes = {"dt": dt, "n_steps": n_steps, "members_reset": ensemble.members_reset}
    return xr.DataArray(values, dims=("member", "time", "variable"), coords={"time": times}, attrs=attributes)


def time_steps(
    model: LangevinModel, start: np.ndarray, duration: float, interval: float, *, n_members: int = 512, seed: Seed = 0
) -> tuple[int, int]:
    """Steps in an interval and in the whole run of :func:`simulate_model`, whose arguments these are.

    Raises
    ------
    ScientificFailure
        If no time step is short enough.
    """
    # The norm of a matrix with hidden variables is no rate of the model: an oscillation is far from normal.
    longest = interval if model.hidden is not None else min(interval, 0.1 / model.fastest_rate)
    step = model.choose_step(start, longest=longest, n_tested=_TESTED_PER_MEMBER * n_members, seed=seed)
    save_every = round(interval / whole_steps(interval, step.dt))
    return save_every, save_every * math.ceil(_LENGTH * duration / interval)


def check_density(model: LangevinModel, start: np.ndarray, *, seed: Seed = 0) -> np.ndarray:
    """Quantile errors of a model that starts from the data and runs for four of its own relaxation times.

    Where the time step is so short that this takes more than 4000 steps, it runs for these.

    Parameters
    ----------
    model : LangevinModel
    start : ndarray of shape (n, n_features)
        States of the data, physical units.
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    ndarray of shape (n_features,)
        See :func:`kgmm.statistics.quantiles.quantile_errors`.

    Raises
    ------
    ScientificFailure
        If no time step is short enough.
    """
    rows = np.linspace(0, len(start) - 1, min(len(start), _DENSITY_MEMBERS)).round().astype(int)
    dt = model.choose_step(start, seed=seed).dt
    n_steps = min(_DENSITY_STEPS, math.ceil(_DENSITY_LENGTH / model.fastest_rate / dt))
    ensemble = model.ensemble(start[rows], dt=dt, seed=seed)
    ensemble.advance(n_steps)
    last = np.concatenate(list(ensemble.record(1, 1)), axis=1)
    return quantile_errors(start[None], last)


def check_by_simulation(
    model: LangevinModel, data: BlockedAutocorrelation, start: np.ndarray, *, seed: Seed = 0
) -> SimulationCheck:
    """Runs the model and compares its autocorrelations and quantiles with those of data.

    Parameters
    ----------
    model : LangevinModel
    data : BlockedAutocorrelation
        Of a path that decorrelates; its lags reach five decorrelation times of every variable.
    start : ndarray of shape (n, n_features)
        States of the data in the order of time, physical units.

    Raises
    ------
    ScientificFailure
        See :func:`simulate_model`.
    """
    times = data.decorrelation_times
    interval = max(data.interval, float(times.min()) / _LAGS_PER_TIME)
    interval = data.interval * max(1, round(interval / data.interval))
    path = simulate_model(model, start, float(times.max()), interval, seed=seed)
    longest = HORIZONS[-1] * 1.2 * float(times.max())
    rho = BlockedAutocorrelation.of(path.values.astype(float), interval, longest)
    return SimulationCheck(
        errors=autocorrelation_errors(data, rho),
        decorrelation_times=rho.decorrelation_times,
        data_decorrelation_times=times,
        quantile_errors=quantile_errors(start[None], path.values),
        dt=path.attrs["dt"],
        members_reset=path.attrs["members_reset"],
        n_members=path.sizes["member"],
    )


def autocorrelation_errors(data: BlockedAutocorrelation, model: BlockedAutocorrelation) -> np.ndarray:
    """Root mean square differences over one and five decorrelation times of each variable, ``(2, n_features)``."""
    errors = np.empty((len(HORIZONS), len(data.decorrelation_times)))
    at = model.at(data.lags)
    for h, horizon in enumerate(HORIZONS):
        for k, time in enumerate(data.decorrelation_times):
            lags = (data.lags > 0) & (data.lags <= horizon * time * (1 + 1e-9)) & np.isfinite(at[:, k])
            errors[h, k] = np.sqrt(np.mean((data.rho[lags, k] - at[lags, k]) ** 2))
    return errors
