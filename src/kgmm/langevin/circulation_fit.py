"""The circulation from a densely saved path: one linear regression, its size and ridge chosen on held-out blocks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from kgmm.data.blocks import Estimate
from kgmm.data.segments import states_of
from kgmm.langevin.circulation import Circulation, variable_pairs
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.langevin.radial import RadialBasis
from kgmm.langevin.ridge_regression import (
    RIDGES,
    best_ridge,
    estimate_of_blocks,
    jackknife_stderr,
    solve,
    without_each_block,
)
from kgmm.langevin.symmetries import equivariant_coefficients, generated_group, invariant_half_width, invariant_mean
from kgmm.langevin.velocities import NormalEquations, normal_equations
from kgmm.score.model import ScoreModel

if TYPE_CHECKING:
    from kgmm.langevin.mean_velocity import MeanVelocity

logger = logging.getLogger("kgmm")

DEGREES = (0, 1, 2, 3, 4)
CENTERS = (300,)
_MAX_COEFFICIENTS = 1500
_MAX_PRODUCTS = 1600
_POINTS_PER_COEFFICIENT = 50
_BLOCKS = 10
_KMEANS_STRIDE = 7


@dataclass(frozen=True)
class CirculationFit:
    """A fitted circulation, or the mean velocity in its place, and its diagnostics.

    Attributes
    ----------
    circulation : Circulation or MeanVelocity
        With standard errors of the coefficients from blocks.
    basis : str
        ``"constant"``, ``"polynomials of degree 3"`` or ``"200 radial functions"``; ``"velocity of degree 3"``.
    ridge : float
        Added to the diagonal of the normal equations, in units of its mean.
    gain : Estimate
        Held-out fall of the mean square error of the velocities below that of no circulation, in units of the mean
        square velocity, with the standard error over blocks.
    gain_over_constant : Estimate
        The same below that of the best constant circulation, block by block.
    gains : dict
        The gain of every basis that was tried, each with its best ridge.
    n_coefficients, n_points : int
        Free coefficients and points of the regression.
    """

    circulation: Circulation | MeanVelocity
    basis: str
    ridge: float
    gain: Estimate
    gain_over_constant: Estimate
    gains: dict[str, Estimate]
    n_coefficients: int
    n_points: int


def fit_circulation(
    values: np.ndarray,
    interval: float,
    score: ScoreModel,
    *,
    degrees: Sequence[int] = DEGREES,
    centers: Sequence[int] = CENTERS,
    ridges: Sequence[float] = RIDGES,
    symmetries: Sequence[np.ndarray] | None = None,
    max_points: int = 300_000,
    noisy: bool = False,
    seed: int = 0,
) -> CirculationFit:
    """Fits ``R(x)`` so that ``R s + ∇·R`` is the mean velocity of a path.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_times, n_features)
        A path in physical units, ``interval`` apart, densely saved.
    score : ScoreModel
        Of the same variables.
    degrees : sequence of int
        Degrees of polynomials to choose from, as far as the points allow; 0 is a constant.
    centers : sequence of int
        Numbers of radial functions to choose from, likewise.
    ridges : sequence of float
        To choose from.
    symmetries : sequence of array_like, optional
        Signed permutations ``S``, ``(n_features, n_features)`` each, under which the law of the path is invariant:
        ``R(S x) = S R(x) Sᵀ`` is imposed.
    max_points : int
        Points of the path that are used at most.
    noisy, seed :
        See :func:`kgmm.langevin.velocities.normal_equations`.

    Raises
    ------
    ValueError
        If the path has one variable, too few times, a symmetry is unusable, or nothing is left to choose from.

    Notes
    -----
    Basis and ridge are those with the least squared error of the velocities in blocks of the path that took no part.
    """
    d = values.shape[2]
    if d < 2:
        raise ValueError("the path has one variable: a circulation needs two")
    group = generated_group(symmetries or [], d)
    n_points = min(max_points, len(states_of(values)))

    def equations_of(basis) -> NormalEquations:
        return normal_equations(
            values, interval, score, basis, n_blocks=_BLOCKS, max_points=max_points, noisy=noisy, seed=seed
        )

    best, gains, constant = None, {}, None
    for name, problem in _problems(values, score, group, degrees, centers, n_points, equations_of):
        ridge, blocks = best_ridge(problem.matrices, problem.rights, problem.square, ridges)
        gains[name] = estimate_of_blocks(blocks)
        if name == "constant":
            constant = blocks
        if best is None or gains[name].value > gains[best[0]].value:
            best = name, problem, ridge, blocks
    if best is None:
        raise ValueError("no circulation is left: the symmetries, or the size of the data, allow none of these bases")
    name, problem, ridge, blocks = best
    logger.info("circulation: %s, ridge %g, held-out gain %.4f ± %.4f", name, ridge, *gains[name])
    return CirculationFit(
        circulation=_solution(problem, ridge),
        basis=name,
        ridge=ridge,
        gain=gains[name],
        gain_over_constant=estimate_of_blocks(blocks if constant is None else blocks - constant),
        gains=gains,
        n_coefficients=problem.span.shape[1],
        n_points=problem.n_points,
    )


@dataclass(frozen=True)
class _Problem:
    """Normal equations of the free coefficients, block by block."""

    basis: PolynomialBasis | RadialBasis
    span: np.ndarray
    matrices: np.ndarray
    rights: np.ndarray
    square: np.ndarray
    n_points: int


def _problems(
    values: np.ndarray,
    score: ScoreModel,
    group: np.ndarray,
    degrees: Sequence[int],
    centers: Sequence[int],
    n_points: int,
    equations_of: Callable[[PolynomialBasis | RadialBasis], NormalEquations],
) -> Iterator[tuple[str, _Problem]]:
    """The problems to choose from, with their names; one at a time, because each may take a gigabyte."""
    d, scale = values.shape[2], score.standardization.scale
    n_pairs = len(variable_pairs(d))
    most = min(_MAX_COEFFICIENTS, n_points // _POINTS_PER_COEFFICIENT) * len(group)
    most_terms = max(1, min(most // n_pairs, _MAX_PRODUCTS // d))

    def problem(equations: NormalEquations, basis, terms: np.ndarray) -> _Problem | None:
        # Symmetries hold in physical units, where R_ij is S_i S_j times as large.
        units = np.repeat(scale[variable_pairs(d)].prod(axis=1), len(terms))
        span = equivariant_coefficients(basis, group) / units[:, None]
        if not span.shape[1]:
            return None
        span = span / np.linalg.norm(span, axis=0)
        matrices, rights = equations.of_terms(terms, span)
        return _Problem(basis, span, matrices, rights, equations.square, equations.n_points)

    degrees = [degree for degree in degrees if degree == 0 or comb(d + degree, degree) <= most_terms]
    if degrees:
        basis = PolynomialBasis.of_degree(*box_of(score, group), max(degrees))
        equations = equations_of(basis)
        for degree in degrees:
            terms = np.flatnonzero(basis.degrees <= degree)
            found = problem(equations, basis.restricted(terms), terms)
            if found is not None:
                yield "constant" if degree == 0 else f"polynomials of degree {degree}", found
        del equations
    origin, unit = _frame(score, group)
    points = score.standardization.forward(states_of(values[:, ::_KMEANS_STRIDE]))
    done = set()
    for n_centers in centers:
        n_terms = min(n_centers, most_terms)
        if n_terms < len(group) or n_terms in done:
            continue
        done.add(n_terms)
        basis = RadialBasis.of_data(points, n_terms, origin=origin, unit=unit, group=group)
        found = problem(equations_of(basis), basis, np.arange(basis.n_terms))
        if found is not None:
            yield f"{basis.n_terms} radial functions", found


def box_of(score: ScoreModel, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and half width, standardised, of the range of the data and 3 σ: where the score's network is evaluated."""
    standardization = score.standardization
    margin = 3.0 * score.sigma * standardization.scale
    lower, upper = standardization.lower - margin, standardization.upper + margin
    center = invariant_mean(0.5 * (lower + upper), group)
    half_width = invariant_half_width(0.5 * (upper - lower), group)
    return standardization.forward(center), half_width / standardization.scale


def _frame(score: ScoreModel, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the data, made invariant, in standardised coordinates."""
    standardization = score.standardization
    origin = standardization.forward(invariant_mean(standardization.mean, group))
    unit = invariant_half_width(standardization.scale, group) / standardization.scale
    return origin, unit


def _solution(problem: _Problem, ridge: float) -> Circulation:
    matrix = problem.matrices.mean(axis=0)
    theta = solve(matrix, problem.rights.mean(axis=0), ridge)
    without = without_each_block(problem.matrices, problem.rights, ridge)
    stderr = jackknife_stderr([problem.span @ one for one in without])
    rate = (max(0.0, theta @ matrix @ theta) / problem.basis.n_features) ** 0.5
    shape = (-1, problem.basis.n_terms)
    return Circulation(problem.basis, (problem.span @ theta).reshape(shape), rate, stderr.reshape(shape))
