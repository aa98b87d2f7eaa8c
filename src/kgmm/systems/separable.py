"""Exact statistics of densities ``p(x) = Π_k p_k(x_k)`` with ``p_k ∝ exp(−U_k)``, by quadrature."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from kgmm.systems.base import System

_QUADRATURE_POINTS = 6001
_NEGLIGIBLE = 37.0  # e^-37: density that double precision cannot tell from zero beside that of the mode
_COARSEST = 8  # spacing of the convolution in steps of the quadrature, which resolves the density many times over
_EVALUATIONS_AT_ONCE = 4_000_000


class MarginalDensity:
    """The one-dimensional density ``p ∝ exp(−U)`` and its convolution with a normal law.

    Parameters
    ----------
    potential
        U, a function of an array of shape ``(n,)``; it must grow at both ends.
    lower, upper
        An interval outside which ``U`` exceeds its minimum by at least 37.
    """

    def __init__(self, potential: Callable[[np.ndarray], np.ndarray], lower: float, upper: float):
        from scipy.integrate import simpson  # here: planning a run must not wait for scipy

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
        from scipy.integrate import simpson

        return float(simpson(self._grid**order * self._density, x=self._grid))

    def cumulative(self, x: np.ndarray) -> np.ndarray:
        """``P(X ≤ x)`` for ``x`` of shape ``(n,)``."""
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(self._grid, self._density).antiderivative()
        return np.clip(spline(np.clip(x, self._grid[0], self._grid[-1])), 0.0, 1.0)

    def smoothed_score(self, x: np.ndarray, noise_scale: float) -> np.ndarray:
        """Score of ``p ∗ N(0, noise_scale²)`` at ``x`` of shape ``(n,)``.

        Evaluated as ``E[Y − x | x]/noise_scale²``, ``Y ~ p`` (Tweedie's formula), with a trapezoidal sum over ``Y``
        within eight noise scales: exponentially accurate because the integrand is smooth and vanishes at both ends.
        """
        if not noise_scale > 0:
            raise ValueError(f"noise scale is {noise_scale}: it must be positive")
        spacing = min(noise_scale / 8, _COARSEST * (self._grid[1] - self._grid[0]))
        n_nodes = 2 * int(np.ceil(8 * noise_scale / spacing)) + 1
        shift = np.linspace(-8 * noise_scale, 8 * noise_scale, n_nodes)
        kernel = -0.5 * (shift / noise_scale) ** 2
        result = np.empty(x.shape)
        for rows in np.array_split(np.arange(x.size), 1 + x.size * n_nodes // _EVALUATIONS_AT_ONCE):
            exponent = self.log_density(x[rows, None] + shift) + kernel
            weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
            result[rows] = (weight @ shift) / weight.sum(axis=1)
        return result / noise_scale**2


@dataclass(frozen=True)
class SeparableSystem(System):
    """A system whose stationary density is a product of one-dimensional ones, given by :meth:`_make_marginals`."""

    has_exact_density: ClassVar[bool] = True

    @abstractmethod
    def _make_marginals(self) -> tuple[MarginalDensity, ...]:
        """The density of each observed variable."""

    @cached_property
    def _marginals(self) -> tuple[MarginalDensity, ...]:
        return self._make_marginals()

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return sum(marginal.log_density(np.asarray(x)[:, k]) for k, marginal in enumerate(self._marginals))

    def marginal_density(self, variable: int, x: np.ndarray) -> np.ndarray:
        return np.exp(self._marginals[variable].log_density(np.asarray(x)))

    def smoothed_score(self, x: np.ndarray, noise_scale: np.ndarray) -> np.ndarray:
        columns = [
            marginal.smoothed_score(np.asarray(x)[:, k], float(noise_scale[k]))
            for k, marginal in enumerate(self._marginals)
        ]
        return np.stack(columns, axis=1)
