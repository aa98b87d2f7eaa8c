"""The mobility and the circulation of a Langevin model from a path: candidates, a simulation of each, a choice."""

from __future__ import annotations

import logging

import numpy as np
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.data.segments import every, states_of
from kgmm.errors import ScientificFailure
from kgmm.langevin.circulation_fit import CirculationFit, fit_circulation
from kgmm.langevin.constant import SMOOTH_EXPONENT, fit_constant_mobility
from kgmm.langevin.dynamics import Dynamics, SimulationCheck
from kgmm.langevin.linear_inverse import fit_linear_inverse
from kgmm.langevin.mobility import refuse_indefinite, short_lag_exponent
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.simulation_check import autocorrelation_errors, check_by_simulation, simulate_model
from kgmm.langevin.symmetries import generated_group, symmetrized
from kgmm.langevin.velocities import difference_diffusion
from kgmm.randomness import Seed, torch_generator
from kgmm.score.gradient_score import project_to_gradient, rotation_share
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.quantiles import wrong_quantiles

logger = logging.getLogger("kgmm")

_HELD_OUT = 0.2
_MIN_MEMBERS_TO_SPLIT = 10
_START_POINTS = 4000
# Velocities over three saved steps need steps far below the fastest time of the data.
_LONGEST_INTERVAL = 0.2
_SIGNIFICANT = 2.0
# A score whose Jacobian has a larger antisymmetric share is replaced by the nearest gradient: 4 % of it cost lorenz63
# .06 of total variation in every joint density.
_LARGEST_ROTATION = 0.005
# The path resolves the noise if twice its interval gives the same diffusion within this share.
_RESOLVED = 0.15
# Diffusions, in units of the rate of the circulation, that are simulated where the path does not resolve it.
_DIFFUSION_SHARES = (0.003, 0.01, 0.03, 0.1, 0.3)
_POINTS_OF_PARABOLA = 4
_SEARCH_MEMBERS = 128
_WORSE = 1.25
# The circulation must lower the autocorrelation error by this much: the constant mobility is the simpler model.
_WORTH = 0.005
_LARGEST_ERROR = 0.1
# A constant mobility with an autocorrelation error up to this ends the search: it is about the noise of the check. A
# circulation that depends on the state is tried first where paths are smooth, since no constant mobility was near it
# there; it need not be better than the linear inverse model, which a constant mobility resembles, or than so many times
# what two parts of the data differ by.
_GOOD_ENOUGH, _FLOORS = 0.04, 1.5
_LARGEST_RESET_SHARE = 1e-3


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
        ``R(x)``, see :func:`kgmm.langevin.circulation_fit.fit_circulation`. ``"auto"``: the constant
        mobility if its simulated autocorrelations are within 0.04 of those of data that took no part; else the one
        that is nearer to them. Where paths are smooth (no noise at short lags) the circulation is tried first, and
        taken if they are within 0.1, 1.5 times what the two parts of the data differ by, or nearer than those of a
        linear inverse model.
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
    good_enough = {"constant": _GOOD_ENOUGH, "state": max(largest, _linear_error(training, data))}

    candidates, failures = [], []
    builders = {
        "state": lambda: _state_dependent(training, score, data, start, symmetries, seed, circulation == "auto"),
        "constant": lambda: _constant(training, score, data, start, seed),
    }
    kinds = (circulation,)
    if circulation == "auto":
        kinds = ("state", "constant") if _is_smooth(training, data) else ("constant", "state")
    for kind in kinds:
        try:
            model = builders[kind]()
            check = check_by_simulation(model, check_data, start, seed=seed)
            candidates.append((model, check))
            logger.info("circulation %s: autocorrelation error %.3f", kind, check.worst)
            if check.worst <= good_enough[kind]:
                break
        except ScientificFailure as failure:
            failures.append(f"{kind}: {failure}")
            logger.info("circulation %s is not possible: %s", kind, failure)
    if not candidates:
        raise ScientificFailure("; ".join(failures))
    return _chosen(candidates, failures, largest, [str(name) for name in path["variable"].values])


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
        reason += f"; its autocorrelation error over five decorrelation times is {check.worst:.3f} ({others[0]})"
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


def _constant(training, score: ScoreModel, data: BlockedAutocorrelation, start: np.ndarray, seed: Seed):
    found = fit_constant_mobility(training, score, data, start, seed=seed)
    diffusion = 0.5 * (found.matrix + found.matrix.T)
    stderr = found.stderr if found.method == "slope" else np.full_like(found.matrix, np.nan)
    dynamics = Dynamics("constant", found.method, found.reason, diffusion, stderr, found.method)
    return LangevinModel(score, found.matrix, dynamics=dynamics)


