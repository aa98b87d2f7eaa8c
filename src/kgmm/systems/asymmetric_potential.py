"""Motion in a two-dimensional potential with four wells of unequal weight, with an optional circulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgmm.systems.base import SimulationDefaults, unit_normal_state
from kgmm.systems.separable import MarginalDensity, SeparableSystem


@dataclass(frozen=True)
class AsymmetricPotential(SeparableSystem):
    """``dX = (−∇U + R ∇U) dt + √2 dW`` with ``U = (x1² − a1²)² + (x2² − a2²)² + b1 x1 + b2 x2``.

    ``R ∇U = (rotation ∂2U, −rotation ∂1U)`` leaves the density ``∝ exp(−U)`` unchanged and makes the mobility
    ``Φ = [[1, −rotation], [rotation, 1]]``: the oracle for its estimate (arXiv:2503.18054, section 3, and
    arXiv:2505.01895 for the rotation, 0.8 there). The slowest relaxation, across the barrier of x2, takes about
    3 time units.
    """

    a1: float = 1.0
    a2: float = 1.2
    b1: float = 0.6
    b2: float = 0.3
    rotation: float = 0.0

    name = "asymmetric_potential"
    variables = ("x1", "x2")
    defaults = SimulationDefaults(
        scheme="heun", dt=0.005, burn_in=30.0, sample_interval=1.0, path_interval=0.01, path_length=200.0
    )

    def drift(self, state):
        # In place: passes over memory are what the time goes into.
        result = state * state
        f1, f2 = result
        f1 -= self.a1**2
        f2 -= self.a2**2
        result *= state
        result *= -4.0
        f1 -= self.b1
        f2 -= self.b2
        if self.rotation:
            turned = self.rotation * f1
            f1 -= self.rotation * f2
            f2 += turned
        return result

    def diffusion(self, state):
        return 2.0**0.5

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(2, n_members, rng)

    def mobility(self) -> np.ndarray:
        return np.array([[1.0, -self.rotation], [self.rotation, 1.0]])

    def score(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        wells = np.array([self.a1, self.a2]) ** 2
        return -(4.0 * x * (x * x - wells) + np.array([self.b1, self.b2]))

    def _make_marginals(self) -> tuple[MarginalDensity, ...]:
        return tuple(
            MarginalDensity(lambda x, a=a, b=b: (x**2 - a**2) ** 2 + b * x, -6.0, 6.0)
            for a, b in ((self.a1, self.b1), (self.a2, self.b2))
        )
