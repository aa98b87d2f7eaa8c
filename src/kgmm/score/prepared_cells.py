"""Cells prepared for the draws of the noise: the partition and all that the draws over it need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from kgmm.data.standardization import Standardization, StandardizedSamples, check_samples
from kgmm.data.stored import open_stored, reading
from kgmm.randomness import Seed, torch_generator
from kgmm.score import kgmm_files
from kgmm.score.draws import Drawing
from kgmm.score.moments import Moments, block_edges
from kgmm.score.options import CellOptions
from kgmm.score.partition import Partition
from kgmm.score.preparation import build_partition, choose_min_probability

_MAX_PRODUCTS = 1e8


@dataclass(frozen=True, eq=False)
class PreparedCells:
    """A partition and all that the draws over its cells need: what the shards of one estimate share.

    Attributes
    ----------
    options
        Those of :class:`kgmm.KGMM`.
    standardization
        Mean, deviation and range of the data.
    partition
        The cells, in standardised coordinates.
    min_probability
        ``p_min`` as chosen.
    entropy
        Seed of the noise.
    device
        ``"cpu"`` or ``"cuda"``, where the draws are made.

    Examples
    --------
    >>> import numpy as np
    >>> from kgmm import KGMM, CellScore
    >>> X = np.random.default_rng(0).standard_normal((2000, 1))
    >>> prepared = KGMM(sigma=0.3).prepare(X)
    >>> shards = [prepared.accumulate(X, shard, 2) for shard in range(2)]
    >>> CellScore.gather(prepared, shards).n_draws
    64
    """

    options: CellOptions
    standardization: Standardization
    partition: Partition
    min_probability: float
    entropy: int
    device: str = "cpu"

    def __post_init__(self):
        _ = self._linear  # refuses what is too large before any draw

    def __repr__(self) -> str:
        return f"PreparedCells({self.partition.n_cells} cells, {self.n_features} variables, sigma={self.sigma:g})"

    @classmethod
    def of(cls, X, options: CellOptions, random_state: Seed = 0, device: str = "cpu") -> PreparedCells:
        """Standardises samples ``(n_samples, n_features)`` and builds the partition.

        Raises ``ValueError`` for non-finite or constant data, or too few samples.
        """
        X = check_samples(X, at_least=2 * options.n_blocks)
        standardization = Standardization.of(X)
        p_min = choose_min_probability(options.min_probability, X, standardization, options.sigma)
        generator = torch_generator(random_state)
        partition = build_partition(StandardizedSamples(X, standardization), options.sigma, p_min, generator)
        entropy = int(torch.randint(2**62, (1,), generator=generator))
        return cls(options, standardization, partition, float(p_min), entropy, device)

    @property
    def sigma(self) -> float:
        """Noise amplitude in standard deviations of the data."""
        return self.options.sigma

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.standardization.scale.size

    def accumulate(self, X, shard: int = 0, n_shards: int = 1) -> Moments:
        """The moments of one share of the samples, ``max_draws`` draws of each, for :meth:`kgmm.CellScore.gather`.

        The shards may be accumulated by different processes or machines.

        Parameters
        ----------
        X
            All samples that the cells were prepared from; the blocks of the shard are read.
        shard
            Number of the shard, from 0.
        n_shards
            Number of shards, at most ``n_blocks``.

        Returns
        -------
        Moments
            The sums of the shard.

        Raises
        ------
        ValueError
            For other data, or a shard that does not exist.
        """
        n_blocks = self.options.n_blocks
        X = check_samples(X, n_features=self.n_features, at_least=2 * n_blocks)
        if not 0 <= shard < n_shards <= n_blocks:
            raise ValueError(
                f"shard is {shard} of {n_shards}: it must lie below n_shards, and that not above {n_blocks} blocks"
            )
        first, last = block_edges(n_blocks, n_shards)[shard : shard + 2]
        edges = block_edges(X.shape[0], n_blocks)[first : last + 1]
        samples = StandardizedSamples(X, self.standardization, edges[0], edges[-1])
        return self.drawing.moments(samples, edges - edges[0], self.options.max_draws // 2, first_block=int(first))

    @property
    def drawing(self) -> Drawing:
        """The draws over these cells."""
        return Drawing(self.partition, self.sigma, self.entropy, self._linear, self.device)

    @property
    def _linear(self) -> bool:
        n_cells, d = self.partition.n_cells, self.n_features
        possible = n_cells * d**2 <= _MAX_PRODUCTS
        if self.options.cells == "linear" and not possible:
            raise ValueError(
                f"cells is 'linear': {n_cells} cells in {d} dimensions need {n_cells * d**2:.2g} products, at most "
                f"{_MAX_PRODUCTS:.0e} are possible; use fewer or constant cells"
            )
        return self.options.cells == "linear" or (self.options.cells == "auto" and d > 2 and possible)

    def predict(self, X) -> np.ndarray:
        """Cell of each point, by descent of the tree; ``X`` has shape ``(n, n_features)``, physical units."""
        X = check_samples(X, n_features=self.n_features)
        return self.partition.assign(torch.from_numpy(self.standardization.forward(X))).numpy()

    def to_dataset(self) -> xr.Dataset:
        """A dataset that :meth:`from_dataset` reads back."""
        return xr.Dataset(*kgmm_files.of_prepared(self))

    @classmethod
    def from_dataset(
        cls, dataset: xr.Dataset, *, random_state: Seed | None = None, device: str = "cpu"
    ) -> PreparedCells:
        """From a dataset of prepared cells or of a score; ``random_state`` gives them random numbers of their own."""
        with reading("set of cells"):
            return cls(**kgmm_files.prepared_fields(dataset, random_state), device=device)

    def save(self, path: str | Path) -> None:
        """Writes the prepared cells to a NetCDF file."""
        self.to_dataset().to_netcdf(path)

    @classmethod
    def load(cls, path: str | Path, *, random_state: Seed | None = None, device: str = "cpu") -> PreparedCells:
        """The prepared cells in a file, see :meth:`from_dataset`."""
        dataset = open_stored(path, "set of cells")
        return cls.from_dataset(dataset, random_state=random_state, device=device)
