"""Rivals of KGMM on the same data."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from kgmm.data.standardization import Standardization, check_samples, check_sigma

# Kernels further than this many σ away weigh less than e^-18 of a kernel at the point.
_CUTOFF = 6.0
_PAIRS_AT_ONCE = 3_000_000


class DirectGMM:
    """Score of the Gaussian mixture with one kernel per sample, evaluated directly.

    ``s(x) = Σ_i w_i (μ_i − x)/σ² / Σ_i w_i`` with ``w_i = exp(−|x − μ_i|²/2σ²)`` over every kernel within 6σ, in
    standardised coordinates. Where there is none the mixture's score would be that of the nearest kernel, of size
    distance/σ²; the score of the Gaussian with the data's moments is used instead, which is kinder. It is the estimate
    whose noise at small σ KGMM removes (arXiv:2503.18054, section 2).

    Parameters
    ----------
    sigma : noise amplitude in standard deviations of the data, > 0.
    """

    def __init__(self, sigma: float):
        check_sigma(sigma)
        self.sigma = sigma

    def fit(self, X: np.ndarray, y=None) -> DirectGMM:
        """Stores the kernels; ``X`` has shape ``(n_samples, n_features)``, physical units."""
        X = check_samples(X, at_least=2)
        self.standardization_ = Standardization.of(X)
        self._kernels = self.standardization_.forward(X)
        self._tree = cKDTree(self._kernels)
        return self

    def score_at(self, X: np.ndarray) -> np.ndarray:
        """Score at ``X`` of shape ``(n, n_features)``, physical units; shape ``(n, n_features)``."""
        return self.score_with_stderr_at(X)[0]

    def score_with_stderr_at(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score and its standard error, both ``(n, n_features)``, physical units.

        The error is that of a weighted mean over kernels taken as independent (delta method); it is zero where a
        single kernel decides, and where none is in reach.
        """
        x = self.standardization_.forward(check_samples(X, n_features=self._kernels.shape[1]))
        radius = _CUTOFF * self.sigma
        neighbours = self._tree.query_ball_point(x, radius, return_length=True)
        reached = np.flatnonzero(neighbours > 0)
        score = -x / (1.0 + self.sigma**2)
        stderr = np.zeros_like(score)
        pairs = np.cumsum(neighbours[reached])
        n_pieces = 1 + int(neighbours.sum() // _PAIRS_AT_ONCE)
        edges = np.searchsorted(pairs, np.linspace(0, neighbours.sum(), n_pieces + 1)[1:-1])
        for rows in np.split(reached, edges):
            if rows.size:
                score[rows], stderr[rows] = self._score_within(x[rows], radius)
        return score / self.standardization_.scale, stderr / self.standardization_.scale

    def _score_within(self, x: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        found = self._tree.query_ball_point(x, radius)
        length = np.array([len(f) for f in found])
        kernel = np.concatenate(found).astype(int)
        row = np.repeat(np.arange(x.shape[0]), length)
        shift = self._kernels[kernel] - x[row]
        # A kernel is within 6σ, so that no exponent is below −18 and nothing underflows.
        weight = np.exp(-0.5 * (shift**2).sum(axis=1) / self.sigma**2)
        starts = np.cumsum(length) - length
        total = np.add.reduceat(weight, starts)
        mean = np.add.reduceat(weight[:, None] * shift, starts, axis=0) / total[:, None]
        deviation = weight[:, None] * (shift - mean[row])
        stderr = np.sqrt(np.add.reduceat(deviation**2, starts, axis=0)) / total[:, None]
        return mean / self.sigma**2, stderr / self.sigma**2
