"""The weights ``B = −(∇·u + u·s)`` of a perturbation at the states of a path, by a score and by a Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kgmm.langevin.moment_identities import Correction, possible_degree
from kgmm.langevin.perturbations import Perturbation, at_states


@dataclass(frozen=True)
class Weights:
    """Weights at the states of a path and at their images under the symmetries of its law, which are data as well.

    Attributes
    ----------
    images, u : list of ndarray, each of shape (n, n_features)
        States, those of the path first, and the perturbation at them.
    given, corrected, gaussian : list of ndarray, each of shape (n,)
        By the score as it is, after its correction, and by the Gaussian of the states.
    degree : int
        Of the polynomials by which the weights are corrected.
    identities : Correction or None
        How they are corrected; None for degree 0.
    everything : ndarray of shape (n_images · n, n_features)
        All states, whose moments are invariant.
    """

    images: list[np.ndarray]
    u: list[np.ndarray]
    given: list[np.ndarray]
    corrected: list[np.ndarray]
    gaussian: list[np.ndarray]
    degree: int
    identities: Correction | None
    everything: np.ndarray

    @property
    def correction(self) -> float:
        """Root mean square of the correction, relative to that of the corrected weight."""
        change, whole = (np.mean(np.square(part)) for part in (np.subtract(self.corrected, self.given), self.corrected))
        return float(np.sqrt(change / whole)) if whole > 0 else 0.0


def weights_of(
    x: np.ndarray,
    score: Callable[[np.ndarray], np.ndarray],
    perturbation: Perturbation,
    divergence: Callable[[np.ndarray], np.ndarray] | None,
    elements: np.ndarray,
    moments: int,
) -> Weights:
    """The weights at states ``(n, n_features)``.

    Parameters
    ----------
    x, score, perturbation, divergence, moments
        See :func:`kgmm.response`.
    elements : ndarray of shape (n_images, n_features, n_features)
        The group of the symmetries.

    Raises
    ------
    ValueError
        For a perturbation that cannot be used, or a negative degree.
    """
    if moments < 0:
        raise ValueError(f"moments is {moments}: a degree of polynomials is expected, 0 for none")
    images = [x @ element.T for element in elements]
    everything = np.concatenate(images) if len(images) > 1 else x
    forced = [at_states(image, perturbation, divergence) for image in images]
    u = [forcing for forcing, _ in forced]
    given, gaussian = (
        [-(of_u + (v * s).sum(axis=1)) for s, (v, of_u) in zip(_at_images(own, images, elements), forced)]
        for own in (score, _gaussian_score(everything))
    )
    degree = possible_degree(moments, x.shape[1], len(everything))
    identities = Correction(images, u, given, degree) if degree else None
    changed = given if identities is None else identities.weights
    return Weights(images, u, given, changed, gaussian, degree, identities, everything)


def _at_images(score, images: list[np.ndarray], elements: np.ndarray) -> list[np.ndarray]:
    """The score at the images of states, averaged over the symmetries: that of an invariant law is ``Sᵀ s(S x)``."""
    mean = np.mean([np.asarray(score(x)) @ element for x, element in zip(images, elements)], axis=0)
    return [mean @ element.T for element in elements]


def _gaussian_score(flat: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    mean, precision = flat.mean(axis=0), np.linalg.inv(np.atleast_2d(np.cov(flat.T)))
    return lambda x: (mean - x) @ precision
