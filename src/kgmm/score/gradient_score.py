"""Scores that are gradients, as a Langevin model with a circulation needs them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from kgmm.data.standardization import StandardizedSamples
from kgmm.randomness import Seed, torch_generator
from kgmm.score.batches import fit_batches
from kgmm.score.gradient_network import GradientNetwork
from kgmm.score.model import ScoreModel

_MAX_NUMBERS = 100_000_000


def rotation_share(score: ScoreModel, X: np.ndarray, n_points: int = 1000) -> float:
    """Norm of the antisymmetric part of the score's Jacobian, relative to that of the Jacobian; 0 for a gradient.

    Parameters
    ----------
    score : ScoreModel
    X : ndarray of shape (n, n_features)
        Points, of which ``n_points`` are used.
    n_points : int

    Returns
    -------
    float
        In standardised coordinates, root mean square over the points.
    """
    points = X[np.linspace(0, len(X) - 1, min(len(X), n_points)).astype(int)]
    scale = score.standardization.scale
    jacobian = score.jacobian(points) * np.outer(scale, scale)
    rotation = 0.5 * (jacobian - jacobian.transpose(0, 2, 1))
    return float(np.sqrt(np.square(rotation).sum() / np.square(jacobian).sum()))


def project_to_gradient(
    score: ScoreModel,
    X: np.ndarray,
    hidden: Sequence[int] = (128, 64),
    *,
    steps: int = 1000,
    batch_size: int = 2048,
    rate: float = 0.03,
    random_state: Seed = 0,
) -> ScoreModel:
    """The gradient nearest to a score in mean square over its density: what is left out is its rotation.

    Parameters
    ----------
    score : ScoreModel
    X : ndarray of shape (n_samples, n_features)
        Samples in physical units; the points are ``x + σz``.
    hidden : sequence of int
        Widths of the hidden layers of the potential.
    steps, batch_size, rate : int, int, float
        Batches, points in each of them, and the largest rate of the cycle.
    random_state : int or numpy.random.SeedSequence

    Returns
    -------
    ScoreModel
        With the ``sigma`` and the standardisation of ``score``.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((2000, 2))
    >>> import kgmm
    >>> score = kgmm.fit_score(X, 0.3, "dsm", hidden=(16, 16), steps=200)
    >>> projected = project_to_gradient(score, X, hidden=(16, 16), steps=200)
    >>> bool(rotation_share(projected, X) < 1e-5)
    True
    """
    generator = torch_generator(random_state, "cpu")
    seed = generator.initial_seed() % 2**32
    choice = np.random.default_rng(seed)
    samples = StandardizedSamples(X, score.standardization).choose(_MAX_NUMBERS // X.shape[1], choice)
    # The network's unit is the root mean square of what it adds to the score of the Gaussian.
    pull = 1.0 / (1.0 + score.sigma**2)
    with torch.no_grad():
        first = samples[:: max(1, len(samples) // 10_000)]
        unit = float((score.standardized(first.clone()) + pull * first).square().mean()) ** 0.5

    @torch.no_grad()
    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.randint(samples.shape[0], (batch_size,), generator=generator)
        x = samples[rows]
        x = x + score.sigma * torch.empty_like(x).normal_(generator=generator)
        return x, (score.standardized(x) + pull * x) / unit

    start = GradientNetwork.random((X.shape[1], *hidden, 1), seed)
    fit = fit_batches(start, batch, optimizer="orthogonal", steps=steps, learning_rate=rate)
    return ScoreModel(fit.network, unit, score.sigma, score.standardization, fit.history)
