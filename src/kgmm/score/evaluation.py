"""How good a score is: errors at held-out points, identities that need no exact score, and curves to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter

from kgmm.data.blocks import Estimate
from kgmm.data.standardization import Standardization
from kgmm.statistics.comparison import relative_error
from kgmm.statistics.denoising import denoising_loss, denoising_losses
from kgmm.statistics.score_statistics import ScoreSample, score_statistics

if TYPE_CHECKING:
    from kgmm.systems.base import System

Score = Callable[[np.ndarray], np.ndarray]
_LOSS_BLOCKS = 20


class ScoreEvaluation(NamedTuple):
    """Statistics of a score.

    Attributes
    ----------
    metrics : dict of Estimate
        By name, see ``kgmm/statistics/of_score``.
    loss_blocks : numpy.ndarray
        Mean denoising losses of consecutive blocks of the held-out samples, ``(20,)``. Scores that are evaluated at the
        same points with the same noise are compared by their differences, which vary far less.
    """

    metrics: dict[str, Estimate]
    loss_blocks: np.ndarray


class ScoreEvaluator:
    """Held-out samples, and one draw of noise on them, at which all scores are evaluated alike.

    Parameters
    ----------
    held_out : numpy.ndarray
        Samples that took no part in the fit, ``(n, n_features)``, physical units.
    sigma : float
        Noise amplitude in standard deviations of the data.
    standardization : Standardization
        That of the fit.
    system : System or None
        Supplies the exact scores; ``None``, or one without an exact density, leaves out what needs them.
    rng : numpy.random.Generator
        Draws the noise.
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
            self._smoothed_at_clean = system.smoothed_score(held_out, noise_scale) * self._scale

    def evaluate(self, score: Score) -> ScoreEvaluation:
        """Statistics of a score ``(n, n_features) -> (n, n_features)`` in physical units.

        They are computed in standardised coordinates; those that need an exact score are left out where there is none.
        """
        at_noisy = score(self._noisy) * self._scale
        exact = {}
        if self.exact:
            exact = {
                "exact": self._clean_score,
                "smoothed": self._smoothed_score,
                "smoothed_at_clean": self._smoothed_at_clean,
            }
        at_clean = score(self._held_out) * self._scale
        sample = ScoreSample(self.sigma, self._z, self._standardized, at_noisy, at_clean, **exact)
        statistics = {
            name: statistic.compute(sample)
            for name, statistic in score_statistics().items()
            if self.exact or not statistic.needs_exact
        }
        losses = denoising_losses(-self.sigma * at_noisy, self._z)
        loss_blocks = np.array([block.mean() for block in np.array_split(losses, _LOSS_BLOCKS)])
        return ScoreEvaluation(statistics, loss_blocks)

    def errors(self, score: Score) -> dict[str, float]:
        """The denoising loss, and the errors against the exact scores where they are known: the metrics of these names.

        Less is evaluated than by :meth:`evaluate`.
        """
        at_noisy = score(self._noisy) * self._scale
        errors = {"denoising_loss": denoising_loss(-self.sigma * at_noisy, self._z)}
        if self.exact:
            errors["smoothed_score_error"] = relative_error(at_noisy, self._smoothed_score)
            errors["score_error"] = relative_error(score(self._held_out) * self._scale, self._clean_score)
        return {name: error.value for name, error in errors.items()}

    @property
    def smoothing_bias(self) -> Estimate:
        """Relative mean-square difference of ``s_σ`` from ``s`` at the held-out samples."""
        return relative_error(self._smoothed_at_clean, self._clean_score)

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
