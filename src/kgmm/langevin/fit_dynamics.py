"""The mobility and the circulation of a Langevin model from a path: candidates, a simulation of each, a choice."""

from __future__ import annotations

import logging

import numpy as np
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.data.segments import states_of
from kgmm.errors import ScientificFailure
from kgmm.langevin.candidate_models import (
    FitData,
    circulation_model,
    constant_model,
    hidden_model,
    regressed_model,
    velocity_model,
)
from kgmm.langevin.dynamics import SimulationCheck
from kgmm.langevin.linear_inverse import fit_linear_inverse
from kgmm.langevin.mobility import SMOOTH_EXPONENT, short_lag_exponent
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.simulation_check import autocorrelation_errors, check_by_simulation
from kgmm.randomness import Seed
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.quantiles import wrong_quantiles

logger = logging.getLogger("kgmm")

_HELD_OUT = 0.2
_MIN_MEMBERS_TO_SPLIT = 10
_START_POINTS = 4000
# The circulation must lower the autocorrelation error by this much: the constant mobility is the simpler model.
_WORTH = 0.005
_LARGEST_ERROR = 0.1
# A constant mobility with an autocorrelation error up to this ends the search: it is about the noise of the check. A
# circulation that depends on the state is tried first where paths are smooth, since no constant mobility was near it
# there; it need not be better than the linear inverse model, which a constant mobility resembles, or than so many times
# what two parts of the data differ by.
_GOOD_ENOUGH, _FLOORS = 0.04, 1.5
_LARGEST_RESET_SHARE = 1e-3
# Of 1/e times of model and data, either way.
_LARGEST_TIME_RATIO = 1.5
_MODELS = {
    "constant": constant_model,
    "state": circulation_model,
    "velocity": velocity_model,
    "by regression": regressed_model,
    "hidden": hidden_model,
}


def fit_dynamics(
    path: xr.DataArray,
    score: ScoreModel,
    *,
    circulation: str = "auto",
    symmetries: tuple[np.ndarray, ...] = (),
    seed: Seed = 0,
) -> LangevinModel:
    """A Langevin model with the density of ``score`` and the time scales of ``path``.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``, equally spaced in time; of unequal members see
        :mod:`kgmm.data.segments`.
    score : ScoreModel
    circulation : str
        ``"constant"``: a constant mobility ``Φ`` with its antisymmetric part, see
        :func:`kgmm.langevin.constant.fit_constant_mobility`. ``"state"``: a diffusion ``D`` and an antisymmetric
        ``R(x)``, see :func:`kgmm.langevin.circulation_fit.fit_circulation`. ``"velocity"``: the mean velocity in the
        place of ``R s + ∇·R``, see :func:`kgmm.langevin.mean_velocity_fit.fit_mean_velocity`. ``"auto"``: the constant
        mobility if its simulated autocorrelations are within 0.04 of those of data that took no part; else the one
        that is nearer to them. Where paths are smooth (no noise at short lags) the circulation is tried first, and
        taken if they are within 0.1, 1.5 times what the two parts of the data differ by, or nearer than those of a
        linear inverse model. The mean velocity takes the place of ``R(x)`` where that explains clearly less of the
        velocities. Hidden variables, see :func:`kgmm.langevin.hidden_fit.fit_hidden`, are tried where no other model is
        within 0.1 and decays in the time of the data, within a factor of 1.5; ``"hidden"`` asks for them.
    symmetries : tuple of array_like, each of shape (n_features, n_features)
        Signed permutations under which the law of the path is invariant.
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    LangevinModel
        Its ``dynamics`` says what was chosen, and why.

    Raises
    ------
    ValueError
        If a symmetry is unusable.
    ScientificFailure
        If the path never decorrelates, or what is asked for cannot be estimated from it.
    """
    training, held_out = _parts(path)
    interval = time_step_of(path)
    data = BlockedAutocorrelation.of(training.values.astype(float), interval)
    if not np.isfinite(data.decorrelation_times).all():
        raise ScientificFailure("a variable of the path never decorrelates: the path is too short for its dynamics")
    start = states_of(training.values)
    start = start[np.linspace(0, len(start) - 1, min(len(start), _START_POINTS)).astype(int)].astype(float)
    check_data = _check_data(held_out, interval, data)
    # What the two parts of the data differ by: no model can be asked to be nearer to one of them.
    floor = float(np.nan_to_num(autocorrelation_errors(check_data, data)).max())
    largest = max(_LARGEST_ERROR, _FLOORS * floor)
    of_circulation = max(largest, _linear_error(training, data))

    fit = FitData(training, score, data, start, tuple(symmetries), seed)
    candidates, failures = [], []
    kinds = (circulation,)
    if circulation == "auto":
        kinds = ("by regression", "constant") if _is_smooth(training, data) else ("constant", "by regression")
        kinds = (*kinds, "hidden")
    for kind in kinds:
        if kind == "hidden" and any(_is_right(check, largest) for _, check in candidates):
            break  # no memory is needed
        try:
            model = _MODELS[kind](fit)
            check = check_by_simulation(model, check_data, start, seed=seed)
            candidates.append((model, check))
            logger.info("circulation %s: autocorrelation error %.3f", kind, check.worst)
            if _is_right(check, _GOOD_ENOUGH if kind == "constant" else of_circulation):
                break
        except ScientificFailure as failure:
            failures.append(f"{kind}: {failure}")
            logger.info("circulation %s is not possible: %s", kind, failure)
    if not candidates:
        raise ScientificFailure("; ".join(failures))
    return _chosen(candidates, failures, largest, [str(name) for name in path["variable"].values])


