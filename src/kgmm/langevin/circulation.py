"""A circulation that depends on the state: it moves a Langevin model along its density and keeps the density."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import xarray as xr

from kgmm.data.stored import finite_number, reading, refuse_non_finite
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.langevin.radial import RadialBasis

# Arrays of each basis, in the order of its fields, with their dimensions in a file.
_BASES = {
    PolynomialBasis: {"center": "variable", "half_width": "variable", "orders": ("term", "variable")},
    RadialBasis: {"origin": "variable", "unit": "variable", "centers": ("term", "variable"), "width": ()},
}


def basis_arrays(basis: PolynomialBasis | RadialBasis) -> dict[str, tuple]:
    """What :func:`basis_of` makes the basis of again: arrays with their dimensions."""
    return {name: (dims, np.asarray(getattr(basis, name))) for name, dims in _BASES[type(basis)].items()}


def basis_of(dataset: xr.Dataset) -> PolynomialBasis | RadialBasis:
    """The basis in a dataset with the arrays of :func:`basis_arrays` and ``coefficients`` of its functions."""
    kind = {basis.__name__: basis for basis in _BASES}[dataset.attrs["basis"]]
    arrays = {name: dataset[name].values[()] for name in _BASES[kind]}
    n_features = arrays[min(_BASES[kind], key=lambda name: np.ndim(arrays[name]) != 1)].size
    for name, dims in _BASES[kind].items():
        shape = {"variable": (n_features,), (): ()}.get(dims, (dataset["coefficients"].shape[-1], n_features))
        if np.shape(arrays[name]) != shape:
            raise ValueError(f"{name} has shape {np.shape(arrays[name])}: {shape} is expected")
    return kind(*arrays.values())


def variable_pairs(n_features: int) -> np.ndarray:
    """The entries above the diagonal, ``(i, j)`` with ``i < j``, shape ``(n_pairs, 2)``."""
    return np.stack(np.triu_indices(n_features, 1), axis=1)


@dataclass(frozen=True)
class Circulation:
    """An antisymmetric matrix field ``R(x)``, linear in its coefficients, with its divergence in closed form.

    ``dX = [(D + R(X)) s(X) + ∇·R(X)] dt + √2 D^½ dW`` with ``(∇·R)_i = Σ_j ∂_j R_ij`` has the invariant density ``p``
    with ``s = ∇ log p`` for every ``R``: the probability flux that ``R`` adds is ``∂_j (R_ij p)``, and its divergence
    ``∂_i ∂_j (R_ij p)`` vanishes because ``R`` is antisymmetric. All coordinates are the standardised ones of the
    score; :class:`kgmm.LangevinModel` does the translation.

    Attributes
    ----------
    basis : PolynomialBasis or RadialBasis
        ``φ_m``; far from the data they are constant or vanish, and their derivatives accordingly.
    coefficients : ndarray of shape (n_pairs, n_terms)
        ``R_ij(x) = Σ_m coefficients[(i, j), m] φ_m(x)`` for ``i < j`` in the order of ``numpy.triu_indices``.
    rate : float
        Root mean square over the data of the velocity ``R s + ∇·R``, that of the fastest variable: per unit of time.
    stderr : ndarray of shape (n_pairs, n_terms) or None
        Standard errors of the coefficients.

    Notes
    -----
    Source of the form: Ma, Chen & Fox, "A complete recipe for stochastic gradient MCMC", 2015.

    Examples
    --------
    A rotation about the first axis that grows with the first variable, ``R_23 = 2 x_1`` inside the box:

    >>> basis = PolynomialBasis.of_degree(np.zeros(3), np.ones(3), 1)
    >>> coefficients = np.zeros((3, 4))
    >>> coefficients[2, 1] = 2 / 3**0.5
    >>> field = Circulation(basis, coefficients)
    >>> field.matrix(np.array([[0.5, 0.0, 0.0]]))[0].round(6).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]
    >>> field.divergence(np.array([[0.5, 0.0, 0.0]])).round(6).tolist()
    [[0.0, 0.0, 0.0]]
    """

    basis: PolynomialBasis | RadialBasis
    coefficients: np.ndarray
    rate: float = 1.0
    stderr: np.ndarray | None = None

    def __post_init__(self):
        expected = (len(variable_pairs(self.n_features)), self.basis.n_terms)
        if np.shape(self.coefficients) != expected:
            raise ValueError(f"coefficients have shape {np.shape(self.coefficients)}: {expected} is expected")
        if not np.isfinite(self.coefficients).all():
            raise ValueError("coefficients have non-finite entries")

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.basis.n_features

    @cached_property
    def _rows(self) -> np.ndarray:
        """Coefficients of ``R_ij`` and of its derivative by ``x_j``, ``(2, n_features, n_features, n_terms)``."""
        d, pairs = self.n_features, variable_pairs(self.n_features)
        rows = np.zeros((2, d, d, self.basis.n_terms))
        for (i, j), coefficients in zip(pairs, self.coefficients):
            rows[0, i, j], rows[0, j, i] = coefficients, -coefficients
            rows[1, i, j] = self.basis.differentiate(coefficients, j)
            rows[1, j, i] = -self.basis.differentiate(coefficients, i)
        return rows

    def evaluator(self, device: str = "cpu", time_unit: float = 1.0) -> CirculationVelocity:
        """The velocity ``R s + ∇·R`` as a function of state and score, float32 on a device."""
        return CirculationVelocity(self, device, time_unit)

    def matrix(self, x: np.ndarray) -> np.ndarray:
        """``R`` at ``x`` of shape ``(n, n_features)``, standardised coordinates; ``(n, n_features, n_features)``."""
        values = self.basis.evaluate(torch.as_tensor(np.asarray(x, dtype=float).T)).values
        return np.einsum("ijm,mn->nij", self._rows[0], values.numpy(), optimize=True)

    def divergence(self, x: np.ndarray) -> np.ndarray:
        """``∇·R`` at ``x`` of shape ``(n, n_features)``, standardised coordinates; shape ``(n, n_features)``."""
        found = self.basis.evaluate(torch.as_tensor(np.asarray(x, dtype=float).T))
        entries = np.einsum("aijm,mn->aijn", self._rows, found.values.numpy(), optimize=True)
        divergence = np.einsum("ijn,jn->ni", entries[1], found.slope.numpy())
        if found.shift is not None:
            divergence += np.einsum("ijn,jn->ni", entries[0], found.shift.numpy())
        return divergence

    def scaled(self, factor: float) -> Circulation:
        """``factor · R``."""
        stderr = None if self.stderr is None else factor * self.stderr
        return replace(self, coefficients=factor * self.coefficients, rate=abs(factor) * self.rate, stderr=stderr)

    def to_dataset(self) -> xr.Dataset:
        """A dataset that :meth:`from_dataset` reads back."""
        arrays = basis_arrays(self.basis)
        arrays["coefficients"] = (("pair", "term"), self.coefficients)
        if self.stderr is not None:
            arrays["stderr"] = (("pair", "term"), self.stderr)
        return xr.Dataset(arrays, attrs={"basis": type(self.basis).__name__, "rate": self.rate})

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> Circulation:
        """The circulation in a dataset that :meth:`to_dataset` made."""
        with reading("circulation"):
            refuse_non_finite({str(name): values.values for name, values in dataset.items()})
            basis = basis_of(dataset)
            stderr = dataset["stderr"].values if "stderr" in dataset else None
            rate = finite_number(dataset.attrs, "rate", at_least=0.0)
            return cls(basis, dataset["coefficients"].values, rate, stderr)


class CirculationVelocity:
    """``R(x) s + ∇·R(x)`` for batches of shape ``(n_features, n_members)``: one product of matrices a call."""

    def __init__(self, circulation: Circulation, device: str = "cpu", time_unit: float = 1.0):
        self._basis, d = circulation.basis, circulation.n_features
        # The diagonal is zero and left out: entry (i, k) is column k of row i without it.
        off = ~np.eye(d, dtype=bool)
        rows = time_unit * circulation._rows[:, off]
        self._rows = torch.tensor(rows.reshape(-1, circulation.basis.n_terms), dtype=torch.float32, device=device)
        self._columns = torch.tensor(np.nonzero(off)[1], device=device)
        self._shape = (2, d, d - 1, -1)

    def __call__(self, state: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
        """The velocity, ``(n_features, n_members)``, from the state and the score there, of the same shape."""
        values, shift, slope = self._basis.evaluate(state)
        entries = (self._rows @ values).view(self._shape)
        factors = torch.stack([score if shift is None else score + shift, slope])
        return (entries * factors.index_select(1, self._columns).view(self._shape)).sum(dim=(0, 2))
