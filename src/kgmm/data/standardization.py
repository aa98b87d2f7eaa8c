"""Standardised coordinates ``x̃ = (x − m)/S``, in which the method works, and the checks of its input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from kgmm.data.missing_codes import unmasked
from kgmm.data.samples import Samples, pieces_of
from kgmm.data.stored import refuse_non_finite

# A whole number of the chunks in which moments are accumulated.
_ROWS_PER_READ = 1 << 20
# Of stored deviations, relative to the range: one value that differs from n others makes n^(−1/2) of it.
_LEAST_SCALE = 1e-9


def check_samples(X, *, at_least: int = 1, n_features: int | None = None):
    """Samples as a two-dimensional floating-point array; :class:`kgmm.data.samples.Samples` as they are.

    Raises ``ValueError`` with the first offending entry for a wrong shape, too few samples, or non-finite values
    (those of :class:`~kgmm.data.samples.Samples` are found when they are read).
    """
    if not isinstance(X, Samples):
        if hasattr(X, "toarray"):
            raise ValueError("X is a sparse matrix: a dense array is expected, such as X.toarray()")
        X = unmasked(X)
        if X.dtype == object:
            X = X.astype(float)
    # Some phrases are those that scikit-learn's checks of estimators look for.
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}: (n_samples, n_features) is expected. Reshape your data")
    if X.shape[1] == 0:
        raise ValueError(f"X has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    if np.issubdtype(X.dtype, np.complexfloating):
        raise ValueError(f"Complex data not supported: X has type {X.dtype}, real numbers are expected")
    if not np.issubdtype(X.dtype, np.number):
        raise ValueError(f"X has type {X.dtype}: real numbers are expected")
    if n_features is not None and X.shape[1] != n_features:
        raise ValueError(f"X has {X.shape[1]} features: the model was fitted with {n_features}")
    if X.shape[0] < at_least:
        raise ValueError(f"X has {X.shape[0]} samples: at least {at_least} are needed")
    if isinstance(X, Samples):
        return X
    if not np.issubdtype(X.dtype, np.floating):
        X = X.astype(float)
    _check_finite(X)
    # One layout: the order in which sums over it are taken follows from it, also for the columns of a DataFrame.
    return np.ascontiguousarray(X)


def _check_finite(X: np.ndarray, first: int = 0) -> None:
    """``first`` is the number of the first row within the whole."""
    # The sum is finite unless something is wrong (or overflows), and costs no temporary array.
    with np.errstate(over="ignore", invalid="ignore"):
        total = X.sum()
    if not np.isfinite(total):
        bad = ~np.isfinite(X)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(
                f"X has {bad.sum()} NaN or inf values, the first in sample {first + row}, feature {column}"
            )


@dataclass(frozen=True)
class Standardization:
    """Mean ``m``, standard deviation ``S`` and range of each variable, all ``(n_features,)``, physical units."""

    mean: np.ndarray
    scale: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def of(cls, X) -> Standardization:
        """From samples ``(n_samples, n_features)``, read in pieces.

        Raises ``ValueError`` for non-finite values and if a variable is constant.
        """
        return cls.of_pieces(pieces_of(X))

    @classmethod
    def of_pieces(cls, pieces: Iterable[tuple[int, np.ndarray]]) -> Standardization:
        """From pieces ``(n, n_features)`` of samples, each with the number of its first; raises as :meth:`of`."""
        count, mean, squares = 0, 0.0, 0.0
        lower, upper = np.inf, -np.inf
        for start, piece in pieces:
            _check_finite(piece, start)
            own_mean = piece.mean(axis=0, dtype=float)
            own_squares = len(piece) * piece.var(axis=0, dtype=float)
            # Sums about the means of the pieces (Chan, Golub & LeVeque 1983): no large numbers are subtracted.
            shift = own_mean - mean
            total = count + len(piece)
            mean = mean + shift * len(piece) / total
            squares = squares + own_squares + shift**2 * count * len(piece) / total
            lower, upper = np.minimum(lower, piece.min(axis=0)), np.maximum(upper, piece.max(axis=0))
            count = total
        # The range, not the deviation: that of a constant column is a rounding error, not exactly zero.
        constant = np.flatnonzero(lower == upper)
        if constant.size:
            raise ValueError(f"feature {constant[0]} of X is constant: it has no density")
        return cls(mean, np.sqrt(squares / count), lower.astype(float), upper.astype(float))

    def equals(self, other: Standardization) -> bool:
        """Whether both have the same mean and deviation."""
        return np.array_equal(self.mean, other.mean) and np.array_equal(self.scale, other.scale)

    def to_variables(self) -> dict:
        """Variables of an xarray dataset from which :meth:`from_dataset` reads the same object."""
        return {field.name: ("variable", getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dataset(cls, dataset) -> Standardization:
        """From a dataset that holds :meth:`to_variables`; ``ValueError`` for values that no data have."""
        arrays = {field.name: dataset[field.name].values for field in fields(cls)}
        refuse_non_finite(arrays)
        shapes = {values.shape for values in arrays.values()}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise ValueError(
                f"mean, scale, lower and upper have the shapes {sorted(shapes)}: one number each is needed"
            )
        if not (arrays["scale"] > 0).all() or not (arrays["lower"] < arrays["upper"]).all():
            raise ValueError("scale must be positive and lower below upper")
        mean, scale, lower, upper = (arrays[name] for name in ("mean", "scale", "lower", "upper"))
        span = upper - lower
        if not ((mean >= lower - 1e-3 * span) & (mean <= upper + 1e-3 * span)).all():
            raise ValueError("mean must lie between lower and upper")
        if not ((scale <= span) & (scale >= _LEAST_SCALE * span)).all():
            raise ValueError("scale is no deviation of values between lower and upper")
        return cls(**arrays)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Physical to standardised, float64."""
        return (X - self.mean) / self.scale

    def backward(self, X: np.ndarray) -> np.ndarray:
        """Standardised to physical."""
        return X * self.scale + self.mean


