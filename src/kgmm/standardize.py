"""Standardised coordinates ``x̃ = (x − m)/S``, in which the method works, and the checks of its input."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


def check_samples(X: np.ndarray, *, at_least: int = 1, n_features: int | None = None) -> np.ndarray:
    """Samples as a two-dimensional floating-point array.

    Raises ``ValueError`` with the first offending entry for a wrong shape, too few samples, or non-finite values.
    """
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}: (n_samples, n_features) is expected")
    if X.shape[1] == 0:
        raise ValueError(f"X has shape {X.shape}: at least one feature is needed")
    if not np.issubdtype(X.dtype, np.number) or np.iscomplexobj(X):
        raise ValueError(f"X has type {X.dtype}: real numbers are expected")
    if n_features is not None and X.shape[1] != n_features:
        raise ValueError(f"X has {X.shape[1]} features: the model was fitted with {n_features}")
    if X.shape[0] < at_least:
        raise ValueError(f"X has {X.shape[0]} samples: at least {at_least} are needed")
    if not np.issubdtype(X.dtype, np.floating):
        X = X.astype(float)
    # The sum is finite unless something is wrong (or overflows), and costs no temporary array.
    with np.errstate(over="ignore", invalid="ignore"):
        total = X.sum()
    if not np.isfinite(total):
        bad = ~np.isfinite(X)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(f"X has {bad.sum()} non-finite values, the first in sample {row}, feature {column}")
    return X


@dataclass(frozen=True)
class Standardization:
    """Mean ``m``, standard deviation ``S`` and range of each variable, all ``(n_features,)``, physical units."""

    mean: np.ndarray
    scale: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray) -> Standardization:
        """From samples ``(n_samples, n_features)``. Raises ``ValueError`` if a variable is constant."""
        mean = X.mean(axis=0, dtype=float)
        scale = X.std(axis=0, dtype=float)
        lower, upper = X.min(axis=0).astype(float), X.max(axis=0).astype(float)
        # The range, not the deviation: that of a constant column is a rounding error, not exactly zero.
        constant = np.flatnonzero(lower == upper)
        if constant.size:
            raise ValueError(f"feature {constant[0]} of X is constant: it has no density")
        return cls(mean, scale, lower, upper)

    def to_variables(self) -> dict:
        """Variables of an xarray dataset from which :meth:`from_dataset` reads the same object."""
        return {field.name: ("variable", getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dataset(cls, dataset) -> Standardization:
        """From a dataset that holds :meth:`to_variables`."""
        return cls(*(dataset[field.name].values for field in fields(cls)))

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Physical to standardised, float64."""
        return (X - self.mean) / self.scale

    def backward(self, X: np.ndarray) -> np.ndarray:
        """Standardised to physical."""
        return X * self.scale + self.mean
