"""A one-dimensional reduced model of a triad of modes, with multiplicative noise and a heavy tail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgmm.systems.base import SimulationDefaults, unit_normal_state
from kgmm.systems.separable import MarginalDensity, SeparableSystem


@dataclass(frozen=True)
class ReducedTriad(SeparableSystem):
    """``dX = (−F + a X + b X² − c X³) dt + g dW`` with ``g² = (A − B X)² + s²`` (arXiv:2503.18054, section 3).

    The coefficients follow from the triad's parameters (those of the fields below) by homogenisation. The stationary
    flux vanishes in one dimension, so the exact score is ``(2 f − (g²)')/g²``. The standard deviation is 0.085, and the
    right tail reaches twenty of them.
    """

    l11: float = -2.0
    l12: float = 0.2
    l13: float = 0.1
    g2: float = 0.6
    g3: float = 0.4
    s2: float = 1.2
    s3: float = 0.8
    coupling: float = 1.0
    epsilon: float = 0.1

    name = "reduced_triad"
    variables = ("x",)
    additive = False
    defaults = SimulationDefaults(
        scheme="milstein", dt=0.002, burn_in=10.0, sample_interval=1.0, path_interval=0.008, path_length=40.0
    )

    def __post_init__(self):
        super().__post_init__()
        if not (self.g2 > 0 and self.g3 > 0 and self.epsilon > 0):
            raise ValueError(f"g2, g3, epsilon are {self.g2}, {self.g3}, {self.epsilon}: all must be positive")
        if self.l13 * self.s3 == 0 or self.coupling == 0:
            raise ValueError("l13, s3 and coupling must not vanish: without them the noise or the damping does")

    @cached_property
    def coefficients(self) -> dict[str, float]:
        """``a, b, c`` of the drift, ``A, B, s`` of the diffusion, and the forcing ``F = A B/2``."""
        i, e = self.coupling, self.epsilon
        a = self.l11 + e * (i**2 * self.s2**2 / (2 * self.g2**2) - self.l12**2 / self.g2 - self.l13**2 / self.g3)
        slope = -(i * self.s2 / self.g2) * e**0.5
        level = -self.l12 * slope / i
        return {
            "a": a,
            "b": -2 * self.l12 * i * e / self.g2,
            "c": i**2 * e / self.g2,
            "A": level,
            "B": slope,
            "s": (self.l13 * self.s3 / self.g3) * e**0.5,
            "F": level * slope / 2,
        }

    def drift(self, state):
        k = self.coefficients
        return ((-k["c"] * state + k["b"]) * state + k["a"]) * state - k["F"]

    def diffusion(self, state):
        return self._variance(state) ** 0.5

    def diffusion_correction(self, state):
        """``g g' = ½ (g²)'``, for the Milstein scheme."""
        k = self.coefficients
        return -k["B"] * (k["A"] - k["B"] * state)

    def _variance(self, state):
        k = self.coefficients
        return (k["A"] - k["B"] * state) ** 2 + k["s"] ** 2

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return 0.05 * unit_normal_state(1, n_members, rng)

    def score(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        return 2.0 * (self.drift(x) - self.diffusion_correction(x)) / self._variance(x)

    def _make_marginals(self) -> tuple[MarginalDensity, ...]:
        from scipy.interpolate import CubicSpline  # here: planning a run must not wait for scipy

        # The potential is −∫ score; the grid is finer than the scale s/B ≈ 0.1 on which the diffusion changes.
        grid = np.linspace(-16.0, 16.0, 64_001)
        potential = CubicSpline(grid, -self.score(grid[:, None])[:, 0]).antiderivative()
        return (MarginalDensity(potential, grid[0], grid[-1]),)