def _is_right(check: SimulationCheck, largest: float) -> bool:
    """Whether autocorrelations are within ``largest`` and none decays in another time than that of the data."""
    times = check.decorrelation_times / check.data_decorrelation_times
    return check.worst <= largest and bool((np.abs(np.log(times)) < np.log(_LARGEST_TIME_RATIO)).all())


def _chosen(
    candidates: list[tuple[LangevinModel, SimulationCheck]], failures: list[str], largest: float, names: list[str]
) -> LangevinModel:
    """The model of least autocorrelation error, with what was found in its ``dynamics``."""
    model, check = min(
        candidates, key=lambda one: one[1].worst - (_WORTH if one[0].dynamics.circulation == "constant" else 0.0)
    )
    others = [f"{m.dynamics.circulation} {c.worst:.3f}" for m, c in candidates if m is not model]
    reason = model.dynamics.reason
    if others:
        reason += (
            f"; its autocorrelation error over five decorrelation times is {check.worst:.3f} ({', '.join(others)})"
        )
    reason += "".join(f"; {failure}" for failure in failures)
    warnings = []
    if not check.worst <= largest:
        warnings.append(f"the autocorrelations of the model are off by {check.worst:.2f} over five decorrelation times")
    if check.members_reset > _LARGEST_RESET_SHARE * check.n_members:
        warnings.append(f"{check.members_reset} of {check.n_members} trajectories left the range of the data")
    warnings += wrong_quantiles(check.quantile_errors, names)
    for warning in warnings:
        logger.warning("%s", warning)
    regression = next((m.dynamics.regression for m, _ in candidates if m.dynamics.regression is not None), None)
    return model.with_dynamics(
        model.dynamics.replace(reason=reason, check=check, regression=regression, warnings=tuple(warnings))
    )


def _is_smooth(path: xr.DataArray, data: BlockedAutocorrelation) -> bool:
    """Whether no noise dominates the short lags of any variable, so that velocities exist."""
    n_lags = max(2, int(0.1 * data.decorrelation_times.min() / data.interval))
    return bool(short_lag_exponent(path.values.astype(float), n_lags).min() > SMOOTH_EXPONENT)


def _linear_error(path: xr.DataArray, data: BlockedAutocorrelation) -> float:
    """The autocorrelation error of the linear inverse model over five decorrelation times, without a simulation."""
    try:
        covariances = fit_linear_inverse(path, data.decorrelation_times).autocovariance(data.lags)
    except ScientificFailure:
        return 0.0
    rho = np.array([np.diag(covariance) for covariance in covariances]) / np.diag(covariances[0])
    return float(
        autocorrelation_errors(
            data, BlockedAutocorrelation(data.interval, rho, data.own, data.n_values, data.pairs)
        ).max()
    )


def _parts(path: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """The data of the estimates, and those of the check: the last members, or the end of every member."""
    if path.sizes["member"] >= _MIN_MEMBERS_TO_SPLIT:
        n_training = path.sizes["member"] - max(1, round(_HELD_OUT * path.sizes["member"]))
        return path[:n_training], path[n_training:]
    n_training = path.sizes["time"] - round(_HELD_OUT * path.sizes["time"])
    return path[:, :n_training], path[:, n_training:]


def _check_data(held_out: xr.DataArray, interval: float, training: BlockedAutocorrelation) -> BlockedAutocorrelation:
    """Autocorrelations of the held-out part; those of the training part where it is too short for them."""
    try:
        found = BlockedAutocorrelation.of(held_out.values.astype(float), interval)
    except ScientificFailure:
        return training
    long_enough = found.lags[-1] >= 5.0 * np.nanmax(training.decorrelation_times)
    return found if np.isfinite(found.decorrelation_times).all() and long_enough else training
