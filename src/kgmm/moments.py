"""Conditional moments of the noise per cell. They are sums, so they merge over draws, chunks, files and machines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from kgmm.partition import Partition
from kgmm.randomness import torch_generator

# Below torch's threshold for splitting one operation over threads: here every thread works on a block of its own.
_CHUNK = 32_768
# Rows read at once: a whole number of chunks, so that the result does not depend on it.
_ROWS_PER_READ = 32 * _CHUNK


@dataclass(frozen=True)
class Moments:
    """Sums over noisy samples ``x = μ + σ z``, per contiguous block of the data and per cell.

    A round is one antithetic pair of draws, ``z`` and ``−z``, for every sample. The pair costs what two draws cost and
    cancels the noise of all smooth functions of ``x`` to leading order in σ, which independent draws do not.

    Attributes
    ----------
    count : ``(n_blocks, n_cells)``, number of draws.
    noise, position, noise_squared : ``(n_blocks, n_cells, n_features)``, ``Σ z_k``, ``Σ x_k`` and ``Σ z_k²``.
    count_squares : ``(n_cells,)``, squares of the count of each round and block, summed over both.
    noise_squares, noise_count : ``(n_cells, n_features)``, likewise of ``Σ z_k``, and of ``Σ z_k`` times the count.
    n_rounds : rounds made over every block.
    noise_position, position_squared : ``(n_cells, n_features, n_features)``, ``Σ z xᵀ`` and ``Σ x xᵀ``, from which a
        line is fitted in every cell; ``None`` where constants are enough.
    """

    count: np.ndarray
    noise: np.ndarray
    position: np.ndarray
    noise_squared: np.ndarray
    count_squares: np.ndarray
    noise_squares: np.ndarray
    noise_count: np.ndarray
    n_rounds: int
    noise_position: np.ndarray | None = None
    position_squared: np.ndarray | None = None

    def merge_rounds(self, other: Moments) -> Moments:
        """Moments of more rounds over the same blocks of data."""
        if self.count.shape != other.count.shape:
            raise ValueError(
                f"rounds over {self.count.shape} (blocks, cells) do not merge with rounds over {other.count.shape}"
            )
        return Moments(
            self.count + other.count,
            self.noise + other.noise,
            self.position + other.position,
            self.noise_squared + other.noise_squared,
            *self._merged_squares(other),
            self.n_rounds + other.n_rounds,
            *self._merged_products(other),
        )

    def merge_data(self, other: Moments) -> Moments:
        """Moments of further blocks of data, with the same number of rounds, over the same cells."""
        if self.count.shape[1] != other.count.shape[1] or self.n_rounds != other.n_rounds:
            raise ValueError(
                f"moments over {self.count.shape[1]} cells and {self.n_rounds} rounds do not merge with moments over "
                f"{other.count.shape[1]} cells and {other.n_rounds} rounds"
            )
        return Moments(
            np.concatenate([self.count, other.count]),
            np.concatenate([self.noise, other.noise]),
            np.concatenate([self.position, other.position]),
            np.concatenate([self.noise_squared, other.noise_squared]),
            *self._merged_squares(other),
            self.n_rounds,
            *self._merged_products(other),
        )

    def _merged_squares(self, other: Moments) -> tuple[np.ndarray, ...]:
        return (
            self.count_squares + other.count_squares,
            self.noise_squares + other.noise_squares,
            self.noise_count + other.noise_count,
        )

    def _merged_products(self, other: Moments) -> tuple[np.ndarray | None, ...]:
        if (self.noise_position is None) != (other.noise_position is None):
            raise ValueError("moments of linear cells do not merge with moments of constant cells")
        if self.noise_position is None:
            return None, None
        return self.noise_position + other.noise_position, self.position_squared + other.position_squared


def block_edges(n_samples: int, n_blocks: int) -> np.ndarray:
    """Edges of ``n_blocks`` contiguous blocks of nearly equal size, shape ``(n_blocks + 1,)``."""
    return np.linspace(0, n_samples, n_blocks + 1).round().astype(int)


def accumulate_round(
    samples,
    sigma: float,
    partition: Partition,
    *,
    n_blocks: int,
    round_index: int,
    entropy: int,
    first_block: int = 0,
    linear: bool = False,
) -> Moments:
    """One antithetic pair of draws for every sample.

    Every block has a random stream of its own, derived from ``(entropy, round, block)``, so that the result does not
    depend on the number of threads, nor on which machine does which blocks.

    Parameters
    ----------
    samples : ``(n, n_features)``, standardised coordinates, in order of time: a tensor, or anything with
        ``shape`` whose slices are tensors.
    partition : tree of the same dtype as ``samples``.
    first_block : number of the first of these blocks when the samples are part of a larger set.
    linear : also accumulates the products that linear cells need.
    """
    edges = block_edges(samples.shape[0], n_blocks)
    d = samples.shape[1]
    n_sums = 1 + 3 * d
    products = np.zeros((2 * d * d if linear else 0, partition.n_cells))

    def one_block(block: int) -> np.ndarray:
        sequence = np.random.SeedSequence(entropy, spawn_key=(round_index, first_block + block))
        generator = torch_generator(sequence)
        total = np.zeros((n_sums + len(products), partition.n_cells))
        for start in range(edges[block], edges[block + 1], _ROWS_PER_READ):
            for chunk in samples[start : min(start + _ROWS_PER_READ, edges[block + 1])].split(_CHUNK):
                z = torch.empty_like(chunk).normal_(generator=generator)
                for sign in (1.0, -1.0):
                    total += _sums(torch.add(chunk, z, alpha=sign * sigma), sign * z, partition, linear)
        return total

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        totals = pool.map(one_block, range(n_blocks))
        sums = np.empty((n_blocks, n_sums, partition.n_cells))
        for block, total in enumerate(totals):
            # The products are not kept by block: they are many, and their errors follow from those of the means.
            sums[block] = total[:n_sums]
            products += total[n_sums:]
    count = sums[:, 0]
    noise, position, noise_squared = (
        np.ascontiguousarray(sums[:, 1 + k * d : 1 + (k + 1) * d].transpose(0, 2, 1)) for k in range(3)
    )
    matrices = products.reshape(-1, d, d, partition.n_cells).transpose(0, 3, 1, 2).copy() if linear else (None, None)
    return Moments(
        count, noise, position, noise_squared,
        (count**2).sum(axis=0), (noise**2).sum(axis=0), (noise * count[:, :, None]).sum(axis=0), 1, *matrices,
    )  # fmt: skip


def _sums(x: torch.Tensor, z: torch.Tensor, partition: Partition, linear: bool) -> np.ndarray:
    """Rows count, ``z``, ``x``, ``z²``, and if ``linear`` ``z xᵀ`` and ``x xᵀ``, summed by cell."""
    cell = partition.assign(x).numpy()
    columns = [torch.ones(x.shape[0], 1), z, x, z * z]
    if linear:
        columns += [(left[:, :, None] * x[:, None, :]).flatten(1) for left in (z, x)]
    terms = torch.cat(columns, dim=1).numpy()
    # A sparse matrix with a one per draw, in its cell's row: the product adds the terms of each draw in one pass.
    # Single precision is enough for the few draws that a cell gets from one chunk.
    n = x.shape[0]
    ones, edges = np.ones(n, dtype=np.float32), np.arange(n + 1, dtype=np.int32)
    member = sparse.csc_array((ones, cell, edges), shape=(partition.n_cells, n))
    return (member @ terms).T


@dataclass(frozen=True)
class CellEstimates:
    """Conditional expectations per cell with their two standard errors, in standardised coordinates.

    Attributes
    ----------
    counts : ``(n_cells,)``, draws per cell.
    centers : ``(n_cells, n_features)``, ``E[x | cell]`` over all draws.
    noise_mean : ``(n_cells, n_features)``, ``E[z | cell]``.
    noise_squared_mean : ``(n_cells, n_features)``, ``E[z_k² | cell]``.
    stderr_draws : ``(n_cells, n_features)``, error of ``E[z | cell]`` from the finite number of draws.
    stderr_data : ``(n_cells, n_features)``, the same from the finite, correlated data; no number of draws removes it.
    covariance, slope : ``(n_cells, n_features, n_features)``, of ``x`` in the cell, and ``∂E[z | x]/∂x`` there by
        regression; ``None`` for constant cells.
    """

    counts: np.ndarray
    centers: np.ndarray
    noise_mean: np.ndarray
    noise_squared_mean: np.ndarray
    stderr_draws: np.ndarray
    stderr_data: np.ndarray
    covariance: np.ndarray | None = None
    slope: np.ndarray | None = None


def estimate(moments: Moments) -> CellEstimates:
    """Averages per cell with standard errors.

    ``E[z | cell]`` is a ratio ``S/N`` of sums; its variance is that of ``S − (S/N) N`` over ``N²`` (delta method). The
    scatter over rounds within a block is the draws' part, the scatter over blocks is both parts together. With a
    single round the draws' part is bounded by that of independent draws, ``Var(z | cell)/N``.
    """
    count = moments.count.sum(axis=0)
    divisor = np.maximum(count, 1.0)[:, None]
    noise_mean = moments.noise.sum(axis=0) / divisor
    squared_mean = moments.noise_squared.sum(axis=0) / divisor

    n_blocks, n_rounds = moments.count.shape[0], moments.n_rounds
    block_residual = moments.noise - noise_mean * moments.count[:, :, None]
    total_variance = n_blocks / (n_blocks - 1) * (block_residual**2).sum(axis=0) / divisor**2
    if n_rounds == 1:
        draws_variance = np.maximum(squared_mean - noise_mean**2, 0.0) / divisor
    else:
        round_squares = (
            moments.noise_squares
            - 2 * noise_mean * moments.noise_count
            + noise_mean**2 * moments.count_squares[:, None]
        )
        between = round_squares - (block_residual**2).sum(axis=0) / n_rounds
        draws_variance = n_rounds / (n_rounds - 1) * np.maximum(between, 0.0) / divisor**2
    centers = moments.position.sum(axis=0) / divisor
    stderr_draws = np.sqrt(draws_variance)
    stderr_data = np.sqrt(np.maximum(total_variance - draws_variance, 0.0))
    lines = (None, None)
    if moments.noise_position is not None:
        error = (stderr_draws**2 + stderr_data**2).sum(axis=1)
        lines = _regression(moments, count, noise_mean, centers, error)
    return CellEstimates(count, centers, noise_mean, squared_mean, stderr_draws, stderr_data, *lines)


def _regression(
    moments: Moments, count: np.ndarray, noise_mean: np.ndarray, centers: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of ``x`` and slope of ``z`` on ``x`` in every cell, both ``(n_cells, n_features, n_features)``.

    The slopes' energy is in part noise: regression on ``n`` points with ``d`` directions finds ``d`` times the variance
    of the mean where there is none. All slopes are shrunk by the share that is signal (Stein's estimator with one
    factor for all cells). ``error`` is that of the mean, summed over components, ``(n_cells,)``.
    """
    divisor = np.maximum(count, 1.0)[:, None, None]
    covariance = moments.position_squared / divisor - centers[:, :, None] * centers[:, None, :]
    joint = moments.noise_position / divisor - noise_mean[:, :, None] * centers[:, None, :]
    d = centers.shape[1]
    size = np.trace(covariance, axis1=1, axis2=2) / d
    # A cell of few or identical points has directions without extent: there the slope is zero.
    ridge = (1e-6 * np.maximum(size, 1e-12))[:, None, None] * np.eye(d)
    slope = np.linalg.solve(covariance + ridge, joint.transpose(0, 2, 1)).transpose(0, 2, 1)
    energy = (slope * joint).sum(axis=(1, 2))
    found, noise = (count * energy).sum(), (count * d * error).sum()
    return covariance, slope * max(0.0, 1.0 - noise / found) if found > 0 else 0.0 * slope
