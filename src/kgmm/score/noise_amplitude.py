"""The noise amplitude σ chosen from the data: bias grows with it, noise falls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kgmm.data.standardization import StandardizedSamples
from kgmm.score.model import ScoreModel

logger = logging.getLogger("kgmm")

SIGMAS = (0.02, 0.05, 0.1, 0.2)
_N_POINTS = 5000


@dataclass(frozen=True)
class AmplitudeCurve:
    """Fits at several noise amplitudes and how far they are from a score that has none.

    Attributes
    ----------
    sigmas
        ``(n,)``, amplitudes in standard deviations of the data, ascending.
    distances
        ``(n,)``, ``E|s_σ − s₀|²/E|s₀|²`` over samples, standardised coordinates.
    models
        The ``n`` fits.
    """

    sigmas: np.ndarray
    distances: np.ndarray
    models: tuple[ScoreModel, ...]

    @property
    def best(self) -> ScoreModel:
        """The fit of least distance."""
        return self.models[int(self.distances.argmin())]


def amplitude_curve(
    X: np.ndarray,
    fit: Callable[[np.ndarray, float], ScoreModel],
    reference: ScoreModel,
    sigmas: Sequence[float] = SIGMAS,
) -> AmplitudeCurve:
    """Fits at every amplitude and measures them against one score of the samples themselves.

    The denoising loss depends on σ by itself and cannot compare amplitudes. Hyvärinen's loss at clean held-out samples
    can, but its standard error is as large as what is to be told apart. The distance to a reference is
    ``E|s_σ − s|² + E|s₀ − s|²`` as far as the errors of the two are uncorrelated, the second the same for every σ: it
    has hardly any noise, and both smoothing bias and variance are in it. Measured, see ``docs/score-research.md``.

    Parameters
    ----------
    X : ndarray or Samples
        Samples, ``(n_samples, n_features)``, physical units.
    fit : callable
        ``(samples, sigma) -> score model``.
    reference : ScoreModel
        ``s₀``, an estimate of the score of the samples themselves by other means: ``kgmm.fit_score(X)``.
    sigmas : sequence of float
        Amplitudes in standard deviations of the data.

    Returns
    -------
    AmplitudeCurve

    Examples
    --------
    >>> import kgmm
    >>> X = kgmm.get_system("phi4_chain", n_variables=1).sample(5000, np.random.default_rng(0))
    >>> fit = lambda X, sigma: kgmm.fit_score(X, sigma, "kgmm", max_iterations=50)
    >>> amplitude_curve(X, fit, kgmm.fit_score(X), (0.05, 0.5)).best.sigma
    0.05
    """
    standardization = reference.standardization
    chosen = StandardizedSamples(X, standardization).choose(_N_POINTS, np.random.default_rng(0))
    points, scale = standardization.backward(chosen.numpy().astype(float)), standardization.scale
    exact = reference(points) * scale
    sigmas = np.sort(np.asarray(sigmas, dtype=float))
    models = tuple(fit(X, float(sigma)) for sigma in sigmas)
    distances = [np.square(model(points) * scale - exact).sum() / np.square(exact).sum() for model in models]
    for sigma, distance in zip(sigmas, distances):
        logger.info("σ = %g: distance %.3g from the %s", sigma, distance, reference.method)
    return AmplitudeCurve(sigmas, np.array(distances), models)
