"""Score matching for families that are linear in their coefficients: one linear solve, no noise, cross-validated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from kgmm.score.features import Features

RIDGES = tuple(10.0**k for k in range(-7, 0))
_ROWS_AT_ONCE = 4096
# The error of few functions is the mean of few squares: it takes more pieces of data than there are folds.
_FEW_FUNCTIONS, _PIECES = 60, 6


@dataclass(frozen=True)
class LinearFit:
    """Coefficients of a linear family and how they were chosen.

    Attributes
    ----------
    weights
        ``(n_functions,)``, from all folds.
    without_last
        The same from all but the last fold.
    ridge
        The penalty of least cross-validated loss.
    losses
        ``(n_folds,)``, loss on each fold of the fit to the others, relative to the base.
    variance
        ``E|ŝ − E ŝ|²`` of the fit to all data, by the jackknife over pieces of folds.
    """

    weights: np.ndarray
    without_last: np.ndarray
    ridge: float
    losses: np.ndarray
    variance: float


@dataclass(frozen=True)
class FoldSums:
    """Sums of Hyvärinen's loss ``½|s|² + ∇·s`` of ``s = base + Σ_j w_j ∇φ_j`` over contiguous folds of the data.

    Less the loss of the base it is ``½ wᵀ G w + hᵀ w``; ``G`` and ``h`` add up over samples.

    Attributes
    ----------
    gram
        ``(n_folds, n_functions, n_functions)``.
    linear
        ``(n_folds, n_functions)``.
    counts
        ``(n_folds,)``.
    pieces
        The same three of consecutive pieces of folds.

    Source: Hyvärinen 2005, J. Mach. Learn. Res. 6, 695, sections 2 and 4 (exponential families).
    """

    gram: np.ndarray
    linear: np.ndarray
    counts: np.ndarray
    pieces: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(
        cls,
        features: Features,
        x: torch.Tensor,
        base: Callable[[torch.Tensor], torch.Tensor],
        edges: Sequence[int],
    ) -> FoldSums:
        """Of standardised samples ``(n, n_features)``; fold ``k`` holds rows ``edges[k]:edges[k + 1]``."""
        m, n_folds = features.n_functions, len(edges) - 1
        pieces = _PIECES if m <= _FEW_FUNCTIONS else 1
        gram, linear = np.zeros((n_folds, pieces, m, m)), np.zeros((n_folds, pieces, m))
        counts = np.zeros((n_folds, pieces))
        for k in range(n_folds):
            for p, piece in enumerate(x[edges[k] : edges[k + 1]].tensor_split(pieces)):
                counts[k, p] = len(piece)
                parts = (features.sums(rows, base(rows)) for rows in piece.split(_ROWS_AT_ONCE))
                added = reduce(lambda a, b: tuple(map(torch.add, a, b)), parts)
                gram[k, p], linear[k, p] = (moment.cpu().numpy() for moment in features.moments(*added))
        sums = gram, linear, counts
        return cls(*(part.sum(axis=1) for part in sums), tuple(part.reshape(-1, *part.shape[2:]) for part in sums))

    def fit(self, ridges: Sequence[float] = RIDGES) -> LinearFit:
        """The coefficients under the ridge of least cross-validated loss.

        Functions are scaled to gradients of unit mean square; the penalty is ``½ ridge |w|²`` of the scaled ones.
        """
        total, pull, n = self.gram.sum(axis=0), self.linear.sum(axis=0), self.counts.sum()
        scale = 1.0 / np.sqrt(np.maximum(np.diag(total) / n, 1e-300))
        gram, linear = self.gram * np.outer(scale, scale), self.linear * scale
        total, pull = total * np.outer(scale, scale), pull * scale
        n_folds = len(self.counts)
        without = np.empty((len(ridges), n_folds, scale.size))
        for k in range(n_folds):
            rest = n - self.counts[k]
            without[:, k] = _ridge_path((total - gram[k]) / rest, (pull - linear[k]) / rest, ridges)
        losses = np.stack([_mean_losses(weights, gram, linear, self.counts) for weights in without])
        best = int((losses @ self.counts).argmin())
        (weights,) = _ridge_path(total / n, pull / n, [ridges[best]])
        without_piece = without[best]
        if len(self.pieces[2]) > n_folds:
            grams, linears = self.pieces[0] * np.outer(scale, scale), self.pieces[1] * scale
            parts = zip(grams, linears, self.pieces[2])
            solve = [_ridge_path((total - g) / (n - c), (pull - h) / (n - c), [ridges[best]])[0] for g, h, c in parts]
            without_piece = np.stack(solve)
        variance = _jackknife(without_piece, total / n)
        return LinearFit(weights * scale, without[best, -1] * scale, float(ridges[best]), losses[best], variance)

    def judged(self, weights: np.ndarray, without: np.ndarray, penalty: float) -> LinearFit:
        """Coefficients that were found otherwise: from all folds, and without each, ``(n_folds, n_functions)``."""
        losses = _mean_losses(without, self.gram, self.linear, self.counts)
        variance = _jackknife(without, self.gram.sum(axis=0) / self.counts.sum())
        return LinearFit(weights, without[-1], penalty, losses, variance)


def _mean_losses(weights: np.ndarray, gram: np.ndarray, linear: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Loss of each fold under weights of its own."""
    return np.array([(0.5 * w @ g @ w + h @ w) / n for w, g, h, n in zip(weights, gram, linear, counts)])


def _jackknife(without: np.ndarray, metric: np.ndarray) -> float:
    """Variance of a fit from those that each lack a piece of the data, ``(n_pieces, n_functions)``."""
    deviation = without - without.mean(axis=0)
    # Sums in single precision may have eigenvalues below zero.
    spread = np.maximum(((deviation @ metric) * deviation).sum(axis=1), 0.0).sum()
    return (1.0 - 1.0 / len(deviation)) * float(spread)


def _ridge_path(gram: np.ndarray, linear: np.ndarray, ridges: Sequence[float]) -> np.ndarray:
    """``−(G + λ)⁻¹ h`` for every ``λ``, shape ``(len(ridges), n_functions)``."""
    try:
        # Seven factors cost a tenth of the eigenvectors.
        return np.stack([_negative_solution(gram, linear, ridge) for ridge in ridges])
    except LinAlgError:  # sums in single precision may have eigenvalues below zero
        values, vectors = eigh(gram)
        projected = vectors.T @ linear
        return np.stack([-vectors @ (projected / (np.maximum(values, 0.0) + ridge)) for ridge in ridges])


def _negative_solution(gram: np.ndarray, linear: np.ndarray, ridge: float) -> np.ndarray:
    factor = cho_factor(gram + ridge * np.eye(len(gram)), overwrite_a=True, check_finite=False)
    return -cho_solve(factor, linear, check_finite=False)
