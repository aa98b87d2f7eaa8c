"""The density of one variable by penalised likelihood: its logarithm is a smoothing spline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import logsumexp

from kgmm.score.candidates import LinearCandidate
from kgmm.score.folds import Folded
from kgmm.score.score_matching import FoldSums
from kgmm.score.splines import SplineFeatures

_INTERVALS, _SAMPLES_PER_INTERVAL = 100, 10
_MARGIN = 0.1  # of the range, in which there are no samples
_QUANTILES = 4000
_NODES = 10  # of the quadrature in an interval
_SMOOTH, _ROUGH = 2, 1  # derivatives of the score that are penalised
_PENALTIES = 10.0 ** np.arange(2.0, -14.5, -0.5)
_PATIENCE = 4  # penalties in a row with a lower likelihood, after which none is tried
_STANDARD_ERRORS = 0.25  # by which a smaller penalty must be better
_ERROR_OVER_VARIANCE = 1.6  # of a spline, whose bias is of the order of its deviation, as measured
_NEWTON_STEPS, _DECREMENT, _SHORTEST = 60, 1e-10, 1e-6


def best_spline(data: Folded) -> LinearCandidate | None:
    """The density of largest penalised likelihood, a Gaussian where the penalty is large.

    Maximised is the mean of ``log p − ½ λ ∫ (s'')² dx`` with ``s`` a spline of degree four; ``λ`` is that of the
    largest likelihood of folds in fits to the others. The candidate is rough if a penalty of ``s'`` has a larger one,
    as where the score jumps.

    Parameters
    ----------
    data : Folded
        Samples of one variable in folds.

    Returns
    -------
    LinearCandidate or None
        ``None`` if there are several variables.

    Source: Silverman 1982, Ann. Statist. 10, 795 (the penalty, of the third derivative of log p).

    Examples
    --------
    >>> from kgmm.score.folds import fold
    >>> x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    >>> best_spline(fold(x, 0.0, torch.Generator())).name
    'spline'
    """
    if data.x.shape[1] > 1:
        return None
    x, counts = data.x[:, 0].numpy(), np.diff(data.edges).astype(float)
    features = SplineFeatures(torch.from_numpy(_knots(x)))
    folds = np.stack([features.totals(x[a:b]) for a, b in pairwise(data.edges)])
    likelihood = _Likelihood(features, float(data.precision))
    smooth, rough = (_CrossValidated.of(likelihood, derivative, folds, counts) for derivative in (_SMOOTH, _ROUGH))
    weights = likelihood.maximum(folds.sum(axis=0) / counts.sum(), smooth.penalty, smooth.without.mean(axis=0))
    sums = FoldSums.of(features, data.x, data.base, data.edges)
    fit = sums.judged(weights, smooth.without, smooth.penalty)
    fit = replace(fit, variance=_ERROR_OVER_VARIANCE * fit.variance)
    # Under the largest penalty both are the Gaussian, and the one with fewer coefficients wins.
    is_rough = rough.penalty < _PENALTIES[0] and rough.beats(smooth)
    return LinearCandidate("spline", features, fit, sums, is_rough)


def _knots(x: np.ndarray) -> np.ndarray:
    """Knots whose spacing is between that of quantiles and that of equal steps, and a margin on both sides."""
    quantiles = np.quantile(x, np.linspace(0.0, 1.0, _QUANTILES + 1))
    steps = np.sqrt(np.diff(quantiles))
    share = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    n_intervals = max(4, min(_INTERVALS, len(x) // _SAMPLES_PER_INTERVAL))
    knots = np.unique(np.interp(np.linspace(0.0, 1.0, n_intervals + 1), share, quantiles))
    margin = _MARGIN * (knots[-1] - knots[0])
    return np.concatenate([[knots[0] - margin], knots, [knots[-1] + margin]])


class _Likelihood:
    """``log p = −½ P x² + Σ w_j φ_j(x) − log Z`` between the outermost knots, less ``½ λ ∫ (dᵏs/dxᵏ)² dx``."""

    def __init__(self, features: SplineFeatures, precision: float):
        knots = features.knots.numpy()
        nodes, shares = np.polynomial.legendre.leggauss(_NODES)
        half = 0.5 * np.diff(knots)[:, None]
        x = (0.5 * (knots[1:] + knots[:-1])[:, None] + half * nodes).ravel()
        weights = (half * shares).ravel()
        self._functions = features.values(x)
        self._base = np.log(weights) - 0.5 * precision * x**2
        self._roughness = {}
        for order in (_SMOOTH, _ROUGH):
            derivative = features.values(x, derivative=order + 1)
            self._roughness[order] = (derivative * weights[:, None]).T @ derivative

    def log_density(self, weights: np.ndarray, mean: np.ndarray) -> float:
        """Mean of ``Σ w_j φ_j − log Z`` over samples with these means of the functions."""
        return mean @ weights - logsumexp(self._base + self._functions @ weights)

    def maximum(self, mean: np.ndarray, penalty: float, start: np.ndarray, derivative: int = _SMOOTH) -> np.ndarray:
        """The weights of largest penalised likelihood, by Newton's method with halved steps."""
        roughness = penalty * self._roughness[derivative]

        def objective(weights: np.ndarray) -> float:
            return self.log_density(weights, mean) - 0.5 * weights @ roughness @ weights

        weights, value = start, objective(start)
        for _ in range(_NEWTON_STEPS):
            logs = self._base + self._functions @ weights
            share = np.exp(logs - logsumexp(logs))
            expected = share @ self._functions
            centered = self._functions - expected
            gradient = mean - expected - roughness @ weights
            step = _solution((centered * share[:, None]).T @ centered + roughness, gradient)
            decrement, length = gradient @ step, 1.0
            while (found := objective(weights + length * step)) < value + 1e-4 * length * decrement:
                length *= 0.5
                if length < _SHORTEST:
                    return weights
            weights, value = weights + length * step, found
            if decrement < _DECREMENT:
                break
        return weights


