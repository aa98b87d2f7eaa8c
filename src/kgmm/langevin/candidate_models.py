"""The models among which a fit of the dynamics chooses: one function for each kind of circulation."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from kgmm.data.blocks import Estimate
from kgmm.data.segments import states_of
from kgmm.errors import ScientificFailure
from kgmm.langevin.circulation_fit import CirculationFit, fit_circulation
from kgmm.langevin.constant import fit_constant_mobility
from kgmm.langevin.diffusion import resolves_noise, simulated_diffusion
from kgmm.langevin.dynamics import Dynamics
from kgmm.langevin.hidden_fit import fit_hidden
from kgmm.langevin.mean_velocity_fit import fit_mean_velocity
from kgmm.langevin.mobility import refuse_indefinite
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.symmetries import generated_group, symmetrized
from kgmm.langevin.velocities import difference_diffusion
from kgmm.randomness import Seed, torch_generator
from kgmm.score.gradient_score import project_to_gradient, rotation_share
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import BlockedAutocorrelation

logger = logging.getLogger("kgmm")

# Velocities over three saved steps need steps far below the fastest time of the data.
_LONGEST_INTERVAL = 0.2
_SIGNIFICANT = 2.0
# A score whose Jacobian has a larger antisymmetric share is replaced by the nearest gradient: 4 % of it cost lorenz63
# .06 of total variation in every joint density.
_LARGEST_ROTATION = 0.005
# Share of the mean square velocity that the mean velocity must explain beyond a circulation R(x): that keeps the
# density whatever its errors.
_MORE_EXPLAINED = 0.05


@dataclass(frozen=True)
class FitData:
    """What a model is fitted to.

    Attributes
    ----------
    path : xarray.DataArray
        The part of the path that estimates see, ``(member, time, variable)``.
    score : ScoreModel
    correlations : BlockedAutocorrelation
        Of the path.
    start : ndarray of shape (n, n_features)
        States of it, from which simulations start.
    symmetries : tuple of ndarray
        Signed permutations under which the law is invariant.
    seed : int or numpy.random.SeedSequence
    """

    path: xr.DataArray
    score: ScoreModel
    correlations: BlockedAutocorrelation
    start: np.ndarray
    symmetries: tuple[np.ndarray, ...]
    seed: Seed

    @property
    def values(self) -> np.ndarray:
        """States of the path, ``(n_members, n_times, n_features)``."""
        return self.path.values.astype(float)


def constant_model(fit: FitData) -> LangevinModel:
    """The model with the best constant mobility, see :func:`kgmm.langevin.constant.fit_constant_mobility`."""
    found = fit_constant_mobility(fit.path, fit.score, fit.correlations, fit.start, seed=fit.seed)
    diffusion = 0.5 * (found.matrix + found.matrix.T)
    stderr = found.stderr if found.method == "slope" else np.full_like(found.matrix, np.nan)
    dynamics = Dynamics("constant", found.method, found.reason, diffusion, stderr, found.method)
    return LangevinModel(fit.score, found.matrix, dynamics=dynamics)


def regressed_model(fit: FitData) -> LangevinModel:
    """The model with an antisymmetric ``R(x)`` or, where that explains clearly less of the velocities, their mean.

    Raises
    ------
    ScientificFailure
        If the path has no velocities, or the state explains no more of them than a constant circulation.
    """
    score, circulation = _circulation(fit)
    velocity = _velocity(fit)
    if velocity.gain.value > circulation.gain.value + _MORE_EXPLAINED:
        model = _with_diffusion(fit, fit.score, velocity, "velocity")
        reason = f"{model.dynamics.reason}, an antisymmetric R(x) by {circulation.gain.value:.3f}"
        return model.with_dynamics(model.dynamics.replace(reason=reason))
    _refuse_without_gain(circulation.gain_over_constant, " that depends on the state")
    return _with_diffusion(fit, score, circulation, "state")


def circulation_model(fit: FitData) -> LangevinModel:
    """The model with an antisymmetric ``R(x)``.

    Raises
    ------
    ScientificFailure
        If the path has no velocities, or none that a circulation explains.
    """
    score, regression = _circulation(fit)
    _refuse_without_gain(regression.gain)
    return _with_diffusion(fit, score, regression, "state")


def velocity_model(fit: FitData) -> LangevinModel:
    """The model whose circulation is the mean velocity at the state, ``dX = [D s + v] dt + √2 D^½ dW``.

    Raises
    ------
    ScientificFailure
        If the path has no velocities, or none that the state explains.
    """
    regression = _velocity(fit)
    _refuse_without_gain(regression.gain)
    return _with_diffusion(fit, fit.score, regression, "velocity")


def hidden_model(fit: FitData) -> LangevinModel:
    """The model with hidden variables, see :func:`kgmm.langevin.hidden_fit.fit_hidden`."""
    found = fit_hidden(
        fit.values, fit.correlations.interval, fit.score, fit.correlations, fit.start, symmetries=fit.symmetries,
        seed=fit.seed,
    )  # fmt: skip
    scale = fit.score.standardization.scale
    diffusion = 0.5 * (found.hidden.mobility + found.hidden.mobility.T) * np.outer(scale, scale)
    reason = (
        f"{found.hidden.n_hidden} hidden variables lower the autocorrelation error on the data of the fit from "
        f"{found.errors[0]:.3f}, with rates of a Gaussian law, to {found.error:.3f} ± {found.stderr:.3f} on "
        "another noise"
    )
    nothing = np.full_like(diffusion, np.nan)
    dynamics = Dynamics("hidden", "autocorrelations", reason, diffusion, nothing, "autocorrelations")
    return LangevinModel(fit.score, hidden=found.hidden, dynamics=dynamics)


def _circulation(fit: FitData) -> tuple[ScoreModel, CirculationFit]:
    """``R(x)`` with the score, a gradient, that it needs."""
    _refuse_without_velocities(fit)
    rotation = rotation_share(fit.score, fit.start)
    score = fit.score
    if rotation > _LARGEST_ROTATION:
        logger.info("the antisymmetric share of the score's Jacobian is %.3f: the nearest gradient is taken", rotation)
        score = project_to_gradient(score, states_of(fit.path.values), random_state=fit.seed)
    return score, _regression(fit_circulation, fit, score)


def _velocity(fit: FitData) -> CirculationFit:
    _refuse_without_velocities(fit)
    return _regression(fit_mean_velocity, fit, fit.score)


def _regression(regress: Callable[..., CirculationFit], fit: FitData, score: ScoreModel) -> CirculationFit:
    seed = torch_generator(fit.seed, "cpu").initial_seed() % 2**32
    try:
        return regress(fit.values, fit.correlations.interval, score, symmetries=fit.symmetries, seed=seed)
    except ValueError as error:
        raise ScientificFailure(str(error)) from error


def _refuse_without_gain(gain: Estimate, which: str = "") -> None:
    if not gain.value > _SIGNIFICANT * gain.stderr:
        raise ScientificFailure(
            f"no circulation{which} lowers the held-out error of the velocities: the gain is {gain.value:.4f} ± "
            f"{gain.stderr:.4f}"
        )


def _refuse_without_velocities(fit: FitData) -> None:
    if fit.path.sizes["variable"] < 2:
        raise ScientificFailure("one variable has no circulation")
    fastest = float(fit.correlations.decorrelation_times.min())
    if fit.correlations.interval > _LONGEST_INTERVAL * fastest:
        raise ScientificFailure(
            f"the path is saved every {fit.correlations.interval:g}, too rarely for velocities: the fastest "
            f"decorrelation time is {fastest:.3g}, and {_LONGEST_INTERVAL:g} of it is needed"
        )


def _with_diffusion(fit: FitData, score: ScoreModel, regression: CirculationFit, circulation: str) -> LangevinModel:
    values, interval = fit.values, fit.correlations.interval
    diffusion, stderr = difference_diffusion(values, interval)
    diffusion = symmetrized(diffusion, generated_group(list(fit.symmetries), values.shape[2]))
    method = "quadratic variation"
    if not resolves_noise(diffusion, values, interval):
        diffusion = simulated_diffusion(score, regression, fit.correlations, fit.start, fit.seed)
        method, stderr = "simulation", np.full_like(diffusion, np.nan)
    refuse_indefinite(diffusion)
    reason = (
        f"{regression.basis} lower the held-out error of the velocities by {regression.gain.value:.3f} of their square"
    )
    dynamics = Dynamics(circulation, "regression", reason, diffusion, stderr, method, regression)
    return LangevinModel(score, diffusion, regression.circulation, dynamics=dynamics)
