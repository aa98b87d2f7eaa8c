"""Polynomials of several variables on a box, held constant beyond it: the basis of a circulation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
import torch
from numpy.polynomial import legendre

_MAX_TERMS = 5000
_MAX_ORDER = 63


class BasisValues(NamedTuple):
    """Functions at points, with what their derivatives take.

    For every basis here ``∂_k Σ_m a_m φ_m = slope_k Σ_m a'_m φ_m + shift_k Σ_m a_m φ_m`` with
    ``a' = basis.differentiate(a, k)``: the derivatives need no functions beyond ``φ``.

    Attributes
    ----------
    values : torch.Tensor of shape (n_terms, n)
    shift : torch.Tensor of shape (n_features, n) or None
        None is zero.
    slope : torch.Tensor of shape (n_features, n)
    """

    values: torch.Tensor
    shift: torch.Tensor | None
    slope: torch.Tensor


class _Level(NamedTuple):
    """Products with the same number of variables: ``φ_m = φ_parent · P_order(u_variable)``."""

    parent: torch.Tensor
    factor: torch.Tensor


@dataclass(frozen=True)
class PolynomialBasis:
    """Products ``φ_m(x) = Π_k √(2 e_mk + 1) P_{e_mk}(u_k)`` of Legendre polynomials, orthonormal on a box.

    ``u_k = (x_k − center_k)/half_width_k`` is clamped to [−1, 1], so that the functions are continuous and bounded
    everywhere; beyond the box in a direction their derivative in that direction is zero.

    Attributes
    ----------
    center, half_width : ndarray of shape (n_features,)
        The box.
    orders : ndarray of int, shape (n_terms, n_features)
        ``e_mk``; see :meth:`of_degree` for their order.

    Examples
    --------
    >>> basis = PolynomialBasis.of_degree([0.0, 0.0], [2.0, 2.0], 1)
    >>> basis.orders.tolist()
    [[0, 0], [1, 0], [0, 1]]
    >>> basis(torch.tensor([[1.0], [5.0]])).ravel() / 3**0.5  # √3 P₁(u) = √3 u, and u = 1 beyond the box
    tensor([0.5774, 0.5000, 1.0000])
    """

    center: np.ndarray
    half_width: np.ndarray
    orders: np.ndarray

    def __post_init__(self):
        orders = np.asarray(self.orders)
        if orders.dtype.kind not in "iu" or orders.min(initial=0) < 0 or orders.max(initial=0) > _MAX_ORDER:
            raise ValueError(f"orders must be integers from 0 to {_MAX_ORDER}")
        if not (np.asarray(self.half_width) > 0).all():
            raise ValueError(f"half widths are {self.half_width}: they must be positive")

    @classmethod
    def of_degree(cls, center, half_width, degree: int) -> PolynomialBasis:
        """All products of total degree up to ``degree``, those of fewer variables first.

        Parameters
        ----------
        center, half_width : array_like of shape (n_features,)
            The box; half widths are positive.
        degree : int
            At least 0.

        Raises
        ------
        ValueError
            If the degree is negative or the basis would have more than 5000 terms.
        """
        center, half_width = np.asarray(center, dtype=float), np.asarray(half_width, dtype=float)
        if degree < 0:
            raise ValueError(f"degree is {degree}: it must be at least 0")
        n_terms = comb(center.size + degree, degree)
        if n_terms > _MAX_TERMS:
            raise ValueError(f"degree {degree} in {center.size} variables gives {n_terms} terms: at most {_MAX_TERMS}")
        orders = [np.zeros(center.size, dtype=int)]
        for n_active in range(1, min(center.size, degree) + 1):
            for variables in combinations(range(center.size), n_active):
                for powers in _compositions(n_active, degree):
                    row = np.zeros(center.size, dtype=int)
                    row[list(variables)] = powers
                    orders.append(row)
        return cls(center, half_width, np.array(orders))

    @property
    def n_terms(self) -> int:
        """Number of functions."""
        return len(self.orders)

    @property
    def degrees(self) -> np.ndarray:
        """Total degree of each function, shape ``(n_terms,)``."""
        return self.orders.sum(axis=1)

    @cached_property
    def _index(self) -> dict[tuple[int, ...], int]:
        return {tuple(row): m for m, row in enumerate(self.orders)}

    @cached_property
    def _levels(self) -> list[_Level]:
        """How the functions are built from those of one variable fewer; rows of ``factor`` are ``variable, order``."""
        degree, levels = int(self.orders.max(initial=0)), []
        n_active = (self.orders > 0).sum(axis=1)
        for level in range(2, n_active.max(initial=0) + 1):
            parents, factors = [], []
            for row in self.orders[n_active == level]:
                last = int(np.flatnonzero(row)[-1])
                parent = row.copy()
                parent[last] = 0
                parents.append(self._index[tuple(parent)])
                factors.append(last * (degree + 1) + row[last])
            levels.append(_Level(torch.tensor(parents), torch.tensor(factors)))
        return levels

    @cached_property
    def _single(self) -> torch.Tensor:
        degree = int(self.orders.max(initial=0))
        rows = self.orders[(self.orders > 0).sum(axis=1) == 1]
        variables = rows.argmax(axis=1) if len(rows) else np.empty(0, dtype=int)
        return torch.tensor(variables * (degree + 1) + rows.max(axis=1, initial=0), dtype=torch.long)

    def to_unit(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Clamped ``u`` at ``x`` of shape ``(n_features, n)``, and ``∂u_k/∂x_k``, zero beyond the box."""
        center, half_width = (
            torch.as_tensor(v, dtype=x.dtype, device=x.device)[:, None] for v in (self.center, self.half_width)
        )
        u = (x - center) / half_width
        inside = (u.abs() <= 1).to(x.dtype)
        return u.clamp(-1.0, 1.0), inside / half_width

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """``φ_m(x)``, shape ``(n_terms, n)``, at ``x`` of shape ``(n_features, n)``."""
        return self.at_unit(self.to_unit(x)[0])

    def at_unit(self, u: torch.Tensor) -> torch.Tensor:
        """``φ_m`` at clamped ``u`` of shape ``(n_features, n)``."""
        degree = int(self.orders.max(initial=0))
        table = torch.empty((u.shape[0], degree + 1, u.shape[1]), dtype=u.dtype, device=u.device)
        table[:, 0] = 1.0
        if degree:
            table[:, 1] = u
        for k in range(1, degree):
            # (k + 1) P_{k+1} = (2k + 1) u P_k − k P_{k−1}
            table[:, k + 1] = table[:, k] * u
            table[:, k + 1].mul_((2 * k + 1) / (k + 1)).sub_(table[:, k - 1], alpha=k / (k + 1))
        norms = torch.sqrt(2.0 * torch.arange(degree + 1, dtype=u.dtype, device=u.device) + 1.0)
        table = (table * norms[:, None]).reshape(-1, u.shape[1])
        parts = [table[:1], table.index_select(0, self._single.to(u.device))]
        values = torch.cat(parts)
        for level in self._levels:
            product = values.index_select(0, level.parent.to(u.device))
            values = torch.cat([values, product.mul_(table.index_select(0, level.factor.to(u.device)))])
        return values

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.center.size

    def evaluate(self, x: torch.Tensor) -> BasisValues:
        """Values and the parts of their derivatives at ``x`` of shape ``(n_features, n)``."""
        u, slope = self.to_unit(x)
        return BasisValues(self.at_unit(u), None, slope)

    def differentiate(self, coefficients: np.ndarray, k: int) -> np.ndarray:
        """See :class:`BasisValues`; ``(…, n_terms)``."""
        return coefficients @ self.derivative_matrices[k].T

    def differentiate_values(self, values: torch.Tensor, k: int) -> torch.Tensor:
        """The transpose of :meth:`differentiate`, for values ``(n_terms, n)``."""
        return torch.tensor(self.derivative_matrices[k].T, dtype=values.dtype) @ values

    def image(self, source: np.ndarray, sign: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``φ_m(Sᵀ x) = signs_m φ_{images_m}(x)`` for ``(S x)_i = sign_i x_source_i``, of a box that ``S`` keeps."""
        target = np.argsort(source)
        images = np.array([self._index[tuple(row[source])] for row in self.orders])
        return images, np.array([np.prod(sign[target] ** row) for row in self.orders])

    def restricted(self, terms: np.ndarray) -> PolynomialBasis:
        """The functions with the given numbers, which must hold all lower ones of each."""
        return PolynomialBasis(self.center, self.half_width, self.orders[terms])

    @cached_property
    def derivative_matrices(self) -> np.ndarray:
        """``M_k`` with ``∂φ_m/∂u_k = Σ_l M_k[l, m] φ_l`` inside the box, ``(n_features, n_terms, n_terms)``."""
        matrices = np.zeros((self.center.size, self.n_terms, self.n_terms))
        for m, row in enumerate(self.orders):
            for k in np.flatnonzero(row):
                slope = legendre.legder(np.eye(row[k] + 1)[row[k]]) * np.sqrt(2 * row[k] + 1)
                for order in np.flatnonzero(slope):
                    lower = row.copy()
                    lower[k] = order
                    matrices[k, self._index[tuple(lower)], m] = slope[order] / np.sqrt(2 * order + 1)
        return matrices


def _compositions(n_parts: int, total: int) -> list[tuple[int, ...]]:
    """Positive integers, ``n_parts`` of them, with a sum of at most ``total``."""
    if n_parts == 1:
        return [(k,) for k in range(1, total + 1)]
    return [(k, *rest) for k in range(1, total - n_parts + 2) for rest in _compositions(n_parts - 1, total - k)]
