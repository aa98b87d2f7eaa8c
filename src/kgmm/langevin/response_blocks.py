"""Correlations of observables with weights in blocks of a path, and the errors that follow from their scatter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy import fft

from kgmm.data.blocks import BLOCKS
from kgmm.data.segments import blocks_of_runs
from kgmm.langevin.response_weights import Weights

_ROUNDING = 1e-9
# Points from which observables are regressed on polynomials, for the standard errors.
_REGRESSION_POINTS = 10_000


class BlockCorrelations:
    """Correlations of observables with weights, in blocks of the path that may be taken as independent.

    Parameters
    ----------
    weights
        ``(n_weights, n)``, at all states, members or segments one after the other.
    lengths
        Of the members or segments.
    n_lags
        Number of lags.
    """

    def __init__(self, weights: np.ndarray, lengths: Sequence[int], n_lags: int):
        self._n_lags = n_lags
        self._weights = weights
        self._segments = _segments(lengths)
        blocks = _blocks(self._segments)
        self._states = [np.concatenate(block) for block in blocks]
        self._parts = [_by_length(block) for block in blocks]

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self._states)

    @cached_property
    def _transforms(self) -> list[list[np.ndarray]]:
        return [[np.conj(fft.rfft(self._weights[:, at], self._size(at))) for at in block] for block in self._parts]

    def _size(self, at: np.ndarray) -> int:
        return fft.next_fast_len(at.shape[1] + self._n_lags, real=True)

    def blocks_of(self, a: np.ndarray) -> np.ndarray:
        """``E[a(t + τ) B(t)]`` of an observable ``(n,)`` in every block, ``(n_weights, n_blocks, n_lags)``."""
        lags, found = np.arange(self._n_lags), []
        for block, transforms in zip(self._parts, self._transforms):
            sums, pairs = 0.0, 0.0
            for at, transform in zip(block, transforms):
                size = self._size(at)
                product = (fft.rfft(a[at], size) * transform).sum(axis=1)
                sums = sums + fft.irfft(product, size)[:, : self._n_lags]
                pairs = pairs + len(at) * np.maximum(at.shape[1] - lags, 0)
            found.append(sums / pairs)
        return np.stack(found, axis=1)

    def of_block(self, values: np.ndarray, block: int) -> np.ndarray:
        """Those of ``(n, …)`` values, one for each state, that belong to a block."""
        return values[self._states[block]]

    def some_pairs(self, x: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States ``(n, n_features)`` at some times, and an observable at the lags after them, ``(n, n_lags)``."""
        starts = np.concatenate([at[: max(0, len(at) - self._n_lags + 1)] for at in self._segments])
        starts = starts[:: max(1, len(starts) // _REGRESSION_POINTS)]
        return x[starts], a[starts[:, None] + np.arange(self._n_lags)]

    @property
    def first(self) -> np.ndarray:
        """The first weight at all states."""
        return self._weights[0]

    def means_of(self, x: np.ndarray) -> np.ndarray:
        """Means over the blocks of ``(n,)`` numbers, one for each state."""
        return np.array([x[at].mean() for at in self._states])


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


def shortest_of_blocks(lengths: Sequence[int]) -> int:
    """Of the longest segments in each block the shortest, for members or segments of these lengths."""
    return min(max(len(part) for part in block) for block in _blocks(_segments(lengths)))


def _segments(lengths: Sequence[int]) -> list[np.ndarray]:
    """Numbers of the states of every member or segment."""
    edges = np.concatenate([[0], np.cumsum(lengths)])
    return [np.arange(start, stop) for start, stop in pairwise(edges)]


def _blocks(segments: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Groups of members or segments, or stretches of times where members are few, that may be taken as independent."""
    lengths = {len(segment) for segment in segments}
    if len(lengths) > 1:
        return blocks_of_runs(segments, BLOCKS)
    if len(segments) >= BLOCKS:
        edges = np.linspace(0, len(segments), BLOCKS + 1).astype(int)
        return [segments[a:b] for a, b in pairwise(edges)]
    edges = np.linspace(0, lengths.pop(), BLOCKS + 1).astype(int)
    return [[segment[a:b] for segment in segments] for a, b in pairwise(edges)]


def _by_length(block: list[np.ndarray]) -> list[np.ndarray]:
    """The segments of a block as arrays ``(n_segments, n_times)``, one for each length."""
    lengths = sorted({len(part) for part in block})
    return [np.stack([part for part in block if len(part) == length]) for length in lengths]


def deviations_of_blocks(weights: Weights, correlations: list[BlockCorrelations]) -> np.ndarray | None:
    """What the corrected weights violate the identities by in every block, ``(n_blocks, n_terms)``; zero on average.

    The correction removes from the response of all blocks together what these deviations explain. So it must be taken
    out of each block, or the scatter of the blocks would be that of a response without correction.
    """
    if weights.identities is None:
        return None
    found = [
        [weights.identities.deviations(*(c.of_block(v, k) for v in each)) for k in range(c.n_blocks)]
        for c, *each in zip(correlations, weights.images, weights.u, weights.corrected)
    ]
    found = np.mean(found, axis=0)
    return found - found.mean(axis=0)


def regressions(weights: Weights, correlations: list[BlockCorrelations], values: list[np.ndarray]) -> np.ndarray:
    """Coefficients of an observable, later, in the polynomials of the state now, ``(n_terms, n_lags)``."""
    pairs = (c.some_pairs(x, a) for c, x, a in zip(correlations, weights.images, values))
    return np.mean([weights.identities.regression(*pair) for pair in pairs], axis=0)