def _solution(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Of a positive matrix that may be singular to within rounding."""
    for relative in (1e-13, 1e-10, 1e-7):
        try:
            shift = relative * np.trace(matrix) / len(matrix)
            return cho_solve(cho_factor(matrix + shift * np.eye(len(matrix))), vector)
        except LinAlgError:
            continue
    return np.linalg.lstsq(matrix, vector)[0]


@dataclass(frozen=True)
class _CrossValidated:
    """A penalty, the mean log density of each fold in the fit to the others, ``(n_folds,)``, and the weights of these
    fits."""

    penalty: float
    likelihood: np.ndarray
    without: np.ndarray

    @classmethod
    def of(cls, likelihood: _Likelihood, derivative: int, folds: np.ndarray, counts: np.ndarray) -> _CrossValidated:
        """The largest penalty whose likelihood is not clearly smaller than that of the best."""
        weights, tried = np.zeros_like(folds), []
        total, n = folds.sum(axis=0), counts.sum()
        best = 0
        for penalty in _PENALTIES:
            weights = np.stack(
                [
                    likelihood.maximum((total - sums) / (n - count), penalty, start, derivative)
                    for sums, count, start in zip(folds, counts, weights)
                ]
            )
            logs = [likelihood.log_density(w, sums / count) for w, sums, count in zip(weights, folds, counts)]
            tried.append(cls(float(penalty), np.array(logs), weights))
            if tried[-1].likelihood @ counts > tried[best].likelihood @ counts:
                best = len(tried) - 1
            elif len(tried) - 1 - best == _PATIENCE:
                break
        return next(fit for fit in tried if not tried[best].beats(fit))

    def beats(self, other: _CrossValidated) -> bool:
        """Whether the likelihood is larger by a share of the standard error of the difference over folds."""
        difference = self.likelihood - other.likelihood
        return difference.mean() > _STANDARD_ERRORS * difference.std(ddof=1) / len(difference) ** 0.5
