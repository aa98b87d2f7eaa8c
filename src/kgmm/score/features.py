"""Functions whose gradients span a family of scores: polynomials and Gaussian bumps."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

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

    def moments(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``Σ ∇φ_j·∇φ_k`` and ``Σ (Δφ_j + ∇φ_j·base)`` over the rows of ``x``, ``(n_functions, n_functions)`` and
        ``(n_functions,)``, float64; ``x`` and ``base`` have shape ``(n, n_features)``."""

    def gradient(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """``Σ_j w_j ∇φ_j`` at ``x``, shape ``(n, n_features)``."""

    def to(self, device: str | torch.device, dtype: torch.dtype) -> Features:
        """The same functions on another device, in another precision."""

    def to_variables(self) -> dict:
        """Variables of an xarray dataset that hold the functions."""


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

    @cached_property
    def _degree(self) -> int:
        return int(self.exponents.max())

    @property
    def degree(self) -> int:
        """Largest total degree."""
        return int(self.exponents.sum(dim=1).max())

    @property
    def interaction(self) -> int:
        """Largest number of variables in one product."""
        return int((self.exponents > 0).sum(dim=1).max())

    @cached_property
    def _active(self) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Per variable: the functions it takes part in, its order there, and the table rows of the other factors."""
        device = self.exponents.device
        rows = self.exponents + torch.arange(self.n_features, device=device) * (self._degree + 1)
        result = []
        for variable in range(self.n_features):
            functions = (self.exponents[:, variable] > 0).nonzero()[:, 0]
            # Row 0 of the table is one.
            others = torch.zeros(self.interaction - 1, len(functions), dtype=torch.int64, device=device)
            for column, j in enumerate(functions.tolist()):
                active = [i for i in self.exponents[j].nonzero()[:, 0].tolist() if i != variable]
                others[: len(active), column] = rows[j, active]
            result.append((functions, self.exponents[functions, variable], others))
        return result

    def _table(self, x: torch.Tensor) -> torch.Tensor:
        """``He_a(x_i)/√(a!)`` in row ``i (degree + 1) + a``, shape ``(n_features (degree + 1), n)``."""
        table = x.new_empty(self.n_features, self._degree + 1, x.shape[0])
        table[:, 0] = 1.0
        table[:, 1] = x.T
        for a in range(1, self._degree):
            table[:, a + 1] = (x.T * table[:, a] - math.sqrt(a) * table[:, a - 1]) / math.sqrt(a + 1)
        return table.view(-1, x.shape[0])

    def _factors(self, table: torch.Tensor, variable: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The functions of a variable, its orders in them, and the product of their other factors ``(m, n)``."""
        functions, orders, others = self._active[variable]
        product = table.new_ones(len(functions), 1)
        for k, rows in enumerate(others):
            product = table[rows] if k == 0 else product * table[rows]
        return functions, orders, product

    def moments(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gram = torch.zeros(self.n_functions, self.n_functions, dtype=torch.float64)
        linear = torch.zeros(self.n_functions, dtype=torch.float64)
        table = self._table(x)
        for variable in range(self.n_features):
            functions, orders, product = self._factors(table, variable)
            start, order = variable * (self._degree + 1), orders.to(x.dtype)
            # He_a' = √a He_{a−1} in this normalisation; that of the second derivative vanishes for a = 1.
            first = product * table[start + orders - 1] * order.sqrt()[:, None]
            second = (product * table[start + (orders - 2).clamp(min=0)]).sum(dim=1) * (order * (order - 1)).sqrt()
            gram[functions[:, None], functions] += (first @ first.T).double()
            linear[functions] += (second + first @ base[:, variable]).double()
        return gram, linear

    def gradient(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        table = self._table_by_columns(x)
        columns = []
        for variable in range(self.n_features):
            functions, orders, product = self._factors(table, variable)
            start = variable * (self._degree + 1)
            factor = weights[functions] * orders.to(x.dtype).sqrt()
            columns.append(factor @ (product * table[start + orders - 1]))
        return torch.stack(columns, dim=1)

    def _table_by_columns(self, x: torch.Tensor) -> torch.Tensor:
        """:meth:`_table` without writing in place, which forward-mode differentiation needs."""
        values = [torch.ones_like(x.T), x.T]
        for a in range(1, self._degree):
            values.append((x.T * values[a] - math.sqrt(a) * values[a - 1]) / math.sqrt(a + 1))
        return torch.stack(values, dim=1).reshape(-1, x.shape[0])

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

    def moments(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        squares, bumps = self._bumps(x)
        c, width = self.centers.double(), self.width
        weighted = (bumps.T @ (bumps * squares)).double()
        # (x − c_j)·(x − c_k) = ½(|x − c_j|² + |x − c_k|² − |c_j − c_k|²): no product per variable is needed.
        gaps = (c * c).sum(dim=1)[:, None] + (c * c).sum(dim=1) - 2.0 * c @ c.T
        gram = 0.5 * (weighted + weighted.T - gaps.clamp(min=0.0) / width**2 * (bumps.T @ bumps).double()) / width**2
        laplacian = ((bumps * squares).sum(dim=0) - self.n_features * bumps.sum(dim=0)).double() / width**2
        pulls = ((bumps.T @ base).double() * c).sum(dim=1) - (bumps.T @ (x * base).sum(dim=1)).double()
        return gram, laplacian + pulls / width**2

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
