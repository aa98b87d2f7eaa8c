"""Six modes of the barotropic flow over topography, with regimes of zonal and blocked flow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state


@dataclass(frozen=True)
class Barotropic(System):
    """The truncation of Charney & DeVore (1979) in the form of Crommelin, Opsteegh & Verhulst (2004), with noise.

    ``x1, x4`` are zonal flows, the others pairs of waves; ``relaxation`` to ``(zonal1, 0, 0, zonal4, 0, 0)``,
    ``topography`` and ``beta`` turn them into each other, ``aspect`` is twice the ratio of width and length of the
    channel. The third system of arXiv:2504.13333; parameters are those of its authors' scripts
    (github.com/ludogiorgi/ClustGen), whose noises are multiplied by √2.
    """

    aspect: float = 1.6
    beta: float = 1.25
    topography: float = 0.2
    relaxation: float = 0.1
    zonal1: float = 0.95
    zonal4: float = -0.76095
    noise_amplitude: float = 0.01 * 2**0.5

    name = "barotropic"
    variables = ("x1", "x2", "x3", "x4", "x5", "x6")
    defaults = SimulationDefaults(
        scheme="heun", dt=0.1, burn_in=200.0, sample_interval=20.0, path_interval=0.2, path_length=400.0
    )

    @cached_property
    def _modes(self) -> tuple[dict[str, float], dict[str, float]]:
        """Coefficients of the two meridional modes (Crommelin et al. 2004, equation 2.7)."""
        root, b2 = math.sqrt(2.0), self.aspect**2

        def of_mode(m: int) -> dict[str, float]:
            m2 = m * m
            return {
                "alpha": 8 * root / math.pi * m2 / (4 * m2 - 1) * (b2 + m2 - 1) / (b2 + m2),
                "beta": self.beta * b2 / (b2 + m2),
                "delta": 64 * root / (15 * math.pi) * (b2 - m2 + 1) / (b2 + m2),
                "to_zonal": self.topography * 4 * m / (4 * m2 - 1) * root * self.aspect / math.pi,
                "to_wave": self.topography * 4 * m**3 / (4 * m2 - 1) * root * self.aspect / (math.pi * (b2 + m2)),
            }

        return of_mode(1), of_mode(2)

    def drift(self, state):
        one, two = self._modes
        x1, x2, x3, x4, x5, x6 = state
        turn1, turn2 = one["alpha"] * x1 - one["beta"], two["alpha"] * x1 - two["beta"]
        result = -self.relaxation * state
        result[0] += self.relaxation * self.zonal1 + one["to_zonal"] * x3
        result[1] -= turn1 * x3 + one["delta"] * x4 * x6
        result[2] += turn1 * x2 + one["delta"] * x4 * x5 - one["to_wave"] * x1
        exchange = 16 * math.sqrt(2.0) / (5 * math.pi)
        result[3] += self.relaxation * self.zonal4 + two["to_zonal"] * x6 + exchange * (x2 * x6 - x3 * x5)
        result[4] -= turn2 * x6 + two["delta"] * x4 * x3
        result[5] += turn2 * x5 + two["delta"] * x4 * x2 - two["to_wave"] * x4
        return result

    def diffusion(self, state):
        return self.noise_amplitude

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        centre = np.array([self.zonal1, 0.0, 0.0, self.zonal4, 0.0, 0.0])[:, None]
        return centre + 0.1 * unit_normal_state(6, n_members, rng)
