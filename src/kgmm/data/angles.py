"""Angles as points in the plane: a variable without ends has a density on a ring, and none on the circle itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter

# Of the radius, whose mean is one: the thinner the ring, the shorter the time step of a model.
RADIUS_DEVIATION = 0.2
_THIN = 0.02


def on_ring(angles: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Points ``r (cos θ, sin θ)`` with radii of their own law ``N(1, 0.2²)``.

    Their density is ``p(θ) ρ(r)/r``, so that angles keep their law and score. Radii follow each other as those of a
    Brownian motion in the plane that turns as much in a step as the angles do, so that both directions have one clock.

    Parameters
    ----------
    angles : sequence of ndarray, each of shape (n_times,)
        Members, in the order of time; radians.
    rng : numpy.random.Generator

    Returns
    -------
    list of ndarray, each of shape (n_times, 2)

    Examples
    --------
    >>> angle = np.random.default_rng(0).vonmises(0.0, 1.0, 10_000)
    >>> (points,) = on_ring([angle], np.random.default_rng(1))
    >>> bool(np.allclose(angle_of(points[:, 0], points[:, 1]), angle))
    True
    """
    turns = np.concatenate([np.exp(1j * np.diff(angle)) for angle in angles])
    turns = turns[np.isfinite(turns)]
    # E e^{iΔθ} = e^{−Dh} up to a steady rotation, and the radius relaxes at the rate D/0.2².
    keep = float(np.abs(turns.mean()) ** RADIUS_DEVIATION**-2) if turns.size else 0.0
    points = []
    for angle in angles:
        noise = rng.standard_normal(angle.size) * np.sqrt(1.0 - keep**2)
        noise[:1] = rng.standard_normal(1)
        # A radius of zero is five deviations away.
        radius = np.maximum(1.0 + RADIUS_DEVIATION * lfilter([1.0], [1.0, -keep], noise), 1e-3)
        points.append(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    return points


def angle_of(cosine: np.ndarray, sine: np.ndarray) -> np.ndarray:
    """The angle of points in the plane, between −π and π."""
    return np.arctan2(sine, cosine)


def is_circle(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether points lie on a circle around zero, to within 2 % of its radius.

    Examples
    --------
    >>> angle = np.linspace(0, 6, 100)
    >>> is_circle(np.cos(angle), np.sin(angle)), is_circle(np.cos(angle), 1.1 * np.sin(angle))
    (True, False)
    """
    radius = np.hypot(x, y)
    return bool(radius.std() < _THIN * radius.mean())
