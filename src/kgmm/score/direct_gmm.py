"""The direct score of the Gaussian mixture with a kernel at every sample: the baseline that KGMM improves on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from kgmm.data.standardization import Standardization, check_samples
from kgmm.score.estimator import ScoreEstimator
from kgmm.score.options import NoiseOptions

_DEFAULTS = NoiseOptions()
# Kernels further than this many σ away weigh less than e^-18 of a kernel at the point.
_CUTOFF = 6.0
_PAIRS_AT_ONCE = 3_000_000
_NUMBERS_A_PAIR = 10  # smaller pieces of all pairs, which stay in the cache
# Share of the kernels in reach from which on all pairs are faster than lists of neighbours, and their least number.
_MANY, _FEW = 1 / 8, 16


class DirectGMM(ScoreEstimator):
    """Score of the Gaussian mixture with one kernel per sample, evaluated directly.

    It is the estimate whose noise at small σ KGMM removes (arXiv:2503.18054, section 2).

    Parameters
    ----------
    sigma
        Noise amplitude in standard deviations of the data, > 0.

    Attributes
    ----------
    mixture_
        The fitted :class:`MixtureScore`.
    n_features_in_
        Number of variables.

    Examples
    --------
    >>> import numpy as np
    >>> from kgmm import DirectGMM
    >>> X = np.random.default_rng(0).standard_normal((2000, 1))
    >>> DirectGMM(sigma=0.3).fit(X).score_at(np.array([[-1.0], [1.0]])).shape
    (2, 1)
    """

    _result = "mixture_"

    def __init__(self, sigma: float = _DEFAULTS.sigma):
        self.sigma = sigma

    def fit(self, X: np.ndarray, y=None) -> DirectGMM:
        """Stores the kernels.

        Parameters
        ----------
        X
            Samples, ``(n_samples, n_features)``, physical units.
        y
            Ignored.

        Returns
        -------
        DirectGMM
            The fitted estimator.

        Raises
        ------
        ValueError
            For non-finite or constant data, or an unusable ``sigma``.
        """
        sigma = self._options(NoiseOptions).sigma
        samples = self._check_training(X, at_least=2)[:]
        standardization = Standardization.of(samples)
        self.mixture_ = MixtureScore(sigma, standardization, standardization.forward(samples))
        return self

    def score_with_stderr_at(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score and its standard error, see :meth:`MixtureScore.with_stderr`."""
        fitted = self._fitted
        return fitted.with_stderr(self._check_points(X))


@dataclass(frozen=True, eq=False)
class MixtureScore:
    """``s(x) = Σ_i w_i (μ_i − x)/σ² / Σ_i w_i`` with ``w_i = exp(−|x − μ_i|²/2σ²)``, in standardised coordinates.

    The sums are over every kernel within 6σ. Where there is none the mixture's score would be that of the nearest
    kernel, of size distance/σ²; the score of the Gaussian with the data's moments is used instead, which is kinder.

    Attributes
    ----------
    sigma
        Noise amplitude in standard deviations of the data.
    standardization
        Mean, deviation and range of the data.
    kernels
        ``μ_i``, ``(n_samples, n_features)``, standardised coordinates.
    """

    sigma: float
    standardization: Standardization
    kernels: np.ndarray

    def __repr__(self) -> str:
        return "MixtureScore({} kernels, {} variables, sigma={:g})".format(*self.kernels.shape, self.sigma)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.kernels)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Score at ``X`` of shape ``(n, n_features)``, physical units; shape ``(n, n_features)``."""
        return self.with_stderr(X)[0]

    def with_stderr(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score and its standard error, both ``(n, n_features)``, physical units.

        The error is that of a weighted mean over kernels taken as independent (delta method); it is zero where a
        single kernel decides, and where none is in reach.
        """
        x = self.standardization.forward(check_samples(X, n_features=self.kernels.shape[1]))
        radius = _CUTOFF * self.sigma
        neighbours = self._tree.query_ball_point(x, radius, return_length=True)
        many = neighbours > max(_FEW, _MANY * len(self.kernels))
        score = -x / (1.0 + self.sigma**2)
        stderr = np.zeros_like(score)
        for chosen, pairs, function in (
            (np.flatnonzero(many), np.full(len(x), _NUMBERS_A_PAIR * len(self.kernels)), self._score_over_all),
            (np.flatnonzero((neighbours > 0) & ~many), neighbours, self._score_within),
        ):
            for rows in _pieces(chosen, pairs):
                score[rows], stderr[rows] = function(x[rows], radius)
        return score / self.standardization.scale, stderr / self.standardization.scale

    def _score_within(self, x: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        found = self._tree.query_ball_point(x, radius)
        length = np.array([len(f) for f in found])
        kernel = np.concatenate(found).astype(int)
        row = np.repeat(np.arange(x.shape[0]), length)
        shift = self.kernels[kernel] - x[row]
        # A kernel is within 6σ, so that no exponent is below −18 and nothing underflows.
        weight = np.exp(-0.5 * (shift**2).sum(axis=1) / self.sigma**2)
        starts = np.cumsum(length) - length
        total = np.add.reduceat(weight, starts)
        mean = np.add.reduceat(weight[:, None] * shift, starts, axis=0) / total[:, None]
        deviation = weight[:, None] * (shift - mean[row])
        stderr = np.sqrt(np.add.reduceat(deviation**2, starts, axis=0)) / total[:, None]
        return mean / self.sigma**2, stderr / self.sigma**2

    def _score_over_all(self, x: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        """The same by all pairs: lists of neighbours cost more where they hold many of the kernels."""
        squares = sum(np.square(a[:, None] - kernel) for a, kernel in zip(x.T, self.kernels.T))
        weight = np.exp(squares * (-0.5 / self.sigma**2))
        weight[squares > radius**2] = 0.0
        total = weight.sum(axis=1)[:, None]
        centre = _sums(weight, self.kernels) / total
        weight *= weight
        spread = _sums(weight, self.kernels**2) - 2.0 * centre * _sums(weight, self.kernels)
        spread += centre**2 * weight.sum(axis=1)[:, None]
        stderr = np.sqrt(np.maximum(spread, 0.0)) / total
        return (centre - x) / self.sigma**2, stderr / self.sigma**2


def _sums(weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``weight @ values``, whose last bits do not depend on how many rows there are."""
    return np.stack([np.einsum("ik,k->i", weight, column) for column in np.ascontiguousarray(values.T)], axis=1)


def _pieces(rows: np.ndarray, pairs: np.ndarray) -> list[np.ndarray]:
    """Parts of the rows whose pairs with kernels fit into memory; ``pairs`` is their number for each point."""
    if not rows.size:
        return []
    until = np.cumsum(pairs[rows])
    n_pieces = 1 + int(until[-1] // _PAIRS_AT_ONCE)
    edges = np.searchsorted(until, np.linspace(0, until[-1], n_pieces + 1)[1:-1])
    return [part for part in np.split(rows, edges) if part.size]
