"""The denoising loss of a score at held-out samples: it compares estimates at equal σ without an exact score."""

from __future__ import annotations

import numpy as np

from kgmm.data.blocks import Estimate


def denoising_losses(noise_estimate: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """``‖ε‖² − 2 ε·z`` at every point, ``(n,)``; both arrays ``(n, n_features)``.

    Its mean is that of ``‖ε − z‖² − d`` with less noise, since ``E‖z‖² = d`` exactly.
    """
    return (noise_estimate**2 - 2 * noise_estimate * noise).sum(axis=1)


def denoising_loss(noise_estimate: np.ndarray, noise: np.ndarray) -> Estimate:
    """``E‖ε(μ + σz) − z‖² − d``: lower is better, comparable at equal σ only; both arrays ``(n, n_features)``."""
    values = denoising_losses(noise_estimate, noise)
    return Estimate(float(values.mean()), float(values.std() / values.size**0.5))
