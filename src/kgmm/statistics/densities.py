"""Kernel densities of one and two variables, by the fast transform of KDEpy."""

from __future__ import annotations

import numpy as np
from KDEpy import FFTKDE
from scipy.interpolate import RegularGridInterpolator

_POINTS = {1: 2048, 2: 256}
_MARGIN = 4.0


def rule_of_thumb(values: np.ndarray, size: float, dimension: int = 1) -> float:
    """Bandwidth of a normal kernel, ``0.9 min(S, IQR/1.34) n^(−1/(4 + d))`` (Silverman 1986, section 3.4.2).

    Where most values are one, such as the zeros of rain, both quartiles are it, and ``S`` decides alone.
    """
    lower, upper = np.quantile(values, [0.25, 0.75])
    spread = min(values.std(), (upper - lower) / 1.34) if upper > lower else values.std()
    return float(0.9 * spread * size ** (-1 / (4 + dimension)))


def bandwidths(samples: np.ndarray, dimension: int | None = None) -> np.ndarray:
    """Bandwidth for each column of ``samples`` ``(n, d)``, shape ``(d,)``: half of the rule of thumb.

    The rule is for one well; half of it leaves a quarter of its bias, and large samples have little noise to pay with.
    ``dimension`` is that of the density, by default ``d``.
    """
    n, d = samples.shape
    return np.array([0.5 * rule_of_thumb(x, n, dimension or d) for x in samples.T])


def kernel_density(samples: np.ndarray, points: np.ndarray, bandwidth: np.ndarray | None = None) -> np.ndarray:
    """Density at ``points`` ``(m, d)`` of the law of ``samples`` ``(n, d)``, d being 1 or 2; shape ``(m,)``.

    The estimate is made on an even grid over all samples and points, 2048 points or 256 × 256, and is linear between.
    ``bandwidth`` is :func:`bandwidths` by default.
    """
    h = bandwidths(samples) if bandwidth is None else np.asarray(bandwidth, dtype=float)
    d = samples.shape[1]
    # In units of the bandwidth the kernel is round, and in double precision the grid is even.
    x, at = samples.astype(float) / h, points / h
    axes = [
        np.linspace(min(a.min(), b.min()) - _MARGIN, max(a.max(), b.max()) + _MARGIN, _POINTS[d])
        for a, b in zip(x.T, at.T)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)
    density = FFTKDE(kernel="gaussian", bw=1.0).fit(x).evaluate(grid)
    density = density.reshape([axis.size for axis in axes])
    return RegularGridInterpolator(axes, density)(at) / np.prod(h)
