"""The Lorenz 63 model with additive noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state


@dataclass(frozen=True)
class Lorenz63(System):
    """Convection in three modes with noise ``g dW`` on each, ``g = noise_amplitude``.

    ``dx = prandtl (y − x) dt + g dW``, ``dy = (x (rayleigh − z) − y) dt + g dW``, ``dz = (x y − geometry z) dt + g dW``
    (arXiv:2503.18054, section 3, final form: g = 5). Lorenz's σ, ρ, β have other names here because σ is the noise
    amplitude of the method.
    """

    prandtl: float = 10.0
    rayleigh: float = 28.0
    geometry: float = 8.0 / 3.0
    noise_amplitude: float = 5.0

    name = "lorenz63"
    variables = ("x", "y", "z")
    defaults = SimulationDefaults(
        scheme="heun", dt=0.005, burn_in=20.0, sample_interval=1.0, path_interval=0.01, path_length=100.0
    )

    def drift(self, state):
        x, y, z = state
        result = -state
        dx, dy, dz = result
        dx += y
        dx *= self.prandtl
        dy += x * (self.rayleigh - z)
        dz *= self.geometry
        dz += x * y
        return result

    def diffusion(self, state):
        return self.noise_amplitude

    def symmetries(self, n_features: int) -> tuple[np.ndarray, ...]:
        return (np.diag([-1.0, -1.0, 1.0]),)

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        centre = np.array([[0.0], [0.0], [max(self.rayleigh - 1.0, 0.0)]])
        return centre + 8.0 * unit_normal_state(3, n_members, rng)
