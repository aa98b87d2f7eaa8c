"""Hidden variables from the autocorrelations of a path: a linear start, corrected by a few simulations."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, eigh

from kgmm.errors import ScientificFailure
from kgmm.langevin import memory_kernel
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.simulation_check import simulate_model
from kgmm.randomness import Seed
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import HORIZONS, BlockedAutocorrelation
from kgmm.statistics.correlation import correlation

logger = logging.getLogger("kgmm")

_MODE_LAG = 0.2  # in units of the fastest decorrelation time: there modes are uncorrelated besides at lag zero
_MAX_LAGS = 101
_MAX_VARIABLES = 16
_SIMULATIONS = 4
_MEMBERS = 512
_LARGEST_STEP = 1.0  # of a logarithm
# Errors that count alike: of an autocorrelation, and of a 1/e time relative to it.
_ERROR, _TIME_ERROR, _MODE_ERROR = 0.02, 0.04, 0.06
_FIRST_PULL, _PULL = 0.05, 0.3


@dataclass(frozen=True)
class HiddenFit:
    """Hidden variables with what was found on the way.

    Attributes
    ----------
    hidden : HiddenVariables
    error : float
        Largest autocorrelation error over five decorrelation times in the simulation with them.
    errors : tuple of float
        The same in every simulation.
    """

    hidden: HiddenVariables
    error: float
    errors: tuple[float, ...]


@dataclass(frozen=True)
class _Modes:
    """Uncorrelated combinations ``y = W x`` of the standardised variables, at lag zero and at one other."""

    to_modes: np.ndarray
    from_modes: np.ndarray

    def matrix(self, logarithms: np.ndarray) -> np.ndarray:
        """``M`` of all variables from the rates of every mode."""
        d, n = len(self.to_modes), memory_kernel.N_HIDDEN
        matrix = np.zeros((d * (1 + n), d * (1 + n)))
        for mode, rates in enumerate(logarithms):
            at = np.r_[mode, d + n * mode + np.arange(n)]
            matrix[np.ix_(at, at)] = memory_kernel.mode_matrix(rates)
        # x = B y with the score s_y = Bᵀ s_x: hidden variables stay what they are.
        frame = np.eye(len(matrix))
        frame[:d, :d] = self.from_modes
        return frame @ matrix @ frame.T

    def shares(self) -> np.ndarray:
        """Of every mode in the variance of every variable, ``(n_variables, n_modes)``."""
        square = self.from_modes**2
        return square / square.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class _Target:
    """Autocorrelations to be met, ``(n_lags, n_variables)`` and ``(n_lags, n_modes)``."""

    interval: float
    variables: np.ndarray
    modes: np.ndarray
    times: np.ndarray

    def scaled(self, variables: np.ndarray, modes: np.ndarray) -> np.ndarray:
        """Differences ``(n_lags, n_variables, …)`` and ``(n_lags, n_modes, …)`` in units of what counts alike.

        One below the other: those of variables, of their 1/e times, and of modes.
        """
        root = len(variables) ** 0.5
        parts = variables / (root * _ERROR), self.at_times(variables), modes / (root * _MODE_ERROR)
        return np.concatenate([part.reshape(-1, *variables.shape[2:]) for part in parts])

    def residuals(self, variables: np.ndarray, modes: np.ndarray) -> np.ndarray:
        """Differences from the target, see :meth:`scaled`."""
        return self.scaled(variables - self.variables, modes - self.modes)

    def at_times(self, differences: np.ndarray) -> np.ndarray:
        """The shift of the 1/e times, in units of what counts, by differences ``(n_lags, n_variables, …)``."""
        lags = self.interval * np.arange(len(self.variables))
        slopes = np.gradient(self.variables, self.interval, axis=0)
        shifts = []
        for k, time in enumerate(self.times):
            at = int(np.argmin(np.abs(lags - time)))
            around = slice(max(0, at - 1), at + 2)
            slope = min(slopes[around, k].mean(), -0.1 / time)
            shifts.append(differences[around, k].mean(axis=0) / (slope * time * _TIME_ERROR))
        return np.array(shifts)

    def errors(self, variables: np.ndarray) -> np.ndarray:
        """Root mean square of the differences of every variable over five decorrelation times."""
        lags = self.interval * np.arange(len(self.variables))
        return np.array(
            [
                np.sqrt(np.mean((variables[1:, k] - self.variables[1:, k])[lags[1:] <= HORIZONS[-1] * time] ** 2))
                for k, time in enumerate(self.times)
            ]
        )


def fit_hidden(
    values: np.ndarray,
    interval: float,
    score: ScoreModel,
    data: BlockedAutocorrelation,
    start: np.ndarray,
    *,
    n_simulations: int = _SIMULATIONS,
    n_members: int = _MEMBERS,
    seed: Seed = 0,
) -> HiddenFit:
    """Fits ``p(x) N(v; 0, 1)`` with linear coupling to the autocorrelations over five decorrelation times.

    The combinations of the variables that are uncorrelated at lag zero and at a fifth of the fastest decorrelation time
    get four hidden variables each. Their eight rates are those of a Gaussian law with the autocorrelation of the data;
    the model with the score then runs, all runs on the same noise, and the rates are corrected by what is left, with
    the derivatives of the Gaussian law.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_times, n_features)
        Physical units, ``interval`` apart.
    score : ScoreModel
    data : BlockedAutocorrelation
        Of the values.
    start : ndarray of shape (n, n_features)
        States of the data.
    n_simulations, n_members : int
    seed : int or numpy.random.SeedSequence

    Raises
    ------
    ScientificFailure
        If the variables are linearly dependent or more than 16, or no model can be simulated.
    """
    d, times = values.shape[2], data.decorrelation_times
    if d > _MAX_VARIABLES:
        raise ScientificFailure(f"there are {d} variables: hidden ones are fitted for at most {_MAX_VARIABLES}")
    longest = HORIZONS[-1] * float(times.max())
    every = max(1, int(np.ceil(longest / interval / (_MAX_LAGS - 1))))
    spacing, n_lags = every * interval, min(_MAX_LAGS, int(longest / (every * interval)) + 1)
    if n_lags < 2 * memory_kernel.N_RATES:
        raise ScientificFailure(
            f"the path is saved every {interval:g}: five decorrelation times hold {n_lags} lags, too few for the rates "
            "of hidden variables"
        )
    modes = _modes(values, score, max(1, round(_MODE_LAG * float(times.min()) / interval)))
    target = _Target(spacing, *_correlations(values, score, modes, every, n_lags), times)
    first = np.array([_fit_from_nothing(rho, spacing) for rho in target.modes.T])
    rates, best, best_cost, errors, damping = first, None, np.inf, [], 1.0
    for number in range(n_simulations):
        try:
            hidden = HiddenVariables(modes.matrix(rates), d)
            model = LangevinModel(score, hidden=hidden, largest_reset_share=1.0)
            path = simulate_model(model, start, float(times.max()), spacing, n_members=n_members, seed=seed)
            found = _correlations(path.values, score, modes, 1, n_lags)
            residuals = target.residuals(*found)
        except ScientificFailure as failure:
            if best is None:
                raise
            logger.info("hidden variables, simulation %d: %s", number + 1, failure)
            residuals = np.array([np.inf])
        else:
            errors.append(float(target.errors(found[0]).max()))
            logger.info("hidden variables, simulation %d: autocorrelation error %.3f", number + 1, errors[-1])
        if residuals @ residuals < best_cost:
            best, best_cost = (hidden, errors[-1], rates, residuals), residuals @ residuals
        else:
            damping *= 0.5
        if number == 0:
            rates = rates + _rescaling(first, found[1], spacing)
        else:
            rates = best[2] + damping * _correction(*best[2:], target, modes)
    return HiddenFit(*best[:2], tuple(errors))


def _standardized(values: np.ndarray, score: ScoreModel) -> np.ndarray:
    return score.standardization.forward(values.reshape(-1, values.shape[2])).reshape(values.shape)


def _modes(values: np.ndarray, score: ScoreModel, lag: int) -> _Modes:
    z = _standardized(values, score)
    covariances = correlation(z, lag + 1)
    try:
        _, vectors = eigh(covariances[lag] + covariances[lag].T, covariances[0])
    except LinAlgError as error:
        raise ScientificFailure("the variables are linearly dependent: their modes are not defined") from error
    to_modes = vectors.T[::-1]
    return _Modes(to_modes, np.linalg.inv(to_modes))


def _correlations(
    values: np.ndarray, score: ScoreModel, modes: _Modes, every: int, n_lags: int
) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelations of variables and modes at every ``every``-th lag."""
    z = _standardized(values, score)
    found = []
    for series in (z, z @ modes.to_modes.T):
        columns = [correlation(series[:, :, [k]], every * (n_lags - 1) + 1)[::every, 0, 0] for k in range(z.shape[2])]
        found.append(np.stack([column / column[0] for column in columns], axis=1))
    return found[0], found[1]


