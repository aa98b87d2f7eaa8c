"""The noise amplitude σ chosen from the data: bias grows with it, noise falls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kgmm.score.model import ScoreModel

SIGMAS = (0.02, 0.05, 0.1, 0.2)
_BLOCKS = 50
_MAX_DIVERGENCES = 64_000


@dataclass(frozen=True)
class AmplitudeCurve:
    """Held-out loss of fits at several noise amplitudes.

    Attributes
    ----------
    sigmas
        ``(n,)``, amplitudes in standard deviations of the data, ascending.
    losses
        ``(n,)``, ``E[½|s|² + ∇·s]`` at clean held-out samples, standardised coordinates.
    stderr
        ``(n,)``, standard error of the difference from the lowest loss, samples taken as independent.
    """

    sigmas: np.ndarray
    losses: np.ndarray
    stderr: np.ndarray

    @property
    def best(self) -> float:
        """The amplitude of least loss."""
        return float(self.sigmas[self.losses.argmin()])


def amplitude_curve(
    X: np.ndarray, fit: Callable[[np.ndarray, float], ScoreModel], sigmas: Sequence[float] = SIGMAS
) -> AmplitudeCurve:
    """Fits at every amplitude and compares the scores where there is no noise.

    The denoising loss depends on σ by itself and cannot compare amplitudes. Hyvärinen's loss at *clean* held-out
    samples can: ``E[½|ŝ|² + ∇·ŝ] = ½ E|ŝ − s|² − ½ E|s|²`` whatever ``ŝ`` is, smoothing bias included.

    Parameters
    ----------
    X
        Samples, ``(n_samples, n_features)``, physical units; every tenth of fifty contiguous blocks is held out.
    fit
        ``(samples, sigma) -> score model``.
    sigmas
        Amplitudes in standard deviations of the data.

    Returns
    -------
    The losses; half of their differences are differences of the mean square error.

    Source: Hyvärinen 2005, J. Mach. Learn. Res. 6, 695, theorem 1.
    """
    blocks = np.array_split(np.arange(len(X)), min(_BLOCKS, len(X) // 2))
    is_held_out = np.zeros(len(X), dtype=bool)
    is_held_out[np.concatenate(blocks[5::10])] = True
    training, held_out = X[~is_held_out], X[is_held_out]
    held_out = held_out[:: -(-len(held_out) * X.shape[1] // _MAX_DIVERGENCES)]
    scale = X.std(axis=0, dtype=float)
    losses = []
    for sigma in sorted(sigmas):
        model = fit(training, sigma)
        square = np.square(model(held_out) * scale).sum(axis=1)
        losses.append(0.5 * square + (model.jacobian_diagonal(held_out) * scale**2).sum(axis=1))
    losses = np.array(losses)
    means = losses.mean(axis=1)
    difference = losses - losses[means.argmin()]
    return AmplitudeCurve(
        np.sort(np.asarray(sigmas, dtype=float)), means, difference.std(axis=1) / len(held_out) ** 0.5
    )
