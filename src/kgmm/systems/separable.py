"""Exact statistics of densities ``p(x) = Π_k p_k(x_k)`` with ``p_k ∝ exp(−U_k)``, by quadrature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import simpson
from scipy.interpolate import CubicSpline

_QUADRATURE_POINTS = 6001
_NEGLIGIBLE = 60.0  # e^-60: mass outside is far below double precision


class MarginalDensity:
    """The one-dimensional density ``p ∝ exp(−U)`` and its convolution with a normal law.

    Parameters
    ----------
    potential : U, a function of an array of shape ``(n,)``; it must grow at both ends.
    lower, upper : an interval outside which ``U`` exceeds its minimum by at least 60.
    """

    def __init__(self, potential: Callable[[np.ndarray], np.ndarray], lower: float, upper: float):
        wide = np.linspace(lower, upper, _QUADRATURE_POINTS)
        inside = potential(wide) - potential(wide).min() < _NEGLIGIBLE
        if inside[0] or inside[-1]:
            raise ValueError(f"[{lower}, {upper}] cuts off mass of the density")
        self._grid = np.linspace(wide[inside][0], wide[inside][-1], _QUADRATURE_POINTS)
        self._potential = potential
        self._minimum = potential(self._grid).min()
        self._partition = simpson(np.exp(-(potential(self._grid) - self._minimum)), x=self._grid)
        self._density = np.exp(self.log_density(self._grid))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Normalised ``log p`` at ``x`` of any shape."""
        return -(self._potential(x) - self._minimum) - np.log(self._partition)

    def moment(self, order: int) -> float:
        """``E[X^order]``."""
        return float(simpson(self._grid**order * self._density, x=self._grid))

    def cumulative(self, x: np.ndarray) -> np.ndarray:
        """``P(X ≤ x)`` for ``x`` of shape ``(n,)``."""
        spline = CubicSpline(self._grid, self._density).antiderivative()
        return np.clip(spline(np.clip(x, self._grid[0], self._grid[-1])), 0.0, 1.0)

    def smoothed_score(self, x: np.ndarray, noise_scale: float) -> np.ndarray:
        """Score of ``p ∗ N(0, noise_scale²)`` at ``x`` of shape ``(n,)``.

        Evaluated as ``E[Y − x | x]/noise_scale²``, ``Y ~ p`` (Tweedie's formula), with a trapezoidal sum over
        ``Y``: exponentially accurate here because the integrand is smooth and vanishes at both ends.
        """
        step = self._grid[1] - self._grid[0]
        if noise_scale < 2 * step:
            raise ValueError(f"noise scale {noise_scale} is finer than the quadrature step {step}")
        margin = 8 * noise_scale
        nodes = np.arange(self._grid[0] - margin, self._grid[-1] + margin, noise_scale / 8)
        table = np.empty_like(nodes)
        for rows in np.array_split(np.arange(nodes.size), max(1, nodes.size // 256)):
            shift = self._grid[None, :] - nodes[rows, None]
            exponent = self.log_density(self._grid)[None, :] - 0.5 * (shift / noise_scale) ** 2
            weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
            table[rows] = (weight * shift).sum(axis=1) / weight.sum(axis=1) / noise_scale**2
        return CubicSpline(nodes, table)(x)