def _fit_from_nothing(rho: np.ndarray, interval: float) -> np.ndarray:
    below = np.flatnonzero(rho < np.exp(-1.0))
    time = interval * (below[0] if len(below) else len(rho))
    return memory_kernel.fit_mode(rho, interval, memory_kernel.starts(time))


def _rescaling(first: np.ndarray, modes: np.ndarray, interval: float) -> np.ndarray:
    """What the rates lose, as factors, between the Gaussian law and the simulation: the clock above all."""
    seen = [
        memory_kernel.fit_mode(rho, interval, rates[None], _FIRST_PULL)
        for rates, rho in zip(first, modes.T, strict=True)
    ]
    return np.clip(first - np.array(seen), -1.5 * _LARGEST_STEP, 1.5 * _LARGEST_STEP)


def _correction(rates: np.ndarray, residuals: np.ndarray, target: _Target, modes: _Modes) -> np.ndarray:
    """A damped Gauss–Newton step of the logarithms of all rates, with the derivatives of the Gaussian law."""
    n_lags, d = target.modes.shape
    shares = modes.shares()
    columns = []
    for mode in range(d):
        slopes = memory_kernel.correlation_slopes(rates[mode], target.interval, n_lags)
        of_variables = slopes[:, None] * shares[:, mode, None]
        of_modes = np.zeros((n_lags, d, slopes.shape[1]))
        of_modes[:, mode] = slopes
        columns.append(target.scaled(of_variables, of_modes))
    jacobian = np.concatenate(columns, axis=1)
    normal = jacobian.T @ jacobian + _PULL * np.eye(jacobian.shape[1])
    step = -np.linalg.solve(normal, jacobian.T @ residuals).reshape(rates.shape)
    return step.clip(-_LARGEST_STEP, _LARGEST_STEP)
