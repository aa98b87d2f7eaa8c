"""Ridge regression from normal equations of blocks of a path: the ridge by held-out blocks, errors by the jackknife."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from kgmm.data.blocks import Estimate

RIDGES = tuple(10.0**k for k in range(-9, -1))


def solve(matrix: np.ndarray, right: np.ndarray, ridge: float) -> np.ndarray:
    """The least-squares solution with ``ridge`` times the mean of the diagonal added to it."""
    regular = matrix + ridge * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    try:
        return cho_solve(cho_factor(regular), right)
    except LinAlgError:  # a ridge below the rounding of the products
        return np.linalg.lstsq(regular, right, rcond=None)[0]


def best_ridge(
    matrices: np.ndarray, rights: np.ndarray, square: np.ndarray, ridges: Sequence[float]
) -> tuple[float, np.ndarray]:
    """The ridge of largest held-out gain, and that gain in every block.

    Parameters
    ----------
    matrices : ndarray of shape (n_blocks, n, n)
        Means of the products of the regressors.
    rights : ndarray of shape (n_blocks, n) or (n_blocks, n, n_targets)
        Means of their products with the targets.
    square : ndarray of shape (n_blocks,)
        Mean squares of the targets, in units of which the gains are.
    ridges : sequence of float
        To choose from.
    """
    n_blocks = len(matrices)
    gains = np.empty((len(ridges), n_blocks))
    for block in range(n_blocks):
        others = np.arange(n_blocks) != block
        matrix, right = matrices[others].mean(axis=0), rights[others].mean(axis=0)
        for k, ridge in enumerate(ridges):
            theta = solve(matrix, right, ridge)
            gains[k, block] = np.sum(theta * (2 * rights[block] - matrices[block] @ theta))
    gains /= square.mean()
    k = int(gains.mean(axis=1).argmax())
    return ridges[k], gains[k]


def without_each_block(matrices: np.ndarray, rights: np.ndarray, ridge: float) -> list[np.ndarray]:
    """The solutions from all blocks but one."""
    n_blocks = len(matrices)
    others = [np.arange(n_blocks) != block for block in range(n_blocks)]
    return [solve(matrices[o].mean(axis=0), rights[o].mean(axis=0), ridge) for o in others]


def jackknife_stderr(without: Sequence[np.ndarray]) -> np.ndarray:
    """Standard errors of what was estimated without each block."""
    return ((len(without) - 1) * np.var(without, axis=0)) ** 0.5


def estimate_of_blocks(blocks: np.ndarray) -> Estimate:
    """Mean of the blocks with its standard error."""
    return Estimate(float(blocks.mean()), float(blocks.std(ddof=1) / len(blocks) ** 0.5))
