"""Autocorrelations of variables and of uncorrelated combinations of them: what hidden variables are fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, eigh

from kgmm.errors import ScientificFailure
from kgmm.langevin import memory_kernel
from kgmm.langevin.symmetries import symmetrized
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import HORIZONS
from kgmm.statistics.correlation import correlation

# Errors that count alike: of an autocorrelation, and of a 1/e time relative to it.
_ERROR, _TIME_ERROR, _MODE_ERROR = 0.02, 0.1, 0.06
# Eigenvalues, at most one, that differ by less are one: the symmetries map their modes onto each other.
_SAME = 1e-6


@dataclass(frozen=True)
class Modes:
    """Uncorrelated combinations ``y = W x`` of the standardised variables, at lag zero and at one other.

    Attributes
    ----------
    to_modes, from_modes : ndarray of shape (n_features, n_features)
        ``W`` and its inverse.
    orbits : ndarray of shape (n_modes,)
        Numbers of the sets of modes that the symmetries map onto each other, from zero: each has one set of rates.
    variable_orbits : ndarray of shape (n_features,)
        The same for the variables.
    """

    to_modes: np.ndarray
    from_modes: np.ndarray
    orbits: np.ndarray
    variable_orbits: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, score: ScoreModel, lag: int, group: np.ndarray | None = None) -> Modes:
        """Those of a path ``(n_members, n_times, n_features)``, uncorrelated at ``lag`` saved steps too.

        ``group`` holds the symmetries of the law, see :func:`kgmm.langevin.symmetries.generated_group`.

        Raises
        ------
        ScientificFailure
            If the variables are linearly dependent.
        """
        z = standardized(values, score)
        group = np.eye(z.shape[2])[None] if group is None else group
        covariances = symmetrized(correlation(z, lag + 1)[[0, lag]], group)
        try:
            eigenvalues, vectors = eigh(0.5 * (covariances[1] + covariances[1].T), covariances[0])
        except LinAlgError as error:
            raise ScientificFailure("the variables are linearly dependent: their modes are not defined") from error
        to_modes = vectors.T[::-1]
        orbits = np.arange(len(to_modes))
        if len(group) > 1:
            orbits = np.r_[0, np.cumsum(-np.diff(eigenvalues[::-1]) > _SAME)]
        variable_orbits = np.unique(np.abs(group).max(axis=0).argmax(axis=1), return_inverse=True)[1]
        return cls(to_modes, np.linalg.inv(to_modes), orbits, variable_orbits)

    @property
    def firsts(self) -> np.ndarray:
        """One mode of every orbit, ``(n_orbits,)``."""
        return np.unique(self.orbits, return_index=True)[1]

    def matrix(self, logarithms: np.ndarray) -> np.ndarray:
        """``M`` of all variables from the rates of every orbit."""
        d, n = len(self.to_modes), memory_kernel.N_HIDDEN
        matrix = np.zeros((d * (1 + n), d * (1 + n)))
        for mode, rates in enumerate(logarithms[self.orbits]):
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
        of_modes = np.diag(self.from_modes.T @ mean @ self.from_modes)
        return np.maximum(orbit_means(of_modes, self.orbits), 1.0)


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
    """Autocorrelations of variables and modes at every ``every``-th lag, both ``(n_lags, n_features)``.

    Those that the symmetries map onto each other have one, from the mean of their autocovariances.
    """
    z = standardized(values, score)
    found = []
    for series, orbits in ((z, modes.variable_orbits), (z @ modes.to_modes.T, modes.orbits)):
        columns = [correlation(series[:, :, [k]], every * (n_lags - 1) + 1)[::every, 0, 0] for k in range(z.shape[2])]
        means = orbit_means(np.stack(columns, axis=1), orbits)
        found.append(means / means[0])
    return found[0], found[1]


def orbit_means(columns: np.ndarray, orbits: np.ndarray) -> np.ndarray:
    """Columns ``(…, n)``, each replaced by the mean of those of its orbit."""
    same = (orbits[:, None] == orbits).astype(float)
    return columns @ (same / same.sum(axis=0))
