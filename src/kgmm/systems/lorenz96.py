"""The two-scale Lorenz 96 model with additive noise; the slow variables are observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state

_SLOW, _FAST = 4, 10
# Slices of j, j + 1, j + 2 and j − 1 on a ring of ten: the inner ones, then those that wrap around.
_RING = [
    (slice(1, _FAST - 2), slice(2, _FAST - 1), slice(3, _FAST), slice(0, _FAST - 3)),
    (0, 1, 2, _FAST - 1),
    (_FAST - 2, _FAST - 1, 0, _FAST - 3),
    (_FAST - 1, 0, 1, _FAST - 2),
]


@dataclass(frozen=True)
class Lorenz96(System):
    """Four slow variables ``x_k``, ten fast ``y_{k,j}`` for each (arXiv:2503.18054, section 3, final form).

    ``ẋ_k = −x_{k−1}(x_{k−2} − x_{k+1}) − ν x_k + F + (c/b) Σ_j y_{k,j}`` and
    ``ẏ_{k,j} = −c b y_{k,j+1}(y_{k,j+2} − y_{k,j−1}) − c ν y_{k,j} + (c/b) x_k``, with ``F = forcing``,
    ``ν = damping``, ``c = time_ratio``, ``b = amplitude_ratio``, ``j`` periodic in each block, and noise ``g dW`` on
    every variable.

    The fast waves make the scheme matter: at dt = 0.005 Euler–Maruyama diverges at once and stochastic Heun in one of
    a thousand members within ten time units.
    """

    forcing: float = 6.0
    damping: float = 1.0
    time_ratio: float = 10.0
    amplitude_ratio: float = 10.0
    noise_amplitude: float = 0.2

    name = "lorenz96"
    variables: ClassVar[tuple[str, ...]] = ("x1", "x2", "x3", "x4")
    defaults = SimulationDefaults(
        scheme="rk4", dt=0.005, burn_in=20.0, sample_interval=0.5, path_interval=0.02, path_length=40.0
    )

    @property
    def dimension(self) -> int:
        return _SLOW * (1 + _FAST)

    def drift(self, state):
        coupling = self.time_ratio / self.amplitude_ratio
        x, y = state[:_SLOW], state[_SLOW:].reshape(_SLOW, _FAST, -1)
        result = state * -self.damping
        slow, fast = result[:_SLOW], result[_SLOW:].reshape(_SLOW, _FAST, -1)
        fast *= self.time_ratio
        fast += (coupling * x)[:, None]
        # Products of neighbours on the ring: all but the ends by slices, which copy nothing.
        speed = self.time_ratio * self.amplitude_ratio
        for here, after, after2, before in _RING:
            fast[:, here] += speed * y[:, after] * (y[:, before] - y[:, after2])
        slow += self.forcing + coupling * y.sum(1)
        for k in range(_SLOW):
            slow[k] += x[k - 1] * (x[(k + 1) % _SLOW] - x[k - 2])
        return result

    def diffusion(self, state):
        return self.noise_amplitude

    def observe(self, state):
        return state[:_SLOW]

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        # Near the attractor: from far away the fast waves outrun the time step.
        state = 0.1 * unit_normal_state(self.dimension, n_members, rng)
        state[:_SLOW] += 2.0
        return state