class StandardizedSamples:
    """Samples in standardised coordinates as float32 tensors, read by slices; in memory if they are few enough.

    Parameters
    ----------
    X
        Anything with ``shape`` and slicing, physical units.
    start, stop
        The rows of ``X`` that are wanted; all by default.
    """

    _MAX_IN_MEMORY = 100_000_000  # numbers

    def __init__(self, X, standardization: Standardization, start: int = 0, stop: int | None = None):
        self._source, self._standardization, self._start = X, standardization, start
        self.shape = ((X.shape[0] if stop is None else stop) - start, X.shape[1])
        self._held = None
        if self.shape[0] * self.shape[1] <= self._MAX_IN_MEMORY:
            held = np.empty(self.shape, dtype=np.float32)
            for first in range(0, self.shape[0], _ROWS_PER_READ):
                rows = self._rows(slice(first, first + _ROWS_PER_READ))
                held[first : first + len(rows)] = standardization.forward(rows)
            self._held = held

    def _rows(self, rows: slice) -> np.ndarray:
        first, last, _ = rows.indices(self.shape[0])
        return self._source[self._start + first : self._start + last]

    def __getitem__(self, rows: slice):
        import torch

        if self._held is not None:
            return torch.from_numpy(self._held[rows])
        values = self._standardization.forward(self._rows(rows))
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))

    def choose(self, size: int, rng: np.random.Generator):
        """``size`` different rows at random, in order; all of them if there are no more."""
        import torch

        n = self.shape[0]
        if size >= n:
            return self[:]
        rows = np.sort(rng.choice(n, size, replace=False, shuffle=False))
        parts = []
        for start, piece in pieces_of(self, _ROWS_PER_READ):
            first, last = np.searchsorted(rows, [start, start + len(piece)])
            parts.append(piece[torch.from_numpy(rows[first:last] - start)])
        return torch.cat(parts)
