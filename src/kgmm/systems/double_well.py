"""Overdamped motion in a one-dimensional double well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state

if TYPE_CHECKING:
    from kgmm.systems.separable import MarginalDensity


@dataclass(frozen=True)
class DoubleWell(System):
    """``dX = −U'(X) dt + √2 dW`` with ``U(x) = (x² − 1)²``; density ``∝ exp(−U)`` (arXiv:2503.18054, section 3).

    The relaxation time between the wells is about 1.4 time units; samples saved 5 apart are nearly independent.
    """

    name = "double_well"
    variables = ("x",)
    has_exact_density = True
    defaults = SimulationDefaults(
        scheme="heun", dt=0.005, burn_in=20.0, sample_interval=5.0, path_interval=0.05, path_length=100.0
    )

    def drift(self, state):
        return -4.0 * state * (state * state - 1.0)

    def diffusion(self, state):
        return 2.0**0.5

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(1, n_members, rng)

    def score(self, x: np.ndarray) -> np.ndarray:
        return self.drift(np.asarray(x, dtype=float))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return self._marginal.log_density(np.asarray(x)[:, 0])

    def marginal_density(self, variable: int, x: np.ndarray) -> np.ndarray:
        return np.exp(self._marginal.log_density(np.asarray(x)))

    def smoothed_score(self, x: np.ndarray, noise_scale: np.ndarray) -> np.ndarray:
        return self._marginal.smoothed_score(np.asarray(x)[:, 0], float(noise_scale[0]))[:, None]

    @cached_property
    def _marginal(self) -> MarginalDensity:
        from kgmm.systems.separable import MarginalDensity  # here: planning a run must not wait for scipy

        return MarginalDensity(lambda x: (x**2 - 1.0) ** 2, -4.0, 4.0)
