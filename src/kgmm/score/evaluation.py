"""How good a score is: errors at held-out points, identities that need no exact score, and curves to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter

from kgmm.data.standardization import Standardization
from kgmm.score.denoising import denoising_loss, denoising_losses
from kgmm.statistics.comparison import Estimate, relative_error, stein_residual

if TYPE_CHECKING:
    from kgmm.systems.base import System

Score = Callable[[np.ndarray], np.ndarray]
_LOSS_BLOCKS = 20


class Judgement(NamedTuple):
    """What an examination finds.

    Attributes
    ----------
    metrics : by name.
    loss_blocks : mean denoising losses of consecutive blocks of the held-out samples, ``(20,)``. Scores that are
        examined at the same points with the same noise are compared by their differences, which vary far less.
    """

    metrics: dict[str, Estimate]
    loss_blocks: np.ndarray


class Examination:
    """Held-out samples, and one draw of noise on them, at which all scores are judged alike.

    Parameters
    ----------
    held_out : samples that took no part in the fit, ``(n, n_features)``, physical units.
    sigma : noise amplitude in standard deviations of the data; standardization : that of the fit.
    system : supplies the exact scores; ``None``, or one without an exact density, leaves out what needs them.
    rng : draws the noise.
    """

    def __init__(
        self,
        held_out: np.ndarray,
        *,
        sigma: float,
        standardization: Standardization,
        system: System | None,
        rng: np.random.Generator,
    ):
        self.sigma = sigma
        self._scale = standardization.scale
        self._held_out = held_out
        self._z = rng.standard_normal(held_out.shape)
        self._noisy = held_out + sigma * self._scale * self._z
        self._standardized = standardization.forward(self._noisy)
        self.exact = system is not None and system.has_exact_density
        if self.exact:
            noise_scale = sigma * self._scale
            self._clean_score = system.score(held_out) * self._scale
            self._smoothed_score = system.smoothed_score(self._noisy, noise_scale) * self._scale
            self.smoothing_bias = relative_error(
                system.smoothed_score(held_out, noise_scale) * self._scale, self._clean_score
            )

    def metrics(self, score: Score) -> dict[str, Estimate]:
        """Metrics of a score ``(n, n_features) -> (n, n_features)`` in physical units, in standardised coordinates.

        ``denoising_loss`` and ``stein_residual`` at ``μ + σ S z``, and with an exact score ``score_error`` (against
        ``s`` at ``μ``), ``smoothed_score_error`` (against ``s_σ`` at ``μ + σ S z``: the estimator's own) and
        ``smoothing_bias`` (``s_σ`` against ``s`` at ``μ``), all relative mean squares.
        """
        return self.judge(score).metrics

    def judge(self, score: Score) -> Judgement:
        """:meth:`metrics` of a score, and its losses by blocks."""
        at_noisy = score(self._noisy) * self._scale
        noise_estimate = -self.sigma * at_noisy
        found = {
            "denoising_loss": denoising_loss(noise_estimate, self._z),
            "stein_residual": stein_residual(at_noisy, self._standardized),
        }
        if self.exact:
            found["score_error"] = relative_error(score(self._held_out) * self._scale, self._clean_score)
            found["smoothed_score_error"] = relative_error(at_noisy, self._smoothed_score)
            found["smoothing_bias"] = self.smoothing_bias
        losses = denoising_losses(noise_estimate, self._z)
        return Judgement(found, np.array([block.mean() for block in np.array_split(losses, _LOSS_BLOCKS)]))

    def smoothed_score_error(self, score: Score) -> Estimate:
        """The metric of that name alone."""
        return relative_error(score(self._noisy) * self._scale, self._smoothed_score)


def score_profile(score: Score, standardization: Standardization, n_points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points over the range of one-dimensional data and the score there, both ``(n_points,)``, physical units."""
    x = np.linspace(standardization.lower[0], standardization.upper[0], n_points)
    return x, score(x[:, None])[:, 0]


def noise_cloud(
    samples: np.ndarray, sigma: float, scale: np.ndarray, rng: np.random.Generator, n_points: int = 2000
) -> tuple[np.ndarray, np.ndarray]:
    """``x = μ + σ S z`` and ``−z/(σ S)``, whose conditional mean is the score; both ``(n_points, n_features)``."""
    chosen = samples[np.linspace(0, len(samples) - 1, n_points).astype(int)]
    z = rng.standard_normal(chosen.shape)
    return chosen + sigma * scale * z, -z / (sigma * scale)


def score_field(score: Score, held_out: np.ndarray, n_per_axis: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """A regular grid where two-dimensional data lie, and the score there, both ``(n_points, 2)``, physical units.

    A point of the grid is kept if its cell or one next to it holds data.
    """
    lower, upper = np.quantile(held_out, [0.0005, 0.9995], axis=0)
    edges = [np.linspace(a, b, n_per_axis + 1) for a, b in zip(lower, upper)]
    counts, *_ = np.histogram2d(held_out[:, 0], held_out[:, 1], bins=edges)
    centers = np.stack(np.meshgrid(*(0.5 * (e[1:] + e[:-1]) for e in edges), indexing="ij"), axis=-1)
    points = centers[maximum_filter(counts, size=3) > 0]
    return points, score(points)
