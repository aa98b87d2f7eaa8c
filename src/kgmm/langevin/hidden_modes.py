"""Autocorrelations of variables and of uncorrelated combinations of them: what hidden variables are fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, eigh

from kgmm.errors import ScientificFailure
from kgmm.langevin import memory_kernel
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import HORIZONS
from kgmm.statistics.correlation import correlation

# Errors that count alike: of an autocorrelation, and of a 1/e time relative to it.
_ERROR, _TIME_ERROR, _MODE_ERROR = 0.02, 0.04, 0.06


@dataclass(frozen=True)
class Modes:
    """Uncorrelated combinations ``y = W x`` of the standardised variables, at lag zero and at one other.

    Attributes
    ----------
    to_modes, from_modes : ndarray of shape (n_features, n_features)
        ``W`` and its inverse.
    """

    to_modes: np.ndarray
    from_modes: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, score: ScoreModel, lag: int) -> Modes:
        """Those of a path ``(n_members, n_times, n_features)``, uncorrelated at ``lag`` saved steps too.

        Raises
        ------
        ScientificFailure
            If the variables are linearly dependent.
        """
        z = standardized(values, score)
        covariances = correlation(z, lag + 1)
        try:
            _, vectors = eigh(covariances[lag] + covariances[lag].T, covariances[0])
        except LinAlgError as error:
            raise ScientificFailure("the variables are linearly dependent: their modes are not defined") from error
        to_modes = vectors.T[::-1]
        return cls(to_modes, np.linalg.inv(to_modes))

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

    def information(self, score: ScoreModel, states: np.ndarray) -> np.ndarray:
        """Mean negative derivative of the score of every mode, ``(n_modes,)``: one if the law is normal.

        A mobility times it is about the rate of the fastest motion across the mode.
        """
        scale = score.standardization.scale
        mean = -(score.jacobian(states) * np.outer(scale, scale)).mean(axis=0)
        return np.maximum(np.diag(self.from_modes.T @ mean @ self.from_modes), 1.0)


@dataclass(frozen=True)
class Target:
    """Autocorrelations to be met, ``(n_lags, n_variables)`` and ``(n_lags, n_modes)``, and 1/e times of variables."""

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

    @property
    def mode_weight(self) -> float:
        """The weight that :meth:`scaled` gives to differences of modes."""
        return 1.0 / (len(self.modes) ** 0.5 * _MODE_ERROR)

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


def standardized(values: np.ndarray, score: ScoreModel) -> np.ndarray:
    """A path ``(n_members, n_times, n_features)`` in the standard deviations of the score's data."""
    return score.standardization.forward(values.reshape(-1, values.shape[2])).reshape(values.shape)


def correlations(
    values: np.ndarray, score: ScoreModel, modes: Modes, every: int, n_lags: int
) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelations of variables and modes at every ``every``-th lag, both ``(n_lags, n_features)``."""
    z = standardized(values, score)
    found = []
    for series in (z, z @ modes.to_modes.T):
        columns = [correlation(series[:, :, [k]], every * (n_lags - 1) + 1)[::every, 0, 0] for k in range(z.shape[2])]
        found.append(np.stack([column / column[0] for column in columns], axis=1))
    return found[0], found[1]
