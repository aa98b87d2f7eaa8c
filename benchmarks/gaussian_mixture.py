"""A density that no polynomial holds, with its exact score: six Gaussians with axes of their own."""

from __future__ import annotations

import numpy as np

_N_COMPONENTS = 6


class GaussianMixture:
    """Six Gaussians with equal weights at random places, the same for every number of samples and seed.

    Their means are up to three variables wide apart (deviation 1.8) and near in the others (0.7); the variances along
    their axes, which have random directions, are between 0.3 and 1.2.

    Parameters
    ----------
    n_variables : int
    """

    def __init__(self, n_variables: int):
        rng = np.random.default_rng(100 + n_variables)
        spread = np.where(np.arange(n_variables) < 3, 1.8, 0.7)
        self._means = rng.normal(size=(_N_COMPONENTS, n_variables)) * spread
        axes = np.linalg.qr(rng.normal(size=(_N_COMPONENTS, n_variables, n_variables)))[0]
        variances = rng.uniform(0.3, 1.2, size=(_N_COMPONENTS, n_variables))
        self._covariances = np.einsum("kij,kj,klj->kil", axes, variances, axes)
        self._precisions = np.linalg.inv(self._covariances)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Samples ``(n, n_variables)`` in random order."""
        component = rng.integers(_N_COMPONENTS, size=n)
        factors = np.linalg.cholesky(self._covariances)
        z = rng.standard_normal((n, self._means.shape[1]))
        return self._means[component] + np.einsum("nij,nj->ni", factors[component], z)

    def score(self, x: np.ndarray) -> np.ndarray:
        """Score at ``x`` of shape ``(n, n_variables)``."""
        deviation = x[:, None] - self._means
        pull = np.einsum("kij,nkj->nki", self._precisions, deviation)
        logs = 0.5 * np.linalg.slogdet(self._precisions)[1] - 0.5 * (pull * deviation).sum(axis=2)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return -np.einsum("nk,nki->ni", weights, pull)
