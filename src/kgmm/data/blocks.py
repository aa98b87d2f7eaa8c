"""Nearly independent blocks of data: standard errors and effective sizes without an autocorrelation time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kgmm.data.observation import BLOCKS
from kgmm.data.samples import pieces_of
from kgmm.data.standardization import Standardization


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    stderr: float


def blocks_of(values: np.ndarray, n_blocks: int = BLOCKS) -> list[np.ndarray]:
    """Nearly independent blocks of one variable, ``values`` of shape ``(member, time)``: members where they suffice."""
    if values.shape[0] >= n_blocks:
        return np.array_split(values, n_blocks, axis=0)
    return np.array_split(values.reshape(-1), n_blocks)


class BlockMoments:
    """First and second moments of samples in contiguous blocks, filled piece by piece, for their effective size.

    Parameters
    ----------
    n_samples
        Number of samples in all.
    standardization
        Of the samples.
    """

    def __init__(self, n_samples: int, standardization: Standardization, n_blocks: int = BLOCKS):
        self._n_samples, self._standardization = n_samples, standardization
        self._n_blocks = min(n_blocks, n_samples // 2)
        self._counts = np.zeros(self._n_blocks)
        self._sums = np.zeros((2, standardization.scale.size, self._n_blocks))
        self._fourth = np.zeros(standardization.scale.size)

    def add(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Adds samples ``(n, n_features)`` with their numbers ``rows``, ``(n,)``, in the order of time."""
        if self._n_blocks < 2:
            return
        block = rows * self._n_blocks // self._n_samples
        self._counts += np.bincount(block, minlength=self._n_blocks)
        for k, x in enumerate(self._standardization.forward(values).T):
            squares = x * x
            self._fourth[k] += (squares * squares).sum()
            for sums, moment in zip(self._sums[:, k], (x, squares)):
                sums += np.bincount(block, weights=moment, minlength=self._n_blocks)

    def effective_sizes(self) -> np.ndarray:
        """Number of independent samples worth those added, for each variable, shape ``(n_features,)``.

        ``2 / Σ_f (Var(f̄)/Var(f))``, ``f`` being the variable and its square, and ``Var(f̄)`` from the scatter of blocks.
        The bins of a histogram are narrower and forget faster.
        """
        n_features = self._sums.shape[1]
        if self._n_blocks < 2:
            return np.full(n_features, float(self._n_samples))
        means = self._sums / self._counts
        weight = self._counts / self._counts.sum()
        overall = (means * weight).sum(axis=2)
        scatter = ((means - overall[:, :, None]) ** 2 * weight).sum(axis=2) / (self._n_blocks - 1)
        variance = np.stack([np.ones(n_features), self._fourth / self._counts.sum() - overall[1] ** 2])
        # The square of a variable with two values does not vary, and says nothing.
        varies = variance > 1e-6
        shares = np.where(varies, scatter / np.maximum(variance, 1e-6), 0.0).sum(axis=0)
        return np.minimum(varies.sum(axis=0) / np.maximum(shares, 1e-300), float(self._n_samples))


def effective_sizes(samples, standardization: Standardization) -> np.ndarray:
    """Number of independent samples worth the given ones, for each variable, shape ``(n_features,)``.

    From the variance between contiguous blocks, see :meth:`BlockMoments.effective_sizes`.

    Parameters
    ----------
    samples
        ``(n_samples, n_features)`` in order of time, read in pieces: an array or :class:`kgmm.data.samples.Samples`.
    standardization
        Of the same samples.
    """
    moments = BlockMoments(samples.shape[0], standardization)
    for start, piece in pieces_of(samples):
        moments.add(np.arange(start, start + len(piece)), piece)
    return moments.effective_sizes()


def jackknife_variance(leave_one_out: list) -> float | np.ndarray:
    """Variance of a statistic, a number or an array, from its values without each of the blocks in turn."""
    values = np.asarray(leave_one_out)
    n = len(values)
    return (n - 1) / n * np.square(values - values.mean(axis=0)).sum(axis=0)
