"""The Kuramoto–Sivashinsky equation on a periodic interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgmm.systems.base import SimulationDefaults, System


@dataclass(frozen=True)
class KuramotoSivashinsky(System):
    """``u_t = −u u_x − u_xx − u_xxxx``, periodic with period ``length``, zero mean, deterministic.

    Pseudospectral on ``n_grid`` points; integrate it with ``etdrk4`` (Kassam & Trefethen 2005). All grid points are
    recorded; models are built on a few equispaced ones (arXiv:2503.18054, section 3: 4, 8 and 16), which is a matter
    of the data and not of the simulation. It is slow: a point is correlated with itself by 0.38 after 40 time units.
    """

    length: float = 34.0
    n_grid: int = 64

    name = "kuramoto_sivashinsky"
    stochastic = False
    is_ring = True
    defaults = SimulationDefaults(
        scheme="etdrk4", dt=0.1, burn_in=500.0, sample_interval=10.0, path_interval=2.0, path_length=2700.0
    )

    def __post_init__(self):
        super().__post_init__()
        if not self.length > 0:
            raise ValueError(f"length is {self.length}: it must be positive")
        if self.n_grid < 8 or self.n_grid % 2:
            raise ValueError(f"n_grid is {self.n_grid}: it must be even and at least 8")

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(f"u{k + 1}" for k in range(self.n_grid))

    @property
    def dimension(self) -> int:
        return self.n_grid

    @cached_property
    def wavenumbers(self) -> np.ndarray:
        """Of the modes of a real transform, shape ``(n_grid/2 + 1,)``."""
        return 2 * np.pi / self.length * np.arange(self.n_grid // 2 + 1)

    @cached_property
    def linear_symbol(self) -> np.ndarray:
        """``k² − k⁴``, the growth rate of each mode."""
        return self.wavenumbers**2 - self.wavenumbers**4

    def symmetries(self, n_features: int) -> tuple[np.ndarray, ...]:
        # u(x) → −u(−x) leaves the equation unchanged.
        reflection = -np.eye(n_features)[(-np.arange(n_features)) % n_features]
        return (*super().symmetries(n_features), reflection)

    def nonlinear(self, modes):
        """Transform of ``−½ ∂_x u²`` from the modes of ``u``, both ``(n_modes, n_members)``."""
        import torch

        u = torch.fft.irfft(modes, n=self.n_grid, dim=0)
        derivative = torch.as_tensor(-0.5j * self._odd_wavenumbers[:, None], dtype=modes.dtype, device=modes.device)
        return derivative * torch.fft.rfft(u * u, dim=0)

    @cached_property
    def _odd_wavenumbers(self) -> np.ndarray:
        # The mode of the shortest wave has no odd derivative on the grid.
        return np.append(self.wavenumbers[:-1], 0.0)

    def drift(self, state):
        import torch

        modes = torch.fft.rfft(torch.as_tensor(state), dim=0)
        symbol = torch.as_tensor(self.linear_symbol[:, None], dtype=modes.real.dtype, device=modes.device)
        result = torch.fft.irfft(symbol * modes + self.nonlinear(modes), n=self.n_grid, dim=0)
        return result if isinstance(state, torch.Tensor) else result.numpy()

    def diffusion(self, state):
        return 0.0

    def initial_state(self, n_members: int, rng: np.random.Generator) -> np.ndarray:
        """Random superpositions of the unstable waves."""
        x = self.length * np.arange(self.n_grid) / self.n_grid
        unstable = self.wavenumbers[1:][self.wavenumbers[1:] < 1.0]
        waves = np.cos(np.outer(x, unstable)), np.sin(np.outer(x, unstable))
        return sum(wave @ rng.standard_normal((unstable.size, n_members)) for wave in waves)
