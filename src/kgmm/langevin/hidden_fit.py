"""Hidden variables from the autocorrelations of a path: a linear start, corrected by a few simulations."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.langevin import memory_kernel
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.hidden_modes import Modes, Target, correlations
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.simulation_check import simulate_model
from kgmm.randomness import Seed
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import HORIZONS, BlockedAutocorrelation
from kgmm.statistics.correlation import decorrelation_time

logger = logging.getLogger("kgmm")

_MODE_LAG = 0.2  # in units of the fastest decorrelation time: there modes are uncorrelated besides at lag zero
_MAX_LAGS = 101
_MAX_VARIABLES = 16
_SIMULATIONS = 6
_MEMBERS = 512
# The later half of the simulations has more members, as far as their steps are few: where the autocorrelation is nearly
# level at 1/e, its time needs small errors.
_MORE_MEMBERS, _MEMBER_STEPS = 4, 1e7
# Corrections that make the model stiffer than that are refused before they are simulated.
_MAX_STEPS, _MORE_STEPS = 20_000, 2.0
_LARGEST_STEP = 1.0  # of a logarithm
_FIRST_PULL, _PULL = 0.05, 0.3
# Weight of the fastest rate across a mode, in units of the fastest decorrelation rate, beside errors of ρ.
_STIFFNESS = 0.01
_LEAST_STEP, _LEAST_DAMPING = 0.3, 0.2


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
class _Trial:
    """Rates, ``(n_modes, N_RATES)`` logarithms, and the result of the simulation with them."""

    rates: np.ndarray
    hidden: HiddenVariables
    modes: np.ndarray
    residuals: np.ndarray
    error: float
    n_steps: int

    @property
    def cost(self) -> float:
        return float(self.residuals @ self.residuals)


@dataclass(frozen=True)
class _Problem:
    """Residuals of simulations, all on the same noise, and their derivatives in a Gaussian law.

    ``stiffness`` is the weight, beside errors of the autocorrelation of a mode, of its mobility at once; ``limits`` are
    bounds of the rates, ``(n_modes, 2, N_RATES)``.
    """

    score: ScoreModel
    start: np.ndarray
    target: Target
    modes: Modes
    limits: np.ndarray
    stiffness: np.ndarray
    seed: Seed

    @classmethod
    def of(cls, score: ScoreModel, start: np.ndarray, target: Target, modes: Modes, seed: Seed) -> _Problem:
        stiffness = _STIFFNESS * float(target.times.min()) * modes.information(score, start)
        limits = np.array(
            [memory_kernel.limits(_time_of(rho, target.interval), target.interval) for rho in target.modes.T]
        )
        return cls(score, start, target, modes, limits, stiffness, seed)

    def linear_rates(self) -> np.ndarray:
        """Rates of a Gaussian law with the autocorrelations of the target."""
        interval = self.target.interval
        return np.array(
            [
                memory_kernel.fit_mode(
                    rho, interval, memory_kernel.starts(_time_of(rho, interval)), limits, stiffness=stiffness
                )
                for rho, limits, stiffness in zip(self.target.modes.T, self.limits, self.stiffness, strict=True)
            ]
        )

    def rescaled(self, first: np.ndarray, modes: np.ndarray) -> np.ndarray:
        """The rates divided by what they lose between the Gaussian law and the simulation: the clock above all."""
        seen = [
            memory_kernel.fit_mode(rho, self.target.interval, rates[None], limits, pull=_FIRST_PULL)
            for rates, rho, limits in zip(first, modes.T, self.limits, strict=True)
        ]
        return self.allowed(first + np.clip(first - np.array(seen), -1.5 * _LARGEST_STEP, 1.5 * _LARGEST_STEP))

    def allowed(self, rates: np.ndarray) -> np.ndarray:
        """The nearest rates within the limits."""
        return np.clip(rates, self.limits[:, 0], self.limits[:, 1])

    def simulate(self, rates: np.ndarray, n_members: int, max_steps: int | None = None) -> _Trial:
        target = self.target
        hidden = HiddenVariables(self.modes.matrix(rates), len(rates))
        path = simulate_model(
            LangevinModel(self.score, hidden=hidden, largest_reset_share=1.0), self.start, float(target.times.max()),
            target.interval, n_members=n_members, max_steps=max_steps, seed=self.seed,
        )  # fmt: skip
        variables, modes = correlations(path.values, self.score, self.modes, 1, len(target.variables))
        at_once = [memory_kernel.mobility_at_once(mode)[0] for mode in rates]
        residuals = np.r_[target.residuals(variables, modes), target.mode_weight * self.stiffness * at_once]
        return _Trial(rates, hidden, modes, residuals, float(target.errors(variables).max()), path.attrs["n_steps"])

    def jacobian(self, rates: np.ndarray) -> np.ndarray:
        """Derivatives of the residuals by all logarithms in a Gaussian law."""
        n_lags, d = self.target.modes.shape
        shares = self.modes.shares()
        columns = []
        for mode in range(d):
            slopes = memory_kernel.correlation_slopes(rates[mode], self.target.interval, n_lags)
            of_modes = np.zeros((n_lags, d, slopes.shape[1]))
            of_modes[:, mode] = slopes
            of_stiffness = np.zeros((d, slopes.shape[1]))
            of_stiffness[mode] = memory_kernel.mobility_at_once(rates[mode])[1]
            columns.append(
                np.concatenate(
                    [
                        self.target.scaled(slopes[:, None] * shares[:, mode, None], of_modes),
                        self.target.mode_weight * self.stiffness[:, None] * of_stiffness,
                    ]
                )
            )
        return np.concatenate(columns, axis=1)


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
    the model with the score then runs, all runs on the same noise, and the rates are corrected by what is left: once by
    factors, then by Gauss–Newton steps with the derivatives of the Gaussian law, which follow the simulations
    (Broyden 1965). No rate is faster than what the lags can show, and a mobility at once, which makes the model stiff
    where the density is thin, has a price.

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
        At most so many simulations; those of the later half have up to four times as many members.
    seed : int or numpy.random.SeedSequence

    Raises
    ------
    ScientificFailure
        If the variables are linearly dependent or more than 16, or no model can be simulated.
    """
    target, modes = _target(values, interval, score, data)
    problem = _Problem.of(score, start, target, modes, seed)
    best = problem.simulate(problem.linear_rates(), n_members)
    logger.info("hidden variables, rates of a Gaussian law: autocorrelation error %.3f", best.error)
    errors, rates = [best.error], problem.rescaled(best.rates, best.modes)
    max_steps = int(max(_MAX_STEPS, _MORE_STEPS * best.n_steps))
    few = (n_simulations + 1) // 2
    best, rates = _descend(problem, best, rates, n_members, few - 1, max_steps, errors)
    more = int(np.clip(_MEMBER_STEPS / best.n_steps, n_members, _MORE_MEMBERS * n_members))
    best, _ = _descend(problem, best, rates, more, n_simulations - few, max_steps, errors)
    return HiddenFit(best.hidden, best.error, tuple(errors))


