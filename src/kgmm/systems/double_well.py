"""Overdamped motion in a one-dimensional double well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgmm.systems.base import SimulationDefaults, unit_normal_state
from kgmm.systems.separable import MarginalDensity, SeparableSystem


@dataclass(frozen=True)
class DoubleWell(SeparableSystem):
    """``dX = −U'(X) dt + √2 dW`` with ``U(x) = (x² − 1)²``; density ``∝ exp(−U)`` (arXiv:2503.18054, section 3).

    The relaxation time between the wells is about 1.4 time units; samples saved 5 apart are nearly independent.
    """

    name = "double_well"
    variables = ("x",)
    defaults = SimulationDefaults(
        scheme="heun", dt=0.005, burn_in=20.0, sample_interval=5.0, path_interval=0.02, path_length=100.0
    )

    def drift(self, state):
        return -4.0 * state * (state * state - 1.0)

    def diffusion(self, state):
        return 2.0**0.5

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(1, n_members, rng)

    def mobility(self) -> np.ndarray:
        return np.eye(1)

    def score(self, x: np.ndarray) -> np.ndarray:
        return self.drift(np.asarray(x, dtype=float))

    def _make_marginals(self) -> tuple[MarginalDensity, ...]:
        return (MarginalDensity(lambda x: (x**2 - 1.0) ** 2, -4.0, 4.0),)
