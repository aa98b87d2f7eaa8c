"""The mean velocity from a densely saved path: a polynomial in the state, its degree chosen on held-out blocks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np
import torch

from kgmm.data.segments import states_of
from kgmm.langevin.circulation_fit import CirculationFit, box_of
from kgmm.langevin.mean_velocity import MeanVelocity
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.langevin.ridge_regression import (
    RIDGES,
    best_ridge,
    estimate_of_blocks,
    jackknife_stderr,
    solve,
    without_each_block,
)
from kgmm.langevin.symmetries import generated_group
from kgmm.langevin.velocities import path_blocks, states_and_velocities
from kgmm.score.model import ScoreModel

logger = logging.getLogger("kgmm")

DEGREES = (1, 2, 3, 4, 5)
_MAX_TERMS = 1000
_POINTS_PER_TERM = 50
_BLOCKS = 10


class _Moments(NamedTuple):
    """Means of ``φ_m φ_m'``, ``φ_m v_i`` and ``|v|²`` in each block."""

    products: np.ndarray
    targets: np.ndarray
    square: np.ndarray
    n_points: int

    def of_terms(self, terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Products and targets of some of the functions."""
        return self.products[:, terms[:, None], terms], self.targets[:, terms]


def fit_mean_velocity(
    values: np.ndarray,
    interval: float,
    score: ScoreModel,
    *,
    degrees: Sequence[int] = DEGREES,
    ridges: Sequence[float] = RIDGES,
    symmetries: Sequence[np.ndarray] | None = None,
    max_points: int = 200_000,
    seed: int = 0,
) -> CirculationFit:
    """Fits ``v(x) = E[ẋ | x + σz = x]`` to a path, half the difference of the mean drifts forward and backward in time.

    Regressed at ``x + σz``, whose law has the score of a model: of this law ``∇·(v p) = 0`` holds exactly, of the
    velocity at ``x`` it does not.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_times, n_features)
        A path in physical units, ``interval`` apart, densely saved.
    score : ScoreModel
        Gives coordinates, range and σ.
    degrees : sequence of int
        Total degrees to choose from, as far as the points allow.
    ridges : sequence of float
        To choose from.
    symmetries : sequence of array_like, optional
        Signed permutations under which the law is invariant: ``v(S x) = S v(x)`` is imposed, by images of the path.
    max_points : int
        Points that are used at most, images included.
    seed : int
        Of ``z``.

    Returns
    -------
    CirculationFit
        Its ``circulation`` is a :class:`MeanVelocity`; gains are the shares of the mean square velocity in held-out
        blocks that are explained, ``gain_over_constant`` that beyond a linear field.

    Raises
    ------
    ValueError
        If the path has too few times or points, or a symmetry is unusable.

    Notes
    -----
    The degree is the lowest whose gain is within one standard error, of block-wise differences, of the best.
    """
    d = values.shape[2]
    group = generated_group(symmetries or [], d)
    n_points = min(max_points, len(group) * len(states_of(values)))
    most = min(_MAX_TERMS, n_points // _POINTS_PER_TERM)
    degrees = sorted(degree for degree in degrees if comb(d + degree, degree) <= most)
    if not degrees:
        raise ValueError(f"the path has {n_points} points: too few for a velocity of {d} variables")
    basis = PolynomialBasis.of_degree(*box_of(score, group), degrees[-1])
    moments = _moments(values, interval, score, basis, group, max_points, seed)
    found = {}
    for degree in degrees:
        terms = np.flatnonzero(basis.degrees <= degree)
        found[degree] = (terms, *best_ridge(*moments.of_terms(terms), moments.square, ridges))
    best = max(found, key=lambda degree: found[degree][2].mean())
    chosen = next(degree for degree in degrees if _no_worse(found[degree][2], found[best][2]))
    terms, ridge, gains = found[chosen]
    names = {degree: f"velocity of degree {degree}" for degree in degrees}
    gain = estimate_of_blocks(gains)
    logger.info("%s, ridge %g, held-out gain %.4f ± %.4f", names[chosen], ridge, *gain)
    return CirculationFit(
        circulation=_solution(*moments.of_terms(terms), basis.restricted(terms), ridge),
        basis=names[chosen],
        ridge=ridge,
        gain=gain,
        gain_over_constant=estimate_of_blocks(gains - found[degrees[0]][2]),
        gains={names[degree]: estimate_of_blocks(blocks) for degree, (*_, blocks) in found.items()},
        n_coefficients=d * len(terms),
        n_points=moments.n_points,
    )


@torch.no_grad()
def _moments(
    values: np.ndarray,
    interval: float,
    score: ScoreModel,
    basis: PolynomialBasis,
    group: np.ndarray,
    max_points: int,
    seed: int,
) -> _Moments:
    standardization, generator = score.standardization, torch.Generator().manual_seed(seed)
    blocks = path_blocks(values.shape[0], values.shape[1], _BLOCKS)
    products, targets, square, n_points = [], [], [], 0
    for block in blocks:
        product, target, own, count = 0.0, 0.0, 0.0, 0
        for x, v in states_and_velocities(values, interval, block, max_points // (len(blocks) * len(group))):
            # Symmetries hold in physical units.
            for element in group:
                state = torch.tensor(standardization.forward(x @ element.T).T)
                velocity = torch.tensor((v @ element.T / standardization.scale).T)
                noise = score.sigma * torch.randn(state.shape, generator=generator, dtype=state.dtype)
                for draw in (noise, -noise):
                    phi = basis(state + draw)
                    product = product + (phi @ phi.T).numpy()
                    target = target + (phi @ velocity.T).numpy()
                own += 2 * float(velocity.square().sum())
                count += state.shape[1]
        if count:
            products.append(product / (2 * count))
            targets.append(target / (2 * count))
            square.append(own / (2 * count))
            n_points += count
    if len(products) < 2:
        raise ValueError("too few blocks of the path have seven states without a gap: it has no velocities")
    return _Moments(np.array(products), np.array(targets), np.array(square), n_points)


def _no_worse(gains: np.ndarray, best: np.ndarray) -> bool:
    lost = estimate_of_blocks(best - gains)
    return lost.value <= lost.stderr


def _solution(products: np.ndarray, targets: np.ndarray, basis: PolynomialBasis, ridge: float) -> MeanVelocity:
    product = products.mean(axis=0)
    theta = solve(product, targets.mean(axis=0), ridge)
    stderr = jackknife_stderr(without_each_block(products, targets, ridge))
    rate = (max(0.0, float(np.sum(theta * (product @ theta)))) / basis.n_features) ** 0.5
    return MeanVelocity(basis, theta.T, rate, stderr.T)
