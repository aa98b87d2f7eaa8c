"""Histograms in blocks of the data: effective sizes, and the relative entropy of two laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kgmm.data.samples import pieces_of
from kgmm.data.standardization import Standardization

BINS = 100
_MIN_BINS = 10
_CENTRAL_MASS = 0.9998
BLOCKS = 20


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    stderr: float


@dataclass(frozen=True)
class BlockedHistogram:
    """Counts of one variable per bin, in blocks of the data that may be taken as independent.

    Attributes
    ----------
    edges
        ``(n_bins + 1,)``, the first and last infinite.
    counts
        ``(n_blocks, n_bins)``.
    """

    edges: np.ndarray
    counts: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """Share of each bin, shape ``(n_bins,)``."""
        return self.counts.sum(axis=0) / self.counts.sum()

    @property
    def effective_size(self) -> float:
        """Number of independent samples whose bin shares would scatter as the blocks do.

        ``Σ_b p_b (1 − p_b) / Σ_b Var(p̂_b)``, the variance being that between blocks: it needs no autocorrelation time
        and holds for oscillating series too.
        """
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        variance = shares.var(axis=0, ddof=1).sum() / self.counts.shape[0]
        p = self.probabilities
        return float(min((p * (1 - p)).sum() / variance, self.counts.sum()))


def histogram_edges(values: np.ndarray, n_bins: int = BINS) -> np.ndarray:
    """Equal bins over the central 99.98 % of ``values`` and one bin for each tail, shape ``(n_bins + 3,)``."""
    tail = (1 - _CENTRAL_MASS) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail])
    return np.concatenate([[-np.inf], np.linspace(lower, upper, n_bins + 1), [np.inf]])


def affordable_bins(effective_size: float) -> int:
    """100 bins, or fewer where the bias of so many would exceed what is measured: the root of the effective size."""
    return int(min(BINS, max(_MIN_BINS, round(effective_size**0.5))))


def blocks_of(values: np.ndarray, n_blocks: int = BLOCKS) -> list[np.ndarray]:
    """Nearly independent blocks of one variable, ``values`` of shape ``(member, time)``: members where they suffice."""
    if values.shape[0] >= n_blocks:
        return np.array_split(values, n_blocks, axis=0)
    return np.array_split(values.reshape(-1), n_blocks)


def blocked_histogram(values: np.ndarray, edges: np.ndarray) -> BlockedHistogram:
    """Histogram of one variable, ``values`` of shape ``(member, time)``."""
    counts = [_histogram_with_tails(block, edges[1:-1]) for block in blocks_of(values)]
    return BlockedHistogram(edges, np.array(counts, dtype=float))


def _histogram_with_tails(values: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Counts between the edges ``inner`` and in the two tails, shape ``(inner.size + 1,)``."""
    # The tails are what the inner edges leave over, which is many times faster than infinite edges.
    middle, _ = np.histogram(values, bins=inner)
    below = np.count_nonzero(values < inner[0])
    return np.concatenate([[below], middle, [values.size - below - middle.sum()]])


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


def relative_entropy(data: BlockedHistogram, model: BlockedHistogram) -> Estimate:
    """``D_KL(data ‖ model) = Σ_b p_b log(p_b/q_b)`` of two histograms on the same edges, bias-corrected.

    The plug-in estimate of two equal laws has the mean ``(n_bins − 1)/2 · (1/n_data + 1/n_model)`` with effective
    sizes, which is subtracted; the result can therefore be slightly negative. Bins that only the data reach get half a
    count in the model. The standard error is that of the jackknife over the blocks of both.
    """
    if not np.array_equal(data.edges, model.edges):
        raise ValueError("the two histograms have different bins")
    bias = 0.5 * (data.counts.shape[1] - 1) * (1 / data.effective_size + 1 / model.effective_size)
    data_total, model_total = data.counts.sum(axis=0), model.counts.sum(axis=0)
    variance = jackknife_variance([_plug_in(data_total - block, model_total) for block in data.counts])
    variance += jackknife_variance([_plug_in(data_total, model_total - block) for block in model.counts])
    return Estimate(_plug_in(data_total, model_total) - bias, variance**0.5)


def entropy_interval(
    data: BlockedHistogram, model: BlockedHistogram, value: float, level: float = 0.95, n_resamples: int = 500
) -> tuple[float, float]:
    """Interval of :func:`relative_entropy` from resampled blocks of both, about its ``value``.

    Resampling adds the bias of one more sampling; its quantiles are therefore taken about their own mean.
    """
    rng = np.random.default_rng(0)
    found = np.array(
        [
            _plug_in(*(h.counts[rng.integers(len(h.counts), size=len(h.counts))].sum(axis=0) for h in (data, model)))
            for _ in range(n_resamples)
        ]
    )
    low, high = np.quantile(found - found.mean(), [(1 - level) / 2, (1 + level) / 2])
    return value + float(low), value + float(high)


def _plug_in(data_counts: np.ndarray, model_counts: np.ndarray) -> float:
    reached = data_counts > 0
    p = data_counts[reached] / data_counts.sum()
    q = np.maximum(model_counts[reached], 0.5) / model_counts.sum()
    return float((p * np.log(p / q)).sum())


def jackknife_variance(leave_one_out: list[float]) -> float:
    """Variance of a statistic from its values without each of the blocks in turn."""
    n = len(leave_one_out)
    return (n - 1) / n * float(np.square(leave_one_out - np.mean(leave_one_out)).sum())
