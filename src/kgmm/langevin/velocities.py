"""Velocities of a densely saved path, and the normal equations of their regression on a circulation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from kgmm.data.segments import states_of
from kgmm.errors import ScientificFailure
from kgmm.langevin.circulation import variable_pairs
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.langevin.radial import RadialBasis
from kgmm.score.model import ScoreModel

# Weights w_k of the differences x(t + k h) − x(t − k h) over 2h, k = 1, 2, 3, in the velocity: Σ w_k k = 1, and
# Σ w_k k² = Σ w_k k³ = 0. The second power does not cancel by itself: drift and noise do not commute.
_VELOCITY = (3.0, -1.5, 1.0 / 3.0)
_REACH = len(_VELOCITY)
_CHUNK = 8192


@dataclass(frozen=True)
class NormalEquations:
    """Means of products for the regression of velocities ``v`` on ``g_mk = φ_m s_k + ∂_k φ_m``, block by block.

    ``R s + ∇·R`` is linear in the coefficients: that of ``R_ab`` at ``φ_m`` adds ``g_mb`` to the velocity of ``a`` and
    ``−g_ma`` to that of ``b``. So the products of all ``g_mk`` hold the normal equations of every choice of terms.

    Attributes
    ----------
    basis : PolynomialBasis or RadialBasis
    products : ndarray of shape (n_blocks, n_terms · n_features, n_terms · n_features)
        Means of ``g_mk g_m'k'``; the index of ``g_mk`` is ``m n_features + k``.
    targets : ndarray of shape (n_blocks, n_terms · n_features, n_features)
        Means of ``g_mk v_i``.
    square : ndarray of shape (n_blocks,)
        Means of ``|v|²``.
    n_points : int
        In all blocks together.
    """

    basis: PolynomialBasis | RadialBasis
    products: np.ndarray
    targets: np.ndarray
    square: np.ndarray
    n_points: int

    def of_terms(self, terms: np.ndarray, span: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Matrix and right-hand side of each block for the coefficients ``(pair, term)`` of the chosen terms.

        Parameters
        ----------
        terms : ndarray of int, shape (n_chosen,)
        span : ndarray of shape (n_pairs · n_chosen, n_free), optional
            Columns that span the coefficients, such as those of
            :func:`kgmm.langevin.symmetries.equivariant_coefficients`.

        Returns
        -------
        Arrays of shape ``(n_blocks, n_free, n_free)`` and ``(n_blocks, n_free)``.
        """
        pairs = [self._of_block(block, terms) for block in range(len(self.products))]
        if span is not None:
            pairs = [(span.T @ matrix @ span, span.T @ right) for matrix, right in pairs]
        return tuple(np.array(part) for part in zip(*pairs))

    def _of_block(self, block: int, terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.basis.n_features
        pairs, size = variable_pairs(d), len(terms)
        index = terms[:, None] * d + np.arange(d)
        products, targets = self.products[block], self.targets[block]
        matrix = np.zeros((len(pairs), size, len(pairs), size))
        right = np.empty((len(pairs), size))
        for p, (a, b) in enumerate(pairs):
            right[p] = targets[index[:, b], a] - targets[index[:, a], b]
            for q, (c, e) in enumerate(pairs):
                # Each of the two pairs moves two variables; the products of those that they share add up.
                for own, other, sign in ((a, b, 1.0), (b, a, -1.0)):
                    for own_q, other_q, sign_q in ((c, e, 1.0), (e, c, -1.0)):
                        if own == own_q:
                            part = products[np.ix_(index[:, other], index[:, other_q])]
                            matrix[p, :, q] += sign * sign_q * part
        return matrix.reshape(len(pairs) * size, -1), right.ravel()


@torch.no_grad()
def normal_equations(
    values: np.ndarray,
    interval: float,
    score: ScoreModel,
    basis: PolynomialBasis | RadialBasis,
    *,
    n_blocks: int = 10,
    max_points: int | None = None,
    noisy: bool = False,
    seed: int = 0,
) -> NormalEquations:
    """The normal equations from a path, in standardised coordinates.

    Forward and backward increments have the mean drifts ``D s + v`` and ``D s − v`` with the same ``D s``, so that half
    of their difference is ``v = R s + ∇·R`` alone, whatever ``D``. Both are taken over three lags and extrapolated to
    none, which leaves a bias of third order in the interval.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_times, n_features)
        Physical units, ``interval`` apart.
    n_blocks : int
        Groups of members where there are as many, else equal stretches of every member.
    max_points : int, optional
        Points that are used at most, evenly spaced in time; all by default.
    noisy : bool
        Whether the velocities are regressed at ``x + σz``, the points whose law has the score, and not at ``x``.
    seed : int
        Of ``z``.

    Raises
    ------
    ValueError
        If the stretches are shorter than seven times.
    """
    d, standardization = values.shape[2], score.standardization
    blocks = path_blocks(values.shape[0], values.shape[1], n_blocks)
    if min(times.stop - times.start for _, times in blocks) < 2 * _REACH + 1:
        raise ValueError(f"the path has {values.shape[1]} times in {values.shape[0]} members: too few for velocities")
    generator = torch.Generator().manual_seed(seed)
    size, n_points = basis.n_terms * d, 0
    most = None if max_points is None else max_points // len(blocks)
    products, targets, square = [], [], []
    for block in blocks:
        total, cross, own, count = np.zeros((size, size)), np.zeros((size, d)), 0.0, 0
        for x, v in states_and_velocities(values, interval, block, most):
            x = torch.tensor(standardization.forward(x).T, dtype=torch.float32)
            v = torch.tensor((v / standardization.scale).T, dtype=torch.float32)
            if noisy:
                x = x + score.sigma * torch.randn(x.shape, generator=generator)
            # Double precision: the products span many orders of magnitude, and a ridge of 1e-8 must mean something.
            g = velocity_features(x, score, basis).double()
            total += (g @ g.T).numpy()
            cross += (g @ v.double().T).numpy()
            own += float(v.double().square().sum())
            count += x.shape[1]
        if count == 0:  # its segments are too short
            continue
        products.append(total / count)
        targets.append(cross / count)
        square.append(own / count)
        n_points += count
    if len(products) < 2:
        raise ValueError(f"too few blocks of the path have {2 * _REACH + 1} states without a gap: it has no velocities")
    return NormalEquations(basis, np.array(products), np.array(targets), np.array(square), n_points)


def velocity_features(x: torch.Tensor, score: ScoreModel, basis: PolynomialBasis | RadialBasis) -> torch.Tensor:
    """``g_mk = φ_m s_k + ∂_k φ_m`` at standardised ``x`` ``(n_features, n)``, shape ``(n_terms · n_features, n)``."""
    phi, shift, slope = basis.evaluate(x)
    score_values = score.standardized(x.T.contiguous()).T
    g = phi[:, None] * (score_values if shift is None else score_values + shift)
    for k in range(x.shape[0]):
        g[:, k] += basis.differentiate_values(phi, k) * slope[k]
    return g.reshape(-1, x.shape[1])


def difference_diffusion(values: np.ndarray, interval: float) -> tuple[np.ndarray, np.ndarray]:
    """``D`` of ``√2 D^½ dW`` from second and third differences of a path, and its standard errors from blocks.

    ``E[δ²x δ²xᵀ] = 4 h (D − 2 c h²)`` and ``E[δ³x δ³xᵀ] = 12 h (D − c h²)`` up to higher orders: velocities drop out,
    and twice the second estimate minus the first is free of ``c``. Where that is not positive definite, the second
    estimate is returned, a covariance and therefore never indefinite.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_times, n_features)

    Returns
    -------
    Two arrays of shape ``(n_features, n_features)``, squared units of the values per unit of time.

    Raises
    ------
    ScientificFailure
        If no block has four states without a gap.
    """
    both, weights = [], []
    for members, times in path_blocks(values.shape[0], values.shape[1], 20):
        part = values[members, times].astype(float)
        moments = []
        for order, size in ((2, 4.0), (3, 12.0)):
            # What reaches into a gap is missing.
            difference = states_of(np.diff(part, order, axis=1))
            moments.append(difference.T @ difference / (max(1, len(difference)) * size * interval))
        if not len(difference):
            continue
        both.append(moments)
        weights.append(len(difference))
    if not both:
        raise ScientificFailure("no part of the path has four states without a gap: it is too short for its diffusion")
    both = np.array(both)
    second, third = np.average(both, axis=0, weights=weights)
    extrapolated = 2 * third - second
    if np.linalg.eigvalsh(extrapolated)[0] > 0:
        estimate, blocks = extrapolated, 2 * both[:, 1] - both[:, 0]
    else:
        estimate, blocks = third, both[:, 1]
    return estimate, blocks.std(axis=0, ddof=1) / len(blocks) ** 0.5


def path_blocks(n_members: int, n_times: int, n_blocks: int) -> list[tuple[np.ndarray, slice]]:
    """Members and times of nearly independent blocks."""
    if n_members >= n_blocks:
        return [(part, slice(0, n_times)) for part in np.array_split(np.arange(n_members), n_blocks)]
    stretches = -(-n_blocks // n_members)
    length = n_times // stretches
    return [(np.array([m]), slice(k * length, (k + 1) * length)) for m in range(n_members) for k in range(stretches)]


def states_and_velocities(
    values: np.ndarray, interval: float, block: tuple[np.ndarray, slice], max_points: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """States and velocities, ``(n, n_features)`` each, in pieces."""
    members, times = block
    part = values[members, times]
    n_inner = part.shape[1] - 2 * _REACH
    step = 1 if max_points is None else max(1, -(-len(members) * n_inner // max_points))
    at = np.arange(_REACH, part.shape[1] - _REACH, step)
    # Differences are taken in double precision: an offset of the data must not cost them their digits.
    differences = (part[:, at + k].astype(float) - part[:, at - k] for k in range(1, _REACH + 1))
    v = sum(w * difference for w, difference in zip(_VELOCITY, differences)) / (2 * interval)
    v = v.reshape(-1, part.shape[2])
    x = part[:, at].reshape(-1, part.shape[2])
    known = ~np.isnan(v[:, 0]) & ~np.isnan(x[:, 0])  # what reaches into a gap is missing
    x, v = x[known], v[known]
    for start in range(0, len(x), _CHUNK):
        yield x[start : start + _CHUNK], v[start : start + _CHUNK]
