"""Hidden variables beside the observed ones: a model with memory whose observed density is still that of a score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from kgmm.data.stored import finite_number, reading, refuse_non_finite
from kgmm.errors import ScientificFailure

_SMALLEST_EIGENVALUE = -1e-9


@dataclass(frozen=True)
class HiddenVariables:
    """``d(x, v) = M (s(x), −v) dt + √2 D^½ dW`` with ``D`` the symmetric part of ``M``.

    ``(s(x), −v)`` is the score of ``p(x) N(v; 0, 1)``, which therefore is the invariant density for every ``M`` whose
    symmetric part is positive semidefinite: that of the observed ``x`` is ``p``, exactly. With ``v`` eliminated the
    mobility of ``x`` has memory, ``ẋ = ∫ K(t − u) s(x(u)) du`` and noise of the covariance ``K``: the Mori–Zwanzig form
    of what unobserved variables do.

    Attributes
    ----------
    matrix : ndarray of shape (n_features + n_hidden, n_features + n_hidden)
        ``M``, observed variables first, standardised coordinates.
    n_features : int
        Observed variables.

    Raises
    ------
    ValueError
        If the matrix is not square, has fewer rows than there are variables, or is not finite.
    ScientificFailure
        If its symmetric part has a negative eigenvalue.

    Examples
    --------
    A particle in a potential, with a velocity and friction:

    >>> HiddenVariables(np.array([[0.0, -1.0], [1.0, 0.5]]), 1).noise_matrix.round(3).tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """

    matrix: np.ndarray
    n_features: int

    def __post_init__(self):
        size = len(self.matrix)
        if self.matrix.shape != (size, size) or size <= self.n_features:
            raise ValueError(
                f"the matrix of hidden variables has shape {self.matrix.shape}: a square one with more than "
                f"{self.n_features} rows is expected"
            )
        if not np.isfinite(self.matrix).all():
            raise ValueError("the matrix of hidden variables has non-finite entries")
        least = np.linalg.eigvalsh(0.5 * (self.matrix + self.matrix.T))[0]
        if least < _SMALLEST_EIGENVALUE * self.rate:
            raise ScientificFailure(
                f"the symmetric part of the matrix of hidden variables has the eigenvalue {least:.3g}: it must be "
                "positive semidefinite"
            )

    @property
    def n_hidden(self) -> int:
        """Number of hidden variables."""
        return len(self.matrix) - self.n_features

    @property
    def mobility(self) -> np.ndarray:
        """The part of ``M`` without memory, ``(n_features, n_features)``."""
        return self.matrix[: self.n_features, : self.n_features]

    @cached_property
    def rate(self) -> float:
        """Norm of ``M``: about the fastest rate of the model."""
        return float(np.linalg.norm(self.matrix, ord=2))

    @cached_property
    def noise_matrix(self) -> np.ndarray:
        """A root of ``2 D``."""
        values, vectors = np.linalg.eigh(self.matrix + self.matrix.T)
        return (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T

    def rates(self, of_score: np.ndarray) -> np.ndarray:
        """Largest absolute eigenvalue of the drift's Jacobian, ``(n,)``, from those of the score.

        Not its norm: an oscillation of frequency ``√(c² k)`` is a matrix with the entries ``c`` and ``c k``.
        """
        d, size = self.n_features, len(self.matrix)
        full = np.zeros((len(of_score), size, size))
        full[:, :d, :d] = of_score
        full[:, range(d, size), range(d, size)] = -1.0
        return np.abs(np.linalg.eigvals(self.matrix @ full)).max(axis=1)

    def to_dataset(self) -> xr.Dataset:
        """A dataset that :meth:`from_dataset` reads back."""
        return xr.Dataset({"matrix": (("row", "column"), self.matrix)}, attrs={"n_features": self.n_features})

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> HiddenVariables:
        """The hidden variables in a dataset that :meth:`to_dataset` made."""
        with reading("hidden variables"):
            refuse_non_finite({"matrix": dataset["matrix"].values})
            n_features = int(finite_number(dataset.attrs, "n_features", at_least=1))
            try:
                return cls(dataset["matrix"].values, n_features)
            except ScientificFailure as failure:  # no fit, but a file that was changed
                raise ValueError(str(failure)) from failure
