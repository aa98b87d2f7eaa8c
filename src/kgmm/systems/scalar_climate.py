"""A scalar model of low-frequency climate variability, with a skewed and nearly bimodal density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgmm.systems.base import SimulationDefaults, unit_normal_state
from kgmm.systems.separable import MarginalDensity, SeparableSystem


@dataclass(frozen=True)
class ScalarClimate(SeparableSystem):
    """``dX = (F + a X + b X² − c X³) dt + s dW``, the normal form of Majda, Franzke & Crommelin (PNAS 2009).

    The first system of arXiv:2504.13333; parameters are those of its authors' scripts (github.com/ludogiorgi/ClustGen).
    """

    forcing: float = 0.6
    a: float = -0.0222
    b: float = -0.2
    c: float = 0.0494
    noise_amplitude: float = 0.7071

    name = "scalar_climate"
    variables = ("x",)
    defaults = SimulationDefaults(
        scheme="heun", dt=0.02, burn_in=60.0, sample_interval=20.0, path_interval=0.1, path_length=400.0
    )

    def __post_init__(self):
        super().__post_init__()
        if not (self.c > 0 and self.noise_amplitude > 0):
            raise ValueError(f"c and noise_amplitude are {self.c} and {self.noise_amplitude}: both must be positive")

    def drift(self, state):
        return ((-self.c * state + self.b) * state + self.a) * state + self.forcing

    def diffusion(self, state):
        return self.noise_amplitude

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(1, n_members, rng)

    def mobility(self) -> np.ndarray:
        return np.array([[0.5 * self.noise_amplitude**2]])

    def score(self, x: np.ndarray) -> np.ndarray:
        return self.drift(np.asarray(x, dtype=float)) / (0.5 * self.noise_amplitude**2)

    def _make_marginals(self) -> tuple[MarginalDensity, ...]:
        def potential(x):
            integral = self.forcing * x + self.a * x**2 / 2 + self.b * x**3 / 3 - self.c * x**4 / 4
            return -2.0 * integral / self.noise_amplitude**2

        return (MarginalDensity(potential, -12.0, 8.0),)
