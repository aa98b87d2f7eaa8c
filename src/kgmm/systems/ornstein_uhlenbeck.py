"""The Ornstein–Uhlenbeck process with rotation, of any dimension: every statistic is exact, so it is the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state


@dataclass(frozen=True)
class OrnsteinUhlenbeck(System):
    """``dX = −A X dt + B dW``, a chain of ``n_variables`` variables of which neighbours turn around each other.

    ``A`` has the rates ``decay1, decay2, decay1, …`` on its diagonal, ``−rotation`` right above and ``rotation`` right
    below it; ``B = diag(noise1, noise2, noise1, …)``. With two variables
    ``A = [[decay1, −rotation], [rotation, decay2]]``.
    The stationary law is ``N(0, C)`` with ``A C + C Aᵀ = B Bᵀ``.
    """

    decay1: float = 1.0
    decay2: float = 0.5
    rotation: float = 1.0
    noise1: float = 1.0
    noise2: float = 1.5
    n_variables: int = 2

    name = "ornstein_uhlenbeck"
    has_exact_density = True
    defaults = SimulationDefaults(
        scheme="heun", dt=0.01, burn_in=15.0, sample_interval=3.0, path_interval=0.01, path_length=100.0
    )

    def __post_init__(self):
        super().__post_init__()
        if self.n_variables < 1:
            raise ValueError(f"n_variables is {self.n_variables}: it must be at least 1")
        if not (self.decay1 > 0 and self.decay2 > 0):
            raise ValueError(f"decay rates are {self.decay1} and {self.decay2}: both must be positive for stationarity")
        if not (self.noise1 > 0 and self.noise2 > 0):
            raise ValueError(f"noise amplitudes are {self.noise1} and {self.noise2}: both must be positive")

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.n_variables))

    def drift(self, state):
        result = state * 0.0
        for k, decay in enumerate(self._alternating(self.decay1, self.decay2)):
            result[k] = -decay * state[k]
        result[:-1] += self.rotation * state[1:]
        result[1:] -= self.rotation * state[:-1]
        return result

    def diffusion(self, state):
        amplitude = state[:, :1] * 0.0
        for k, noise in enumerate(self._alternating(self.noise1, self.noise2)):
            amplitude[k] = noise
        return amplitude

    def _alternating(self, first: float, second: float) -> list[float]:
        return [(first, second)[k % 2] for k in range(self.n_variables)]

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(self.n_variables, n_members, rng)

    @cached_property
    def drift_matrix(self) -> np.ndarray:
        """``A``, shape ``(n_variables, n_variables)``."""
        turning = self.rotation * (np.eye(self.n_variables, k=-1) - np.eye(self.n_variables, k=1))
        return np.diag(self._alternating(self.decay1, self.decay2)) + turning

    @cached_property
    def covariance(self) -> np.ndarray:
        """``C`` of the stationary law, shape ``(n_variables, n_variables)``."""
        from scipy.linalg import solve_continuous_lyapunov  # here: planning a run must not wait for scipy

        noise = np.array(self._alternating(self.noise1, self.noise2))
        return solve_continuous_lyapunov(self.drift_matrix, np.diag(noise**2))

    def autocovariance(self, lag: float) -> np.ndarray:
        """``E[x(t + lag) x(t)ᵀ] = exp(−A lag) C`` for ``lag ≥ 0``, ``(n_variables, n_variables)``."""
        from scipy.linalg import expm

        return expm(-self.drift_matrix * lag) @ self.covariance

    def mobility(self) -> np.ndarray:
        return self.drift_matrix @ self.covariance

    def score(self, x: np.ndarray) -> np.ndarray:
        return -np.asarray(x, dtype=float) @ np.linalg.inv(self.covariance)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        _, log_determinant = np.linalg.slogdet(2 * np.pi * self.covariance)
        return 0.5 * (x * self.score(x)).sum(axis=1) - 0.5 * log_determinant

    def marginal_density(self, variable: int, x: np.ndarray) -> np.ndarray:
        variance = self.covariance[variable, variable]
        return np.exp(-0.5 * np.asarray(x) ** 2 / variance) / np.sqrt(2 * np.pi * variance)

    def smoothed_score(self, x: np.ndarray, noise_scale: np.ndarray) -> np.ndarray:
        smoothed = self.covariance + np.diag(np.asarray(noise_scale, dtype=float) ** 2)
        return -np.asarray(x, dtype=float) @ np.linalg.inv(smoothed)