def _state_dependent(
    training: xr.DataArray,
    score: ScoreModel,
    data: BlockedAutocorrelation,
    start: np.ndarray,
    symmetries: tuple[np.ndarray, ...],
    seed: Seed,
    or_constant: bool,
) -> LangevinModel:
    if training.sizes["variable"] < 2:
        raise ScientificFailure("one variable has no circulation")
    fastest = float(data.decorrelation_times.min())
    if data.interval > _LONGEST_INTERVAL * fastest:
        raise ScientificFailure(
            f"the path is saved every {data.interval:g}, too rarely for velocities: the fastest decorrelation time is "
            f"{fastest:.3g}, and {_LONGEST_INTERVAL:g} of it is needed"
        )
    rotation = rotation_share(score, start)
    if rotation > _LARGEST_ROTATION:
        logger.info("the antisymmetric share of the score's Jacobian is %.3f: the nearest gradient is taken", rotation)
        samples = states_of(training.values)
        score = project_to_gradient(score, samples, random_state=seed)
    values = training.values.astype(float)
    try:
        regression = fit_circulation(
            values, data.interval, score, symmetries=symmetries,
            seed=torch_generator(seed, "cpu").initial_seed() % 2**32,
        )  # fmt: skip
    except ValueError as error:
        raise ScientificFailure(str(error)) from error
    gain = regression.gain_over_constant if or_constant else regression.gain
    if not gain.value > _SIGNIFICANT * gain.stderr:
        raise ScientificFailure(
            f"no circulation{' that depends on the state' if or_constant else ''} lowers the held-out error of the "
            f"velocities: the gain is {gain.value:.4f} ± {gain.stderr:.4f}"
        )
    group = generated_group(list(symmetries), values.shape[2])
    diffusion, stderr = difference_diffusion(values, data.interval)
    diffusion = symmetrized(diffusion, group)
    method = "quadratic variation"
    if not _resolved(diffusion, values, data.interval):
        diffusion, method = _simulated_diffusion(score, regression, data, start, seed), "simulation"
        stderr = np.full_like(diffusion, np.nan)
    refuse_indefinite(diffusion)
    reason = (
        f"{regression.basis} lower the held-out error of the velocities by {regression.gain.value:.3f} of their square"
    )
    dynamics = Dynamics("state", "regression", reason, diffusion, stderr, method, regression)
    return LangevinModel(score, diffusion, regression.circulation, dynamics=dynamics)


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


def _resolved(diffusion: np.ndarray, values: np.ndarray, interval: float) -> bool:
    """Whether twice the interval gives the same diffusion: otherwise differences hold velocities, not noise."""
    if np.linalg.eigvalsh(diffusion)[0] <= 0:
        return False
    twice, _ = difference_diffusion(every(values, 2), 2 * interval)
    root = np.sqrt(np.diag(diffusion))
    return bool(np.abs((twice - diffusion) / np.outer(root, root)).max() < _RESOLVED)


def _simulated_diffusion(
    score: ScoreModel, regression: CirculationFit, data: BlockedAutocorrelation, start: np.ndarray, seed: Seed
) -> np.ndarray:
    """The multiple of the identity, standardised, whose autocorrelations are nearest those of the data."""
    identity = np.diag(score.standardization.scale**2)
    times, rate = data.decorrelation_times, regression.circulation.rate
    errors, failures = {}, []

    def simulate(share: float) -> None:
        diffusion = share * rate * identity
        model = LangevinModel(score, diffusion, regression.circulation, largest_reset_share=1.0)
        try:
            path = simulate_model(model, start, float(times.max()), data.interval, n_members=_SEARCH_MEMBERS, seed=seed)
            rho = BlockedAutocorrelation.of(path.values.astype(float), data.interval, 6.0 * float(times.max()))
        except ScientificFailure as failure:
            failures.append(str(failure))
            return
        # Over one decorrelation time and over five: either alone can be right by chance.
        error = float(autocorrelation_errors(data, rho).max())
        logger.info("diffusion %.3g of the circulation's rate: autocorrelation error %.3f", share, error)
        if np.isfinite(error):
            errors[share] = error

    for share in _DIFFUSION_SHARES:
        simulate(share)
        if share in errors and errors[share] > _WORSE * min(errors.values()):
            break  # more diffusion takes shorter steps, and the best is behind
    if not errors:
        raise ScientificFailure(f"no diffusion gives a model that can be simulated: {'; '.join(failures)}")
    return _lowest_of_parabola(errors) * rate * identity


def _lowest_of_parabola(errors: dict[float, float]) -> float:
    """Where a parabola through the errors against the logarithm of the share is lowest.

    The simulations are short: the single lowest of their errors is low by chance.
    """
    lowest = min(errors, key=errors.get)
    if len(errors) < _POINTS_OF_PARABOLA:
        return lowest
    logarithms = np.log(list(errors))
    second, first, _ = np.polyfit(logarithms, list(errors.values()), 2)
    if second <= 0:
        return lowest
    return float(np.exp(np.clip(-first / (2 * second), logarithms.min(), logarithms.max())))


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
