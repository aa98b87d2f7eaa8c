"""Correlations of observables with weights in blocks of a path, and the errors that follow from their scatter."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy import fft

from kgmm.data.blocks import BLOCKS
from kgmm.langevin.response_weights import Weights

_ROUNDING = 1e-9
# Points from which observables are regressed on polynomials, for the standard errors.
_REGRESSION_POINTS = 10_000


class BlockCorrelations:
    """Correlations of observables with weights, in blocks of the path that may be taken as independent.

    Parameters
    ----------
    weights
        ``(n_weights, n_members, n_times)``.
    n_lags
        Number of lags.
    """

    def __init__(self, weights: np.ndarray, n_lags: int):
        _, self._n_members, self._n_times = weights.shape
        self._n_lags = n_lags
        self._blocks = _blocks(self._n_members, self._n_times)
        self._weights = weights
        longest = max(weights[:, *block].shape[2] for block in self._blocks)
        self._size = fft.next_fast_len(longest + n_lags, real=True)

    @cached_property
    def _transforms(self) -> list[np.ndarray]:
        return [np.conj(fft.rfft(self._weights[:, *block], self._size)) for block in self._blocks]

    def blocks_of(self, a: np.ndarray) -> np.ndarray:
        """``E[a(t + τ) B(t)]`` of an observable ``(n,)`` in every block, ``(n_weights, n_blocks, n_lags)``."""
        a = a.reshape(self._n_members, self._n_times)
        found = []
        for block, transform in zip(self._blocks, self._transforms):
            length = a[block].shape[1]
            product = (fft.rfft(a[block], self._size) * transform).mean(axis=1)
            found.append(fft.irfft(product, self._size)[:, : self._n_lags] / (length - np.arange(self._n_lags)))
        return np.stack(found, axis=1)

    def of_block(self, values: np.ndarray, block: int) -> np.ndarray:
        """Those of ``(n, …)`` values, one for each state, that belong to a block."""
        values = values.reshape(self._n_members, self._n_times, *values.shape[1:])
        part = values[self._blocks[block]]
        return part.reshape(-1, *part.shape[2:])

    def some_pairs(self, x: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States ``(n, n_features)`` at some times, and an observable at the lags after them, ``(n, n_lags)``."""
        n_starts = self._n_times - self._n_lags + 1
        step = max(1, self._n_members * n_starts // _REGRESSION_POINTS)
        rows = np.arange(0, self._n_members * n_starts, step)
        start = rows // n_starts * self._n_times + rows % n_starts
        return x[start], a[start[:, None] + np.arange(self._n_lags)]

    @property
    def first(self) -> np.ndarray:
        """The first weight at all states."""
        return self._weights[0].reshape(-1)

    def means_of(self, x: np.ndarray) -> np.ndarray:
        """Means over the blocks of ``(n,)`` numbers, one for each state."""
        x = x.reshape(self._n_members, self._n_times)
        return np.array([x[block].mean() for block in self._blocks])


def check(correlations: list[BlockCorrelations], a: list[np.ndarray], derivative: list[np.ndarray]) -> float:
    """How many standard errors ``E[aB]`` is from ``E[u·∇a]``, over the path and its images."""
    mean = np.mean(a)
    return deviation(correlations, [(x - mean) * c.first - y for c, x, y in zip(correlations, a, derivative)])


def deviation(correlations: list[BlockCorrelations], x: list[np.ndarray]) -> float:
    """How many standard errors the mean of numbers at all states is from zero."""
    means = np.mean([c.means_of(own) for c, own in zip(correlations, x)], axis=0)
    # What symmetry makes zero is zero but for rounding, and so is its error.
    rounding = _ROUNDING * np.sqrt(np.mean(np.square(x)))
    return float(means.mean() / max(means.std(ddof=1) / len(means) ** 0.5, rounding, 1e-300))


def _blocks(n_members: int, n_times: int) -> list[tuple]:
    """Slices of members, or of times where these are few, that may be taken as independent."""
    if n_members >= BLOCKS:
        edges = np.linspace(0, n_members, BLOCKS + 1).astype(int)
        return [(slice(a, b), slice(None)) for a, b in pairwise(edges)]
    edges = np.linspace(0, n_times, BLOCKS + 1).astype(int)
    return [(slice(None), slice(a, b)) for a, b in pairwise(edges)]


def deviations_of_blocks(weights: Weights, correlations: list[BlockCorrelations]) -> np.ndarray | None:
    """What the corrected weights violate the identities by in every block, ``(n_blocks, n_terms)``; zero on average.

    The correction removes from the response of all blocks together what these deviations explain. So it must be taken
    out of each block, or the scatter of the blocks would be that of a response without correction.
    """
    if weights.identities is None:
        return None
    found = [
        [weights.identities.deviations(*(c.of_block(v, k) for v in each)) for k in range(BLOCKS)]
        for c, *each in zip(correlations, weights.images, weights.u, weights.corrected)
    ]
    found = np.mean(found, axis=0)
    return found - found.mean(axis=0)


def regressions(weights: Weights, correlations: list[BlockCorrelations], values: list[np.ndarray]) -> np.ndarray:
    """Coefficients of an observable, later, in the polynomials of the state now, ``(n_terms, n_lags)``."""
    pairs = (c.some_pairs(x, a) for c, x, a in zip(correlations, weights.images, values))
    return np.mean([weights.identities.regression(*pair) for pair in pairs], axis=0)
