"""The Wasserstein-1 distance of two samples of one variable."""

from __future__ import annotations

import numpy as np


def wasserstein(x: np.ndarray, y: np.ndarray) -> float:
    """``∫ |F − G| dt`` of the distribution functions of two samples, exactly.

    It is :func:`scipy.stats.wasserstein_distance` by sums over the smaller sample: between two of its values ``G`` is
    constant, and ``F`` crosses it once at most.

    Parameters
    ----------
    x, y : ndarray
        Of any shapes, finite.

    Examples
    --------
    >>> wasserstein(np.array([0.0, 1.0]), np.array([[2.0], [3.0], [3.0], [2.0]]))
    2.0
    """
    many, few = (np.sort(values, axis=None).astype(float) for values in (x, y))
    if many.size < few.size:
        many, few = few, many
    n, m = many.size, few.size
    many, few = many - few.mean(), few - few.mean()
    sums = np.concatenate([[0.0], np.cumsum(many)])

    def integral(t: np.ndarray, below: np.ndarray) -> np.ndarray:
        """``∫ F`` up to ``t``, ``below`` being the number of values there."""
        return (t * below - sums[below]) / n

    of_few = integral(few, np.searchsorted(many, few, side="right"))
    start, end, before, after = few[:-1], few[1:], of_few[:-1], of_few[1:]
    level = np.arange(1, m) / m
    index = np.clip(np.ceil(level * n).astype(int) - 1, 0, n - 1)
    crossing = many[index]
    at = np.where(crossing <= start, before, np.where(crossing >= end, after, integral(crossing, index)))
    crossing = np.clip(crossing, start, end)
    between = level * (2 * crossing - start - end) - (2 * at - before - after)
    tails = of_few[0] + (sums[-1] / n - few[-1]) + of_few[-1]
    return max(0.0, float(between.sum() + tails))
