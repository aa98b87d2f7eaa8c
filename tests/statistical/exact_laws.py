"""Laws with exact smoothed scores, written independently of the library, and the checks that the tests share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import expm


def gaussian_samples(mean, covariance, n: int, seed: int) -> np.ndarray:
    """Independent draws of ``N(mean, covariance)``, shape ``(n, d)``."""
    root = np.linalg.cholesky(covariance)
    return np.asarray(mean) + np.random.default_rng(seed).standard_normal((n, len(mean))) @ root.T


class GaussianMixture(NamedTuple):
    """``Σ_k w_k N(m_k, C_k)``; weights ``(k,)``, means ``(k, d)``, covariances ``(k, d, d)``."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def sample(self, n: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        component = rng.choice(self.weights.size, size=n, p=self.weights)
        roots = np.linalg.cholesky(self.covariances)
        noise = rng.standard_normal((n, self.means.shape[1]))
        return self.means[component] + np.einsum("nij,nj->ni", roots[component], noise)

    def smoothed_score(self, x: np.ndarray, noise_scale: np.ndarray) -> np.ndarray:
        """Score of the mixture convolved with ``N(0, diag(noise_scale²))`` at ``x`` of shape ``(n, d)``."""
        log_weight, pull = [], []
        for weight, mean, covariance in zip(*self):
            smoothed = covariance + np.diag(np.asarray(noise_scale) ** 2)
            gradient = -np.linalg.solve(smoothed, (x - mean).T).T
            pull.append(gradient)
            log_weight.append(
                np.log(weight) + 0.5 * ((x - mean) * gradient).sum(axis=1) - 0.5 * np.linalg.slogdet(smoothed)[1]
            )
        log_weight = np.array(log_weight)
        share = np.exp(log_weight - log_weight.max(axis=0))
        return (share[:, :, None] * np.array(pull)).sum(axis=0) / share.sum(axis=0)[:, None]


def chained_samples(n_members: int, n_times: int, keep: float, rng: np.random.Generator) -> np.ndarray:
    """Standard normal chains that keep their value with probability ``keep`` and redraw it otherwise.

    Every function of the state has the autocorrelation ``keep^lag`` and so the integrated time
    ``(1 + keep)/(1 − keep)`` exactly. Shape ``(n_members, n_times)``.
    """
    fresh = rng.standard_normal((n_members, n_times))
    redrawn = rng.random((n_members, n_times)) >= keep
    redrawn[:, 0] = True
    last = np.maximum.accumulate(np.where(redrawn, np.arange(n_times), 0), axis=1)
    return np.take_along_axis(fresh, last, axis=1)


def linear_paths(drift, covariance, interval: float, n_members: int, n_times: int, seed: int) -> np.ndarray:
    """Stationary paths of ``dX = A X dt + noise`` with stationary covariance ``C``, by the exact transition.

    ``X(t + h) = e^{Ah} X(t) + ξ`` with ``ξ ~ N(0, C − e^{Ah} C e^{Ahᵀ})``, so that ``E[X(t + h) X(t)ᵀ] = e^{Ah} C``
    for any ``A`` for which the bracket is a covariance. Shape ``(n_members, n_times, n_features)``.
    """
    step = expm(np.asarray(drift) * interval)
    rng = np.random.default_rng(seed)
    root, noise_root = (np.linalg.cholesky(c) for c in (covariance, covariance - step @ covariance @ step.T))
    paths = np.empty((n_members, n_times, len(root)))
    paths[:, 0] = rng.standard_normal((n_members, len(root))) @ root.T
    for k in range(1, n_times):
        paths[:, k] = paths[:, k - 1] @ step.T + rng.standard_normal((n_members, len(root))) @ noise_root.T
    return paths


def autoregressive(keep: float, n_members: int, n_times: int, seed: int) -> np.ndarray:
    """Standard normal ``x(k + 1) = a x(k) + …`` with autocorrelation ``a^lag``, ``−1 < a < 1``.

    Its integrated time is ``(1 + a)/(1 − a)``. Shape ``(n_members, n_times)``.
    """
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n_members, n_times))
    values[:, 1:] *= (1 - keep**2) ** 0.5
    for k in range(1, n_times):
        values[:, k] += keep * values[:, k - 1]
    return values


def mean_is(values: np.ndarray, expected, standard_errors: float = 4.5) -> bool:
    """Whether the mean of independent rows is ``expected`` within that many standard errors in every entry.

    4.5: a handful of entries per test and some dozens of tests leave a false alarm below 1e-3 in all.
    """
    error = values.std(axis=0, ddof=1) / len(values) ** 0.5
    return bool((np.abs(values.mean(axis=0) - expected) <= standard_errors * error).all())
