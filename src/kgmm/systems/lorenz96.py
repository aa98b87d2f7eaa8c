"""The two-scale Lorenz 96 model with additive noise; the slow variables are observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state

_SLOW, _FAST = 4, 10


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
    is_ring = True
    variables: ClassVar[tuple[str, ...]] = ("x1", "x2", "x3", "x4")
    defaults = SimulationDefaults(
        scheme="rk4", dt=0.005, burn_in=20.0, sample_interval=0.5, path_interval=0.02, path_length=100.0
    )

    @property
    def dimension(self) -> int:
        return _SLOW * (1 + _FAST)

    def drift(self, state):
        import torch

        given, state = state, torch.as_tensor(state)
        coupling = self.time_ratio / self.amplitude_ratio
        x, y = state[:_SLOW], state[_SLOW:].reshape(_SLOW, _FAST, -1)
        result = torch.empty_like(state)
        slow, fast = result[:_SLOW], result[_SLOW:].view(_SLOW, _FAST, -1)
        # The rings are opened with copies of their ends, so that every neighbour is a slice; fused operations, because
        # passes over memory are what the time goes into.
        ring = torch.cat((y[:, -1:], y, y[:, :2]), dim=1)
        torch.add((coupling * x)[:, None], y, alpha=-self.time_ratio * self.damping, out=fast)
        fast.addcmul_(ring[:, 2:-1], ring[:, :-3] - ring[:, 3:], value=self.time_ratio * self.amplitude_ratio)
        ring = torch.cat((x[-2:], x, x[:1]))
        torch.sum(y, dim=1, out=slow)
        slow.mul_(coupling).add_(x, alpha=-self.damping).add_(self.forcing)
        slow.addcmul_(ring[1:-2], ring[3:] - ring[:-3])
        return result if given is state else result.numpy()

    def diffusion(self, state):
        return self.noise_amplitude

    def observe(self, state):
        return state[:_SLOW]

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        # Near the attractor: from far away the fast waves outrun the time step.
        state = 0.1 * unit_normal_state(self.dimension, n_members, rng)
        state[:_SLOW] += 2.0
        return state
