"""A slow oscillation driven by fast bursts whose strength depends on it, as wind bursts drive El Niño."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state


@dataclass(frozen=True)
class SlowFastTriad(System):
    """Two slow variables and a fast one with multiplicative noise, the second system of arXiv:2504.13333.

    ``du = (−damping u − frequency v + τ) dt + g dW``, ``dv = (−damping v + frequency u) dt + g dW``,
    ``dτ = −fast_damping τ dt + burst (1 + tanh u) dW`` (after Thual, Majda, Chen & Stechmann, PNAS 2016). Parameters
    are those of its authors' scripts (github.com/ludogiorgi/ClustGen), whose noises are multiplied by √2.
    """

    damping: float = 0.2
    frequency: float = 0.4
    fast_damping: float = 2.0
    noise_amplitude: float = 0.3 * 2**0.5
    burst: float = 1.5 * 2**0.5

    name = "slow_fast_triad"
    variables = ("u", "v", "tau")
    additive = False
    # Only τ has multiplicative noise, of an amplitude that does not depend on τ itself.
    defaults = SimulationDefaults(
        scheme="euler_maruyama", dt=0.005, burn_in=50.0, sample_interval=5.0, path_interval=0.05, path_length=200.0
    )

    def drift(self, state):
        u, v, tau = state
        result = -self.damping * state
        result[0] += tau - self.frequency * v
        result[1] += self.frequency * u
        result[2] = -self.fast_damping * tau
        return result

    def diffusion(self, state):
        result = state * 0.0 + self.noise_amplitude
        u = state[0]
        result[2] = self.burst * (1.0 + (np.tanh(u) if isinstance(u, np.ndarray) else u.tanh()))
        return result

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(3, n_members, rng)
