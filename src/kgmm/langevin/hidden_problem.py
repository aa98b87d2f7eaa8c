"""What hidden variables are fitted to: residuals of simulations, and their derivatives in a Gaussian law."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kgmm.data.blocks import jackknife_variance
from kgmm.langevin import memory_kernel
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.hidden_modes import Modes, Target, correlations
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.simulation_check import simulate_model, time_steps
from kgmm.randomness import Seed
from kgmm.score.model import ScoreModel
from kgmm.statistics.correlation import decorrelation_time

_MIN_MEMBERS, _MAX_MEMBERS, _MEMBER_STEPS = 512, 2048, 4e6
_LARGEST_CHANGE = 1.5  # of a logarithm
_SEEN_PULL = 0.05
# Weight of the fastest rate across a mode, in units of the fastest decorrelation rate, beside errors of ρ.
_STIFFNESS = 0.01
_BLOCKS = 10


@dataclass(frozen=True)
class Trial:
    """Rates, ``(n_orbits, N_RATES)`` logarithms, and the result of the simulation with them.

    ``modes`` are its autocorrelations, ``(n_lags, n_modes)``, ``error`` is the largest of a variable over five
    decorrelation times, and ``stderr`` that of it.
    """

    rates: np.ndarray
    hidden: HiddenVariables
    modes: np.ndarray
    residuals: np.ndarray
    error: float
    stderr: float
    n_steps: int

    @property
    def cost(self) -> float:
        """Sum of the squared residuals."""
        return float(self.residuals @ self.residuals)


@dataclass(frozen=True)
class Problem:
    """Residuals of simulations, all on the same noise, and their derivatives in a Gaussian law.

    ``stiffness`` is the weight, beside errors of the autocorrelation of a mode, of its mobility at once; ``limits`` are
    bounds of the rates, ``(n_orbits, 2, N_RATES)``.
    """

    score: ScoreModel
    start: np.ndarray
    target: Target
    modes: Modes
    limits: np.ndarray
    stiffness: np.ndarray
    seed: Seed

    @classmethod
    def of(cls, score: ScoreModel, start: np.ndarray, target: Target, modes: Modes, seed: Seed) -> Problem:
        """The problem of meeting ``target`` by simulations that begin at ``start``, ``(n, n_features)``."""
        information, interval = modes.information(score, start), target.interval
        stiffness = _STIFFNESS * float(target.times.min()) * information
        limits = np.array(
            [
                memory_kernel.limits(_time_of(target.modes[:, first], interval), interval, information[first])
                for first in modes.firsts
            ]
        )
        return cls(score, start, target, modes, limits, stiffness, seed)

    def on_noise(self, seed: Seed) -> Problem:
        """The same problem with simulations on another noise."""
        return replace(self, seed=seed)

    def linear_rates(self) -> np.ndarray:
        """Rates of a Gaussian law with the autocorrelations of the target."""
        interval, firsts = self.target.interval, self.modes.firsts
        return np.array(
            [
                memory_kernel.fit_mode(
                    rho, interval, memory_kernel.starts(_time_of(rho, interval)), limits, stiffness=stiffness
                )
                for rho, limits, stiffness in zip(
                    self.target.modes.T[firsts], self.limits, self.stiffness[firsts], strict=True
                )
            ]
        )

    def seen(self, rates: np.ndarray, modes: np.ndarray) -> np.ndarray:
        """The rates with which a Gaussian law has the autocorrelations ``modes`` of a simulation with ``rates``."""
        return np.array(
            [
                memory_kernel.fit_mode(rho, self.target.interval, start[None], limits, pull=_SEEN_PULL)
                for start, rho, limits in zip(rates, modes.T[self.modes.firsts], self.limits, strict=True)
            ]
        )

    def rescaled(self, trial: Trial) -> np.ndarray:
        """The rates divided by what they lose between the Gaussian law and the simulation: the clock above all."""
        lost = trial.rates - self.seen(trial.rates, trial.modes)
        return self.allowed(trial.rates + np.clip(lost, -_LARGEST_CHANGE, _LARGEST_CHANGE))

    def allowed(self, rates: np.ndarray) -> np.ndarray:
        """The nearest rates within the limits."""
        return np.clip(rates, self.limits[:, 0], self.limits[:, 1])

    def n_members(self, rates: np.ndarray) -> int:
        """Members of a simulation: as many as 4e6 steps of all of them allow with these rates, 512 to 2048."""
        duration, interval = float(self.target.times.max()), self.target.interval
        _, n_steps = time_steps(self._model(rates), self.start, duration, interval, seed=self.seed)
        return int(np.clip(_MEMBER_STEPS / n_steps, _MIN_MEMBERS, _MAX_MEMBERS))

    def simulate(self, rates: np.ndarray, n_members: int, max_steps: int | None = None) -> Trial:
        """A simulation of ``n_members`` members; raises what :func:`simulate_model` does."""
        target, model = self.target, self._model(rates)
        path = simulate_model(
            model, self.start, float(target.times.max()), target.interval,
            n_members=n_members, max_steps=max_steps, seed=self.seed,
        )  # fmt: skip
        blocks = [
            correlations(block, self.score, self.modes, 1, len(target.variables))
            for block in np.array_split(path.values, min(_BLOCKS, n_members))
        ]
        of_variables, of_modes = (np.array(each) for each in zip(*blocks, strict=True))
        variables, modes, n = of_variables.mean(axis=0), of_modes.mean(axis=0), len(blocks)
        without_one = [target.errors((n * variables - block) / (n - 1)).max() for block in of_variables]
        at_once = [memory_kernel.mobility_at_once(mode)[0] for mode in rates[self.modes.orbits]]
        return Trial(
            rates, model.hidden, modes,
            np.r_[target.residuals(variables, modes), target.mode_weight * self.stiffness * at_once],
            float(target.errors(variables).max()), float(jackknife_variance(without_one)) ** 0.5, path.attrs["n_steps"],
        )  # fmt: skip

    def jacobian(self, trial: Trial) -> np.ndarray:
        """Derivatives of the residuals by all logarithms in the Gaussian law that resembles a simulation.

        The Gaussian law with the rates themselves has another clock, and its derivatives are those at other lags.
        """
        n_lags = len(self.target.modes)
        shares = self.modes.shares()
        columns = []
        for orbit, (rates, seen) in enumerate(zip(trial.rates, self.seen(trial.rates, trial.modes), strict=True)):
            own = self.modes.orbits == orbit
            slopes = memory_kernel.correlation_slopes(seen, self.target.interval, n_lags)
            of_variables = slopes[:, None] * shares[:, own].sum(axis=1)[:, None]
            of_modes = slopes[:, None] * own[:, None]
            of_stiffness = (self.stiffness * own)[:, None] * memory_kernel.mobility_at_once(rates)[1]
            columns.append(
                np.concatenate([self.target.scaled(of_variables, of_modes), self.target.mode_weight * of_stiffness])
            )
        return np.concatenate(columns, axis=1)

    def _model(self, rates: np.ndarray) -> LangevinModel:
        hidden = HiddenVariables(self.modes.matrix(rates), len(self.modes.orbits))
        return LangevinModel(self.score, hidden=hidden, largest_reset_share=1.0)


def _time_of(rho: np.ndarray, interval: float) -> float:
    """The 1/e time of a mode, or the longest lag."""
    time = decorrelation_time(rho, interval)
    return float(time) if np.isfinite(time) else interval * len(rho)
