"""Hidden variables from the autocorrelations of a path: a linear start, corrected by a few simulations."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.langevin import memory_kernel
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.hidden_modes import Modes, Target, correlations
from kgmm.langevin.hidden_problem import Problem, Trial
from kgmm.langevin.symmetries import generated_group
from kgmm.randomness import Seed, seed_sequence
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import HORIZONS, BlockedAutocorrelation

logger = logging.getLogger("kgmm")

_MODE_LAG = 0.2  # in units of the fastest decorrelation time: there modes are uncorrelated besides at lag zero
_MAX_LAGS = 101
_MAX_VARIABLES = 16
_SIMULATIONS = 8
# The best ones, as long as they cost at most so many times the best, run once more on a noise of their own.
_JUDGED, _WORTH_JUDGING = 2, 2.0
# Corrections that make the model stiffer than that are refused before they are simulated.
_MAX_STEPS, _MORE_STEPS = 20_000, 2.0
_LARGEST_STEP = 1.0  # of a logarithm
_PULL = 0.3
_LEAST_STEP, _LEAST_DAMPING = 0.3, 0.2


@dataclass(frozen=True)
class HiddenFit:
    """Hidden variables with what was found on the way.

    Attributes
    ----------
    hidden : HiddenVariables
    error, stderr : float
        Largest autocorrelation error over five decorrelation times with them in a simulation on a noise that the fit
        has not seen, and its standard error from the members of the simulation.
    errors : tuple of float
        The error in every simulation of the fit, all of them on one noise.
    """

    hidden: HiddenVariables
    error: float
    stderr: float
    errors: tuple[float, ...]


def fit_hidden(
    values: np.ndarray,
    interval: float,
    score: ScoreModel,
    data: BlockedAutocorrelation,
    start: np.ndarray,
    *,
    symmetries: Sequence[np.ndarray] = (),
    n_simulations: int = _SIMULATIONS,
    n_members: int | None = None,
    seed: Seed = 0,
) -> HiddenFit:
    """Fits ``p(x) N(v; 0, 1)`` with linear coupling to the autocorrelations over five decorrelation times.

    The combinations of the variables that are uncorrelated at lag zero and at a fifth of the fastest decorrelation time
    get four hidden variables each. Their eight rates, the same for combinations that the symmetries map onto each
    other, are those of a Gaussian law with the autocorrelation of the data; the model with the score then runs, all
    runs on the same noise, and the rates are corrected by what is left: once by factors, then by Gauss–Newton steps
    with the derivatives of the Gaussian law that resembles the last run, which follow the simulations (Broyden 1965).
    The two best run again on another noise, where the better one is taken. No rate is faster than what the lags can
    show, and a mobility at once, which makes the model stiff where the density is thin, has a price.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_times, n_features)
        Physical units, ``interval`` apart.
    score : ScoreModel
    data : BlockedAutocorrelation
        Of the values.
    start : ndarray of shape (n, n_features)
        States of the data.
    symmetries : sequence of array_like, each of shape (n_features, n_features)
        Signed permutations under which the law of the path is invariant.
    n_simulations : int
        At most so many simulations, besides one or two that judge the best.
    n_members : int, optional
        Of each simulation. Default: as many as 4e6 steps of all of them allow, 512 to 2048.
    seed : int or numpy.random.SeedSequence

    Raises
    ------
    ScientificFailure
        If the variables are linearly dependent or more than 16, or no model can be simulated.
    """
    target, modes = _target(values, interval, score, data, generated_group(symmetries, values.shape[2]))
    noise, other_noise = seed_sequence(seed).spawn(2)
    problem = Problem.of(score, start, target, modes, noise)
    rates = problem.linear_rates()
    n_members = problem.n_members(rates) if n_members is None else n_members
    first = problem.simulate(rates, n_members)
    logger.info("hidden variables, rates of a Gaussian law: autocorrelation error %.3f", first.error)
    trials = descend(problem, first, problem.rescaled(first), n_members, n_simulations - 1)
    best = judged(problem.on_noise(other_noise), trials, n_members)
    return HiddenFit(best.hidden, best.error, best.stderr, tuple(trial.error for trial in trials))


def descend(problem: Problem, first: Trial, rates: np.ndarray, n_members: int, n_trials: int) -> list[Trial]:
    """``first`` and at most ``n_trials`` simulations after it, which begin with ``rates``."""
    trials, best = [first], first
    max_steps = int(max(_MAX_STEPS, _MORE_STEPS * first.n_steps))
    damping, missing = 1.0, 0.0
    for number in range(2, n_trials + 2):
        step = (rates - best.rates).ravel()
        change = None
        try:
            trial = problem.simulate(rates, n_members, max_steps)
        except ScientificFailure as failure:
            logger.info("hidden variables, simulation %d: %s", number, failure)
            damping *= 0.5
        else:
            logger.info(
                "hidden variables, simulation %d: autocorrelation error %.3f ± %.3f, cost %.3g",
                number, trial.error, trial.stderr, trial.cost,
            )  # fmt: skip
            trials.append(trial)
            change = trial.residuals - best.residuals
            if trial.cost < best.cost:
                best = trial
            else:
                damping *= 0.5
        if damping < _LEAST_DAMPING:
            break
        jacobian = problem.jacobian(best)
        if change is not None:
            # What the derivatives must have had to predict the last change, along the step that was taken.
            surprise = change - (jacobian + missing) @ step
            missing = missing + np.outer(surprise, step) / max(step @ step, _LEAST_STEP**2)
        jacobian = jacobian + missing
        normal = jacobian.T @ jacobian + _PULL * np.eye(jacobian.shape[1])
        correction = -np.linalg.solve(normal, jacobian.T @ best.residuals).reshape(best.rates.shape)
        rates = problem.allowed(best.rates + damping * correction.clip(-_LARGEST_STEP, _LARGEST_STEP))
    return trials


def judged(problem: Problem, trials: list[Trial], n_members: int) -> Trial:
    """The best of the trials on the noise of ``problem``: that of the fit flatters the rates that were fitted to it."""
    best = sorted(trials, key=lambda trial: trial.cost)
    again = []
    for trial in best[:_JUDGED]:
        if trial.cost > _WORTH_JUDGING * best[0].cost:
            break
        again.append(problem.simulate(trial.rates, n_members))
        logger.info(
            "hidden variables, another noise: autocorrelation error %.3f ± %.3f, cost %.3g for %.3g",
            again[-1].error, again[-1].stderr, again[-1].cost, trial.cost,
        )  # fmt: skip
    return min(again, key=lambda trial: trial.cost)


def _target(
    values: np.ndarray, interval: float, score: ScoreModel, data: BlockedAutocorrelation, group: np.ndarray
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
    modes = Modes.of(values, score, max(1, round(_MODE_LAG * float(times.min()) / interval)), group)
    return Target(spacing, *correlations(values, score, modes, every, n_lags), times), modes
