"""Functions whose gradients span a family of scores: polynomials and Gaussian bumps."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import torch


class Features(Protocol):
    """Functions ``φ_j`` whose gradients span a family of scores.

    Attributes
    ----------
    n_functions
        Number of functions.
    n_features
        Number of variables.
    """

    n_functions: int
    n_features: int

    def sums(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Sums over the rows of ``x`` from which :meth:`moments` follow, float64, so that those of many rows add up;
        ``x`` and ``base`` have shape ``(n, n_features)``."""

    def moments(self, *sums: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``Σ ∇φ_j·∇φ_k`` and ``Σ (Δφ_j + ∇φ_j·base)`` over the rows, ``(n_functions, n_functions)`` and
        ``(n_functions,)``, float64."""

    def gradient(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """``Σ_j w_j ∇φ_j`` at ``x``, shape ``(n, n_features)``."""

    def to(self, device: str | torch.device, dtype: torch.dtype) -> Features:
        """The same functions on another device, in another precision."""

    def to_variables(self) -> dict:
        """Variables of an xarray dataset that hold the functions."""


class _Derived(NamedTuple):
    """First and second derivatives of products of polynomials as multiples of such products of lower order.

    Attributes
    ----------
    functions
        Orders of the lower products, ``(n_lower, n_features)``.
    degree
        The highest of these orders, at least one.
    rows
        Their factors as rows of a table ``(n_features (degree + 1), n)``, ``(n_factors, n_lower)``.
    first, second
        Which of them the derivatives of a function are, ``(n_features, n_functions)``.
    first_factor, second_factor
        And times what, float64.
    """

    functions: torch.Tensor
    degree: int
    rows: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    first_factor: torch.Tensor
    second_factor: torch.Tensor


def _factor_rows(functions: torch.Tensor, degree: int) -> torch.Tensor:
    rows = torch.zeros(max(int((functions > 0).sum(dim=1).max()), 1), len(functions), dtype=torch.int64)
    for column, orders in enumerate(functions.tolist()):
        # Row 0 of the table is one.
        for factor, variable in enumerate(i for i, order in enumerate(orders) if order):
            rows[factor, column] = variable * (degree + 1) + orders[variable]
    return rows.to(functions.device)


@dataclass(frozen=True)
class PolynomialFeatures:
    """Products of normalised Hermite polynomials ``Π_i He_{a_i}(x_i)/√(a_i!)``.

    Attributes
    ----------
    exponents
        ``(n_functions, n_features)``, the orders ``a_i``, int64.
    """

    exponents: torch.Tensor

    @classmethod
    def up_to(cls, n_features: int, degree: int, interaction: int) -> PolynomialFeatures:
        """All products of total degree up to ``degree`` in which at most ``interaction`` variables take part."""
        rows = []
        for n_active in range(1, min(interaction, n_features, degree) + 1):
            orders = [o for o in itertools.product(range(1, degree + 1), repeat=n_active) if sum(o) <= degree]
            for active in itertools.combinations(range(n_features), n_active):
                for order in orders:
                    row = [0] * n_features
                    for variable, power in zip(active, order):
                        row[variable] = power
                    rows.append(row)
        return cls(torch.tensor(rows, dtype=torch.int64))

    @staticmethod
    def number(n_features: int, degree: int, interaction: int) -> int:
        """How many functions :meth:`up_to` gives."""
        return sum(
            math.comb(n_features, active) * math.comb(degree, active)
            for active in range(1, min(interaction, n_features, degree) + 1)
        )

    @property
    def n_functions(self) -> int:
        return self.exponents.shape[0]

    @property
    def n_features(self) -> int:
        return self.exponents.shape[1]

    @property
    def degree(self) -> int:
        """Largest total degree."""
        return int(self.exponents.sum(dim=1).max())

    @property
    def interaction(self) -> int:
        """Largest number of variables in one product."""
        return int((self.exponents > 0).sum(dim=1).max())

    @cached_property
    def _derived(self) -> _Derived:
        """A derivative of a Hermite polynomial is one of lower order: ``He_a' = √a He_{a−1}`` in this normalisation."""
        orders, units = self.exponents, torch.eye(self.n_features, dtype=torch.int64, device=self.exponents.device)
        lower = torch.stack([orders - step * unit for step in (1, 2) for unit in units])
        factor = torch.stack([orders.T, orders.T * (orders.T - 1)]).double().sqrt().flatten(0, 1)
        # What vanishes points to the constant.
        lower = torch.where((factor > 0)[:, :, None], lower, 0)
        functions, index = torch.unique(lower.flatten(0, 1), dim=0, return_inverse=True)
        first, second = index.view(2, self.n_features, -1)
        degree = max(int(functions.max()), 1)
        rows = _factor_rows(functions, degree)
        return _Derived(functions, degree, rows, first, second, *factor.view(2, self.n_features, -1))

    def _values(self, x: torch.Tensor) -> torch.Tensor:
        """The functions of which first and second derivatives are multiples, ``(n_lower, n)``."""
        rows = self._derived.rows
        # Not written in place, which forward-mode differentiation needs.
        table = [torch.ones_like(x.T), x.T]
        for a in range(1, self._derived.degree):
            table.append((x.T * table[a] - math.sqrt(a) * table[a - 1]) / math.sqrt(a + 1))
        flat = torch.stack(table, dim=1).flatten(0, 1)
        product = flat[rows[0]]
        for others in rows[1:]:
            product = product * flat[others]
        return product

    def sums(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, ...]:
        values = self._values(x)
        return (values @ values.T).double(), values.sum(dim=1).double(), (values @ base).double()

    def moments(self, *sums: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        (products, of_functions, with_base), derived = sums, self._derived
        gram = torch.zeros(self.n_functions, self.n_functions, dtype=torch.float64)
        linear = torch.zeros(self.n_functions, dtype=torch.float64)
        for k in range(self.n_features):
            first, factor = derived.first[k], derived.first_factor[k]
            gram += products[first[:, None], first] * factor[:, None] * factor
            linear += with_base[first, k] * factor + of_functions[derived.second[k]] * derived.second_factor[k]
        return gram, linear

    def gradient(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        values, derived = self._values(x), self._derived
        coefficients = weights.new_zeros(self.n_features, len(values))
        coefficients.scatter_add_(1, derived.first, derived.first_factor.to(weights.dtype) * weights)
        return values.T @ coefficients.T

    def to(self, device: str | torch.device, dtype: torch.dtype) -> PolynomialFeatures:
        return replace(self, exponents=self.exponents.to(device))

    def to_variables(self) -> dict:
        return {"exponents": (("function", "variable"), self.exponents.cpu().numpy())}


@dataclass(frozen=True)
class RadialFeatures:
    """Gaussian bumps ``exp(−|x − c_j|²/2 width²)`` at centres.

    Attributes
    ----------
    centers
        ``(n_functions, n_features)``.
    width
        In standard deviations of the data.
    """

    centers: torch.Tensor
    width: float

    @property
    def n_functions(self) -> int:
        return self.centers.shape[0]

    @property
    def n_features(self) -> int:
        return self.centers.shape[1]

    def _bumps(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Squared distances in widths, and the bumps, ``(n, n_functions)`` each."""
        c = self.centers
        squares = (x * x).sum(dim=1, keepdim=True) + (c * c).sum(dim=1) - 2.0 * (x @ c.T)
        squares = squares.clamp(min=0.0) / self.width**2
        return squares, torch.exp(-0.5 * squares)

    def sums(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, ...]:
        squares, bumps = self._bumps(x)
        weighted, products = (bumps.T @ (bumps * squares)).double(), (bumps.T @ bumps).double()
        laplacian = ((bumps * squares).sum(dim=0) - self.n_features * bumps.sum(dim=0)).double()
        pulls = ((bumps.T @ base).double() * self.centers).sum(dim=1) - (bumps.T @ (x * base).sum(dim=1)).double()
        return weighted, products, laplacian + pulls

    def moments(self, *sums: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weighted, products, linear = sums
        c, square = self.centers.double(), self.width**2
        # (x − c_j)·(x − c_k) = ½(|x − c_j|² + |x − c_k|² − |c_j − c_k|²): no product per variable is needed.
        gaps = (c * c).sum(dim=1)[:, None] + (c * c).sum(dim=1) - 2.0 * c @ c.T
        return 0.5 * (weighted + weighted.T - gaps.clamp(min=0.0) / square * products) / square, linear / square

    def gradient(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        weighted = self._bumps(x)[1] * (weights / self.width**2)
        return weighted @ self.centers - weighted.sum(dim=1, keepdim=True) * x

    def to(self, device: str | torch.device, dtype: torch.dtype) -> RadialFeatures:
        return replace(self, centers=self.centers.to(device, dtype))

    def to_variables(self) -> dict:
        return {
            "radial_center": (("function", "variable"), self.centers.cpu().numpy()),
            "radial_width": ((), self.width),
        }
