"""The mean velocity at a state as the circulation of a Langevin model: a field that need not be a bounded ``R(x)``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from kgmm.data.stored import finite_number, reading, refuse_non_finite
from kgmm.langevin.circulation import basis_arrays, basis_of
from kgmm.langevin.polynomials import PolynomialBasis


@dataclass(frozen=True)
class MeanVelocity:
    """``v(x) = E[ẋ | x]``, linear in its coefficients: ``dX = [D s(X) + v(X)] dt + √2 D^½ dW``.

    In a stationary process ``∇·(v p) = 0``, so that ``v`` moves probability along closed currents. It is ``R s + ∇·R``
    for some antisymmetric ``R``, see :class:`kgmm.langevin.circulation.Circulation`; but where currents run around a
    hole of the density, as on a limit cycle, ``R p`` is constant in the hole and ``R`` is as large as ``1/p`` there:
    no bounded ``R`` is near it. The velocity itself is a smooth function. What is lost is that the density is kept for
    any coefficients: it is kept as far as these are right.

    Attributes
    ----------
    basis : PolynomialBasis
        ``φ_m``; constant beyond the range of the data.
    coefficients : ndarray of shape (n_features, n_terms)
        ``v_i(x) = Σ_m coefficients[i, m] φ_m(x)``, standardised coordinates.
    rate : float
        Root mean square of the velocity over the data, per unit of time.
    stderr : ndarray of shape (n_features, n_terms) or None
        Standard errors of the coefficients.

    Examples
    --------
    A rotation of the plane:

    >>> basis = PolynomialBasis.of_degree(np.zeros(2), np.ones(2), 1)
    >>> field = MeanVelocity(basis, np.array([[0, 0, -1], [0, 1, 0]]) / 3**0.5)
    >>> field.evaluator()(torch.tensor([[0.5], [0.25]]), torch.zeros(2, 1)).ravel()
    tensor([-0.2500,  0.5000])
    """

    basis: PolynomialBasis
    coefficients: np.ndarray
    rate: float = 1.0
    stderr: np.ndarray | None = None

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.basis.n_features

    def evaluator(self, device: str = "cpu", time_unit: float = 1.0):
        """The velocity as a function of state and score, both ``(n_features, n_members)``, float32 on a device."""
        coefficients = torch.tensor(time_unit * self.coefficients, dtype=torch.float32, device=device)
        return lambda state, score: coefficients @ self.basis(state)

    def to_dataset(self) -> xr.Dataset:
        """A dataset that :meth:`from_dataset` reads back."""
        arrays = basis_arrays(self.basis)
        arrays["coefficients"] = (("component", "term"), self.coefficients)
        if self.stderr is not None:
            arrays["stderr"] = (("component", "term"), self.stderr)
        attributes = {"basis": type(self.basis).__name__, "rate": self.rate, "field": "mean velocity"}
        return xr.Dataset(arrays, attrs=attributes)

    @staticmethod
    def is_in(dataset: xr.Dataset) -> bool:
        """Whether a dataset holds a mean velocity, and not a circulation ``R``."""
        return dataset.attrs.get("field") == "mean velocity"

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> MeanVelocity:
        """The velocity in a dataset that :meth:`to_dataset` made."""
        with reading("mean velocity"):
            refuse_non_finite({str(name): values.values for name, values in dataset.items()})
            basis = basis_of(dataset)
            if not isinstance(basis, PolynomialBasis) or len(dataset["coefficients"]) != basis.n_features:
                raise ValueError(f"a mean velocity of {basis.n_features} variables has as many polynomials")
            stderr = dataset["stderr"].values if "stderr" in dataset else None
            rate = finite_number(dataset.attrs, "rate", at_least=0.0)
            return cls(basis, dataset["coefficients"].values, rate, stderr)
