"""Conditional moments of the noise per cell. They are sums, so they merge over draws, chunks, files and machines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import xarray as xr
from scipy import sparse

from kgmm.randomness import torch_generator
from kgmm.score.partition import Partition

# Below torch's threshold for splitting one operation over threads: here every thread works on a block of its own.
_CHUNK = 32_768
# Rows read at once: a whole number of chunks, so that the result does not depend on it.
_ROWS_PER_READ = 32 * _CHUNK


@dataclass(frozen=True)
class Moments:
    """Sums over noisy samples ``x = μ + σ z``, per cell, and some of them per contiguous block of the data.

    A round is one antithetic pair of draws, ``z`` and ``−z``, for every sample. The pair costs what two draws cost and
    cancels the noise of all smooth functions of ``x`` to leading order in σ, which independent draws do not.

    Attributes
    ----------
    count
        ``(n_blocks, n_cells)``, number of draws.
    noise
        ``(n_blocks, n_cells, n_features)``, ``Σ z_k``.
    position, noise_squared
        ``(n_cells, n_features)``, ``Σ x_k`` and ``Σ z_k²``.
    round_squares
        ``(n_cells, 1 + 2 n_features)``, :func:`sums_of_squares` over every round and block.
    n_rounds
        Rounds made over every block.
    noise_position, position_squared
        ``(n_cells, n_features, n_features)``, ``Σ z xᵀ`` and ``Σ x xᵀ``, from which a line is fitted in every cell;
        ``None`` where constants are enough.
    fine_squares
        :func:`sums_of_squares` over the blocks before they were joined to fewer; ``None`` if they were not.
    """

    count: np.ndarray
    noise: np.ndarray
    position: np.ndarray
    noise_squared: np.ndarray
    round_squares: np.ndarray
    n_rounds: int
    noise_position: np.ndarray | None = None
    position_squared: np.ndarray | None = None
    fine_squares: np.ndarray | None = None

    @property
    def n_blocks(self) -> int:
        """Blocks of data these are the sums of."""
        return self.count.shape[0]

    @property
    def block_squares(self) -> np.ndarray:
        """:func:`sums_of_squares` over the blocks in which the draws were made, all their rounds together."""
        return sums_of_squares(self.count, self.noise) if self.fine_squares is None else self.fine_squares

    def merge_rounds(self, other: Moments) -> Moments:
        """Moments of more rounds over the same blocks of data."""
        if self.count.shape != other.count.shape:
            raise ValueError(
                f"rounds over {self.count.shape} (blocks, cells) do not merge with rounds over {other.count.shape}"
            )
        if self.fine_squares is not None or other.fine_squares is not None:
            raise ValueError("blocks that were joined take no more rounds")
        return replace(
            self._added(other),
            count=self.count + other.count,
            noise=self.noise + other.noise,
            n_rounds=self.n_rounds + other.n_rounds,
        )

    def merge_data(self, other: Moments) -> Moments:
        """Moments of further blocks of data, with the same number of rounds, over the same cells."""
        if self.count.shape[1] != other.count.shape[1] or self.n_rounds != other.n_rounds:
            raise ValueError(
                f"moments over {self.count.shape[1]} cells and {self.n_rounds} rounds do not merge with moments over "
                f"{other.count.shape[1]} cells and {other.n_rounds} rounds"
            )
        joined = self.fine_squares is not None or other.fine_squares is not None
        return replace(
            self._added(other),
            count=np.concatenate([self.count, other.count]),
            noise=np.concatenate([self.noise, other.noise]),
            fine_squares=self.block_squares + other.block_squares if joined else None,
        )

    def with_joined_blocks(self, n_blocks: int) -> Moments:
        """The same with neighbouring blocks joined to at most ``n_blocks`` of about equal size."""
        ends = self.count.sum(axis=1).cumsum()
        group = np.ceil(n_blocks * ends / ends[-1] - 1e-9).astype(int)
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        return replace(
            self,
            count=np.add.reduceat(self.count, starts, axis=0),
            noise=np.add.reduceat(self.noise, starts, axis=0),
            fine_squares=self.block_squares,
        )

    def _added(self, other: Moments) -> Moments:
        """The sums that are not kept by block."""
        if (self.noise_position is None) != (other.noise_position is None):
            raise ValueError("moments of linear cells do not merge with moments of constant cells")
        names = ["position", "noise_squared", "round_squares"]
        if self.noise_position is not None:
            names += ["noise_position", "position_squared"]
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})

    def to_variables(self) -> dict:
        """Variables of an xarray dataset from which :meth:`from_dataset` reads the same object."""
        matrix = ("cell", "variable", "other_variable")
        dims = {
            "count": ("block", "cell"), "noise": ("block", "cell", "variable"), "n_rounds": (),
            "position": matrix[:2], "noise_squared": matrix[:2], "noise_position": matrix, "position_squared": matrix,
            "round_squares": ("cell", "square"), "fine_squares": ("cell", "square"),
        }  # fmt: skip
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {f"sum_{name}": (dims[name], value) for name, value in values.items() if value is not None}

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> Moments:
        """From a dataset that holds :meth:`to_variables`."""
        values = {f.name: dataset[f"sum_{f.name}"].values for f in fields(cls) if f"sum_{f.name}" in dataset}
        return cls(**values | {"n_rounds": int(values["n_rounds"])})


def block_edges(n_samples: int, n_blocks: int) -> np.ndarray:
    """Edges of ``n_blocks`` contiguous blocks of nearly equal size, shape ``(n_blocks + 1,)``."""
    return np.linspace(0, n_samples, n_blocks + 1).round().astype(int)


def accumulate_round(
    samples,
    edges: np.ndarray,
    sigma: float,
    partition: Partition,
    *,
    round_index: int,
    entropy: int,
    first_block: int = 0,
    linear: bool = False,
    conditional_mean: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> Moments:
    """One antithetic pair of draws for every sample.

    Every block has a random stream of its own, derived from ``(entropy, round, block)``, so that the result does not
    depend on the number of threads, nor on which machine does which blocks. It is that of the partition's device.

    Parameters
    ----------
    samples
        ``(n, n_features)``, standardised coordinates, in order of time: a tensor, or anything whose slices are
        tensors.
    edges
        Of the blocks, ``(n_blocks + 1,)``, rows of ``samples``.
    partition
        Tree of the same dtype as ``samples``, on the device that is to compute.
    first_block
        Number of the first of these blocks when they are part of a larger set.
    linear
        Also accumulates the products that linear cells need.
    conditional_mean
        Where it is known, ``E[z | x]`` ``(n, n_features)`` to take the place of ``z`` in the sums: what they would be
        without the noise of the draws.
    """
    d = partition.normals.shape[1]
    device = partition.normals.device
    n_blocks = len(edges) - 1
    n_totals = 2 * d * (1 + d * linear)

    def one_block(block: int) -> np.ndarray:
        sequence = np.random.SeedSequence(entropy, spawn_key=(round_index, first_block + block))
        generator = torch_generator(sequence, device.type)
        total = _zeros(1 + d + n_totals, partition)
        for start in range(edges[block], edges[block + 1], _ROWS_PER_READ):
            rows = samples[start : min(start + _ROWS_PER_READ, edges[block + 1])]
            for chunk in rows.to(device).split(_CHUNK if device.type == "cpu" else _ROWS_PER_READ):
                z = torch.empty_like(chunk).normal_(generator=generator)
                for sign in (1.0, -1.0):
                    x = torch.add(chunk, z, alpha=sign * sigma)
                    noise = sign * z if conditional_mean is None else conditional_mean(x)
                    total += _sums(x, noise, partition, linear)
        return total if isinstance(total, np.ndarray) else total.cpu().numpy()

    count = np.empty((n_blocks, partition.n_cells))
    noise = np.empty((n_blocks, partition.n_cells, d))
    totals = np.zeros((n_totals, partition.n_cells))
    n_workers = torch.get_num_threads() if device.type == "cpu" else 1
    with ThreadPoolExecutor(n_workers) as pool:
        # In waves: results that wait for their turn would all be held at once.
        for start in range(0, n_blocks, n_workers):
            for block, sums in enumerate(pool.map(one_block, range(start, min(start + n_workers, n_blocks))), start):
                count[block], noise[block] = sums[0], sums[1 : 1 + d].T
                # What the errors do not need is not kept by block: in many dimensions it is most of the numbers.
                totals += sums[1 + d :]
    position, noise_squared = (np.ascontiguousarray(totals[k * d : (k + 1) * d].T) for k in range(2))
    products = totals[2 * d :].reshape(-1, d, d, partition.n_cells).transpose(0, 3, 1, 2)
    return Moments(
        count, noise, position, noise_squared, sums_of_squares(count, noise), 1,
        *(np.ascontiguousarray(product) for product in products),
    )  # fmt: skip


def sums_of_squares(count: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """``Σ N²``, ``Σ S_k²`` and ``Σ S_k N`` over blocks of counts ``N`` and sums ``S``, as columns per cell.

    With them ``Σ (S − m N)²`` is known for any ``m``.
    """
    return np.concatenate(
        [
            np.einsum("bc,bc->c", count, count)[:, None],
            np.einsum("bcd,bcd->cd", noise, noise),
            np.einsum("bcd,bc->cd", noise, count),
        ],
        axis=1,
    )


def _zeros(n_rows: int, partition: Partition) -> np.ndarray | torch.Tensor:
    shape = (n_rows, partition.n_cells)
    if partition.normals.device.type == "cpu":
        return np.zeros(shape)
    return torch.zeros(shape, dtype=torch.float64, device=partition.normals.device)


def _sums(x: torch.Tensor, z: torch.Tensor, partition: Partition, linear: bool) -> np.ndarray | torch.Tensor:
    """Rows count, ``z``, ``x``, ``z²``, and if ``linear`` ``z xᵀ`` and ``x xᵀ``, summed by cell."""
    cell = partition.assign(x)
    columns = [torch.ones(x.shape[0], 1, device=x.device), z, x, z * z]
    if linear:
        columns += [(left[:, :, None] * x[:, None, :]).flatten(1) for left in (z, x)]
    terms = torch.cat(columns, dim=1)
    if x.device.type != "cpu":
        total = torch.zeros(partition.n_cells, terms.shape[1], dtype=torch.float64, device=x.device)
        return total.index_add_(0, cell, terms.double()).T
    # A sparse matrix with a one per draw, in its cell's row: the product adds the terms of each draw in one pass.
    # Single precision is enough for the few draws that a cell gets from one chunk.
    n = x.shape[0]
    ones, edges = np.ones(n, dtype=np.float32), np.arange(n + 1, dtype=np.int32)
    member = sparse.csc_array((ones, cell.numpy(), edges), shape=(partition.n_cells, n))
    return (member @ terms.numpy()).T