def _descend(
    problem: _Problem, best: _Trial, rates: np.ndarray, n_members: int, n_trials: int, max_steps: int, errors: list
) -> tuple[_Trial, np.ndarray]:
    """The best of some trials with as many members, and the rates of the next; the first of them is ``rates``."""
    # The cost of a trial with other members is of another noise.
    comparable, damping, missing = False, 1.0, 0.0
    for _ in range(n_trials):
        try:
            trial = problem.simulate(rates, n_members, max_steps)
        except ScientificFailure as failure:
            logger.info("hidden variables, simulation %d: %s", len(errors) + 1, failure)
            trial = None
        else:
            errors.append(trial.error)
            logger.info(
                "hidden variables, simulation %d: autocorrelation error %.3f, cost %.3g",
                len(errors), trial.error, trial.cost,
            )  # fmt: skip
            if comparable:
                step = (trial.rates - best.rates).ravel()
                predicted = (problem.jacobian(best.rates) + missing) @ step
                surprise = trial.residuals - best.residuals - predicted
                missing = missing + np.outer(surprise, step) / max(step @ step, _LEAST_STEP**2)
        if trial is not None and (trial.cost < best.cost or not comparable):
            best, comparable = trial, True
        else:
            damping *= 0.5
        if damping < _LEAST_DAMPING:
            break
        jacobian = problem.jacobian(best.rates) + missing
        normal = jacobian.T @ jacobian + _PULL * np.eye(jacobian.shape[1])
        step = -np.linalg.solve(normal, jacobian.T @ best.residuals).reshape(best.rates.shape)
        rates = problem.allowed(best.rates + damping * step.clip(-_LARGEST_STEP, _LARGEST_STEP))
    return best, rates


def _target(
    values: np.ndarray, interval: float, score: ScoreModel, data: BlockedAutocorrelation
) -> tuple[Target, Modes]:
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
    modes = Modes.of(values, score, max(1, round(_MODE_LAG * float(times.min()) / interval)))
    return Target(spacing, *correlations(values, score, modes, every, n_lags), times), modes


def _time_of(rho: np.ndarray, interval: float) -> float:
    """The 1/e time of a mode, or the longest lag."""
    time = decorrelation_time(rho, interval)
    return float(time) if np.isfinite(time) else interval * len(rho)
