"""Histograms in blocks of the data, and the relative entropy of two laws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgmm.data.blocks import Estimate, blocks_of, jackknife_variance

BINS = 100
_MIN_BINS = 10
_CENTRAL_MASS = 0.9998


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


def blocked_histogram(values: np.ndarray, edges: np.ndarray) -> BlockedHistogram:
    """Histogram of one variable, ``values`` of shape ``(member, time)``."""
    counts = [_histogram_with_tails(block, edges[1:-1]) for block in blocks_of(values)]
    return BlockedHistogram(edges, np.array(counts, dtype=float))


def adapted_histogram(values: np.ndarray) -> BlockedHistogram:
    """Histogram of one variable on its own edges, with as many bins as its effective size affords."""
    histogram = blocked_histogram(values, histogram_edges(values))
    n_bins = affordable_bins(histogram.effective_size)
    return histogram if n_bins == BINS else blocked_histogram(values, histogram_edges(values, n_bins))


def _histogram_with_tails(values: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Counts between the edges ``inner`` and in the two tails, shape ``(inner.size + 1,)``."""
    # The tails are what the inner edges leave over, which is many times faster than infinite edges.
    middle, _ = np.histogram(values, bins=inner)
    below = np.count_nonzero(values < inner[0])
    return np.concatenate([[below], middle, [values.size - below - middle.sum()]])


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
