"""What a network is fitted to where cells are given: points, scores and their errors, and which points are held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from kgmm.score.cells import CellEstimates

_MIN_FOR_FOLD = 500


class CellTargets(NamedTuple):
    """Scores at points of cells, in standardised coordinates, cell by cell.

    Attributes
    ----------
    points, scores, stderr
        ``(n_points, n_features)``.
    weights
        ``(n_points,)``, counts of the cells.
    group_size
        Points of each cell.
    """

    points: np.ndarray
    scores: np.ndarray
    stderr: np.ndarray
    weights: np.ndarray
    group_size: int


def targets_of_cells(estimates: CellEstimates, sigma: float, seed: int) -> CellTargets:
    """One point for each constant cell, ``d + 1`` for each linear one, in an orientation that ``seed`` decides."""
    points, noise, weights = estimates.center, estimates.noise_mean, estimates.count
    if estimates.slope is not None:
        points, noise = points_in_cells(estimates, seed)
    group_size = len(points) // len(weights)
    # The points of a linear cell have the noise of its line: the error of their mean is that of the cell.
    stderr = np.repeat(estimates.stderr / sigma, group_size, axis=0) * group_size**0.5
    return CellTargets(points, -noise / sigma, stderr, np.repeat(weights, group_size), group_size)


def points_in_cells(estimates: CellEstimates, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in linear cells, and ``E[z | x]`` there: ``d + 1`` per cell, cell by cell, standardised coordinates.

    They are the corners of a regular simplex in a random orientation, stretched so that their mean and covariance are
    those of the cell. A smooth function has the same average over them as over the cell to second order, so that the
    network is compared with averages over cells and not with their values at one point.
    """
    n_cells, d = estimates.center.shape
    corners = np.linalg.svd(np.eye(d + 1) - 1.0 / (d + 1))[0][:, :d] * np.sqrt(d + 1.0)
    rotations = np.linalg.qr(np.random.default_rng(seed).standard_normal((n_cells, d, d)))[0]
    values, vectors = np.linalg.eigh(estimates.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    shift = np.einsum("cij,cjk,mk->cmi", root, rotations, corners)
    points = estimates.center[:, None] + shift
    noise = estimates.noise_mean[:, None] + np.einsum("cij,cmj->cmi", estimates.slope, shift)
    return points.reshape(-1, d), noise.reshape(-1, d)


def held_out_groups(n_groups: int, share: float, seed: int) -> np.ndarray:
    """Which of the groups are held out, ``(n_groups,)`` bool; none of fewer than 500."""
    fold = np.zeros(n_groups, dtype=bool)
    if n_groups >= _MIN_FOR_FOLD:
        fold[np.random.default_rng(seed).choice(n_groups, round(share * n_groups), replace=False)] = True
    return fold
