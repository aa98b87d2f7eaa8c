"""The φ⁴ chain: coupled double wells, a nonlinear density whose every statistic is exact in any dimension."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgmm.systems.base import SimulationDefaults, System, unit_normal_state

_NEGLIGIBLE = 37.0  # e^-37: density that double precision cannot tell from zero beside that of the mode
_NODES = 1201
_SMOOTHING_REACH = 7.0  # noise scales on either side of a point; what lies beyond weighs e^-24
_SMOOTHING_SPACING = 3.0  # nodes per noise scale
_COARSEST = 0.12  # spacing of the nodes; the wells have a deviation of 0.35
_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Phi4Chain(System):
    """``dX = −∇U dt + √2 dW`` with ``U = Σ_i (x_i² − 1)² + ½ coupling Σ_i (x_{i+1} − x_i)²``, open ends.

    The density ``∝ exp(−U)`` is a Markov chain in ``i``: marginal densities, independent samples and the smoothed score
    follow from products of its transfer matrix ``exp(−½ coupling (x − y)²)`` (the lattice φ⁴ model in one dimension,
    Scalapino, Sears & Ferrell 1972, doi 10.1103/PhysRevB.6.3409).
    """

    n_variables: int = 4
    coupling: float = 1.0

    name = "phi4_chain"
    has_exact_density = True
    defaults = SimulationDefaults(
        scheme="heun", dt=0.005, burn_in=30.0, sample_interval=5.0, path_interval=0.02, path_length=200.0
    )

    def __post_init__(self):
        super().__post_init__()
        if self.n_variables < 1:
            raise ValueError(f"n_variables is {self.n_variables}: it must be at least 1")
        if self.coupling < 0:
            raise ValueError(f"coupling is {self.coupling}: it must not be negative")

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.n_variables))

    def drift(self, state):
        result = -4.0 * state * (state * state - 1.0)
        stretch = self.coupling * (state[1:] - state[:-1])
        result[:-1] += stretch
        result[1:] -= stretch
        return result

    def diffusion(self, state):
        return 2.0**0.5

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        return unit_normal_state(self.n_variables, n_members, rng)

    def mobility(self) -> np.ndarray:
        return np.eye(self.n_variables)

    def score(self, x: np.ndarray) -> np.ndarray:
        return self.drift(np.asarray(x, dtype=float).T).T

    def log_density(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        potential = ((x**2 - 1.0) ** 2).sum(axis=1) + 0.5 * self.coupling * (np.diff(x, axis=1) ** 2).sum(axis=1)
        return -potential - self._log_partition

    def marginal_density(self, variable: int, x: np.ndarray) -> np.ndarray:
        norm = self._unnormalized_marginal(variable, self._grid).sum() * self._step
        return self._unnormalized_marginal(variable, np.asarray(x, dtype=float)) / norm

    def _unnormalized_marginal(self, variable: int, x: np.ndarray) -> np.ndarray:
        """The messages of both neighbours are summed at ``x`` itself: no interpolation."""
        transfer = self._kernel(x, self._grid) * (self._well(self._grid) * self._step)
        density = self._well(x)
        for n_beyond in (variable, self.n_variables - 1 - variable):
            if n_beyond:
                density = density * (transfer @ self._messages[n_beyond - 1])
        return density

    def sample(self, n_samples: int, rng: np.random.Generator) -> np.ndarray:
        """Independent samples of the stationary density, shape ``(n_samples, n_variables)``.

        Each variable is drawn given the one before it from its tabulated law, uniformly within a step of the grid
        (0.0046), which adds a variance below 2e-6.
        """
        n = self.n_variables
        result = np.empty((n_samples, n))
        weight = self._well(self._grid)
        marginal = np.cumsum(weight * self._messages[n - 1])
        state = np.searchsorted(marginal / marginal[-1], rng.random(n_samples))
        result[:, 0] = state
        rows = np.arange(_NODES)
        kernel = self._kernel(self._grid, self._grid)
        for k in range(1, n):
            law = np.cumsum(kernel * (weight * self._messages[n - 1 - k]), axis=1)
            # One search for all rows: row k of the table is shifted by k.
            table = law / law[:, -1:] + rows[:, None]
            place = np.searchsorted(table.ravel(), rng.random(n_samples) + state)
            state = np.clip(place - state * _NODES, 0, _NODES - 1)
            result[:, k] = state
        return self._grid[0] + self._step * (result + rng.random(result.shape) - 0.5)

    def smoothed_score(self, x: np.ndarray, noise_scale: np.ndarray) -> np.ndarray:
        """Given ``x`` the unblurred chain is still Markov: forward and backward sums on nodes around each ``x_i``."""
        x, noise_scale = np.asarray(x, dtype=float), np.asarray(noise_scale, dtype=float)
        if not (noise_scale > 0).all():
            raise ValueError(f"noise scale is {noise_scale}: it must be positive")
        spacing = min(float(noise_scale.min()) / _SMOOTHING_SPACING, _COARSEST)
        n_nodes = 2 * int(np.ceil(_SMOOTHING_REACH * float(noise_scale.max()) / spacing)) + 1
        n_pieces = 1 + x.shape[0] * n_nodes**2 // _NUMBERS_AT_ONCE
        return np.concatenate([self._smoothed(rows, noise_scale, n_nodes) for rows in np.array_split(x, n_pieces)])

    def _smoothed(self, x: np.ndarray, noise_scale: np.ndarray, n_nodes: int) -> np.ndarray:
        shift = np.linspace(-_SMOOTHING_REACH, _SMOOTHING_REACH, n_nodes) * noise_scale[:, None]
        nodes = x[:, :, None] + shift
        exponent = -((nodes**2 - 1.0) ** 2) - 0.5 * (shift / noise_scale[:, None]) ** 2
        local = np.exp(exponent - exponent.max(axis=2, keepdims=True))
        n = self.n_variables
        kernels = [self._kernel(nodes[:, k], nodes[:, k + 1]) for k in range(n - 1)]
        forward, backward = [np.ones_like(local[:, 0])], [np.ones_like(local[:, 0])]
        for k in range(n - 1):
            message = np.einsum("nab,na->nb", kernels[k], local[:, k] * forward[-1])
            forward.append(message / message.max(axis=1, keepdims=True))
        for k in reversed(range(n - 1)):
            message = np.einsum("nab,nb->na", kernels[k], local[:, k + 1] * backward[-1])
            backward.append(message / message.max(axis=1, keepdims=True))
        weight = local * np.stack(forward, axis=1) * np.stack(backward[::-1], axis=1)
        return (weight * shift).sum(axis=2) / weight.sum(axis=2) / noise_scale**2

    def _kernel(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Transfer matrix between points ``x`` ``(…, n)`` and ``y`` ``(…, m)``, shape ``(…, n, m)``."""
        return np.exp(-0.5 * self.coupling * (x[..., :, None] - y[..., None, :]) ** 2)

    @staticmethod
    def _well(x: np.ndarray) -> np.ndarray:
        return np.exp(-((x**2 - 1.0) ** 2))

    @cached_property
    def _grid(self) -> np.ndarray:
        reach = (1.0 + _NEGLIGIBLE**0.5) ** 0.5
        return np.linspace(-reach, reach, _NODES)

    @property
    def _step(self) -> float:
        return float(self._grid[1] - self._grid[0])

    @cached_property
    def _scaled_messages(self) -> tuple[list[np.ndarray], float]:
        """What ``0, 1, …`` variables beyond a node contribute there, scaled to a maximum of one, and the log scale."""
        transfer = self._kernel(self._grid, self._grid) * (self._well(self._grid) * self._step)
        messages, log_scale = [np.ones(_NODES)], 0.0
        for _ in range(self.n_variables - 1):
            message = transfer @ messages[-1]
            log_scale += float(np.log(message.max()))
            messages.append(message / message.max())
        return messages, log_scale

    @property
    def _messages(self) -> list[np.ndarray]:
        return self._scaled_messages[0]

    @cached_property
    def _log_partition(self) -> float:
        messages, log_scale = self._scaled_messages
        return float(np.log((self._well(self._grid) * messages[-1]).sum() * self._step)) + log_scale
