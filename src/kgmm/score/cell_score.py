"""The score in the cells of a partition: immutable, may be extended, merged and stored."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.standardization import Standardization, StandardizedSamples, check_samples
from kgmm.data.stored import open_stored, reading
from kgmm.randomness import Seed
from kgmm.score import kgmm_files
from kgmm.score.cells import CellEstimates, estimate
from kgmm.score.moments import Moments, block_edges
from kgmm.score.partition import Partition
from kgmm.score.prepared_cells import PreparedCells

logger = logging.getLogger("kgmm")

# Blocks that a stream holds before neighbours are joined, as a multiple of those of one fit.
_MAX_BLOCKS = 4
_WITHOUT_SUMS = "the sums of these cells are not at hand: save them with moments=True before loading them"


@dataclass(frozen=True, eq=False)
class Sums:
    """What more samples are added to.

    Attributes
    ----------
    moments
        The sums of the draws.
    n_streams
        Streams of random numbers that were used of ``entropy``.
    entropies
        Seeds of all draws in the sums.
    """

    moments: Moments
    n_streams: int
    entropies: frozenset[int]

    @classmethod
    def first(cls, moments: Moments, entropy: int) -> Sums:
        """Those of a fit, whose blocks had a stream each."""
        return cls(moments, moments.n_blocks, frozenset({entropy}))


@dataclass(frozen=True, eq=False)
class CellScore:
    """The score in the cells of a partition: the result of a fit of :class:`kgmm.KGMM`.

    Attributes
    ----------
    prepared
        The cells, their options and the seed of the noise.
    estimates
        Conditional expectations per cell with their errors, standardised coordinates.
    n_draws
        Draws made per sample.
    stopped_by
        ``"stderr"``, ``"paper"``, ``"fixed"`` or ``"max_draws"``.
    sums
        What :meth:`extend` and :meth:`merge` add to; ``None`` if they were not stored.

    Examples
    --------
    >>> from kgmm import KGMM
    >>> X = np.random.default_rng(0).standard_normal((2000, 1))
    >>> cells = KGMM(sigma=0.3).fit(X).cell_score_
    >>> cells.stopped_by, cells.predict(X[:2]).shape
    ('stderr', (2,))
    """

    prepared: PreparedCells
    estimates: CellEstimates
    n_draws: int
    stopped_by: str
    sums: Sums | None = None

    def __repr__(self) -> str:
        n_cells = self.estimates.count.size
        return f"CellScore({n_cells} cells, {self.n_features} variables, sigma={self.sigma:g}, {self.n_draws} draws)"

    @classmethod
    def of_samples(cls, prepared: PreparedCells, X) -> CellScore:
        """From samples ``(n_samples, n_features)``: draws for all of them until the rule says stop."""
        options = prepared.options
        X = check_samples(X, n_features=prepared.n_features, at_least=2 * options.n_blocks)
        samples = StandardizedSamples(X, prepared.standardization)
        moments, stopped_by = prepared.drawing.until_stopped(
            samples, block_edges(X.shape[0], options.n_blocks), options
        )
        return _score_of(prepared, Sums.first(moments, prepared.entropy), stopped_by)

    @classmethod
    def gather(cls, prepared: PreparedCells, shards: Iterable[Moments]) -> CellScore:
        """From the moments of all shards, in order; ``ValueError`` if some are missing."""
        shards = iter(shards)
        moments = next(shards, None)
        if moments is not None:
            moments = reduce(Moments.merge_data, shards, moments)
        n_found, n_blocks = 0 if moments is None else moments.n_blocks, prepared.options.n_blocks
        if n_found != n_blocks:
            raise ValueError(f"the shards hold {n_found} blocks: all {n_blocks} are needed, each once")
        return _score_of(prepared, Sums.first(moments, prepared.entropy), "fixed")

    @property
    def sigma(self) -> float:
        """Noise amplitude in standard deviations of the data."""
        return self.prepared.sigma

    @property
    def min_probability(self) -> float:
        """``p_min`` as chosen."""
        return self.prepared.min_probability

    @property
    def partition(self) -> Partition:
        """The cells, in standardised coordinates."""
        return self.prepared.partition

    @property
    def standardization(self) -> Standardization:
        """Mean, deviation and range of the data."""
        return self.prepared.standardization

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.prepared.n_features

    @property
    def counts(self) -> np.ndarray:
        """Draws per cell, ``(n_cells,)``."""
        return self.estimates.count

    @cached_property
    def centers(self) -> np.ndarray:
        """Mean position of the draws in each cell, ``(n_cells, n_features)``, physical units."""
        return self.standardization.backward(self.estimates.center)

    @cached_property
    def score(self) -> np.ndarray:
        """Score in each cell, ``(n_cells, n_features)``, inverse physical units."""
        return -self.estimates.noise_mean / (self.sigma * self.standardization.scale)

    @cached_property
    def score_stderr(self) -> np.ndarray:
        """Standard error of the mean score of each cell, draws and data together, ``(n_cells, n_features)``."""
        return self.estimates.stderr / (self.sigma * self.standardization.scale)

    @cached_property
    def divergence(self) -> np.ndarray:
        """Divergence of the score, ``(n_cells,)``."""
        # Component k of the divergence identity, ∂_k s_k = (E[z_k² | x] − 1)/σ² − s_k², each over its own scale.
        cells, sigma = self.estimates, self.sigma
        diagonal = (cells.noise_squared_mean - 1.0) / sigma**2 - (cells.noise_mean / sigma) ** 2
        return (diagonal / self.standardization.scale**2).sum(axis=1)

    @property
    def draws_error(self) -> float:
        """Root mean square over cells, by mass, of the error of ``E[z | x]`` from the finite number of draws."""
        return self.estimates.mean_errors[0]

    @property
    def data_error(self) -> float:
        """The same from the finite, correlated data."""
        return self.estimates.mean_errors[1]

    def predict(self, X) -> np.ndarray:
        """Cell of each point; ``X`` has shape ``(n, n_features)``, physical units."""
        return self.prepared.predict(X)

    def score_at(self, X) -> np.ndarray:
        """Score at each point, shape ``(n, n_features)``: that of its cell, or of the line in it."""
        cell = self.predict(X)
        score = self.score[cell]
        if self.estimates.slope is not None:
            shift = self.standardization.forward(X) - self.estimates.center[cell]
            slope = np.einsum("nij,nj->ni", self.estimates.slope[cell], shift)
            score = score - slope / (self.sigma * self.standardization.scale)
        return score

    __call__ = score_at

    def extend(self, X) -> CellScore:
        """The score from further samples ``(n_samples, n_features)`` as well, with fresh noise.

        Raises ``ValueError`` if the sums were not stored.
        """
        sums = self._require_sums()
        X = check_samples(X, n_features=self.n_features)
        # Blocks of about the size that there are, so that each is worth the same.
        block_size = sums.moments.count.sum() / self.n_draws / sums.moments.n_blocks
        edges = block_edges(X.shape[0], max(1, round(X.shape[0] / block_size)))
        samples = StandardizedSamples(X, self.standardization)
        more = self.prepared.drawing.moments(samples, edges, self.n_draws // 2, first_block=sums.n_streams)
        sums = Sums(
            sums.moments.merge_data(more),
            sums.n_streams + len(edges) - 1,
            sums.entropies | {self.prepared.entropy},
        )
        return _score_of(self.prepared, sums, self.stopped_by)

    def merge(self, other: CellScore) -> CellScore:
        """The score from the samples of both.

        Both come from the same prepared cells, each loaded with a ``random_state`` of its own, or the same noise would
        count twice. Raises ``ValueError`` if they cannot be merged.
        """
        sums, more = self._require_sums(), other._require_sums()
        same_space = self.standardization.equals(other.standardization) and self.partition.equals(other.partition)
        if self.sigma != other.sigma or not same_space:
            raise ValueError("scores of different sigma or partition do not merge")
        if sums.entropies & more.entropies:
            raise ValueError("both scores used the same random numbers: load each with a random_state of its own")
        merged = Sums(sums.moments.merge_data(more.moments), sums.n_streams, sums.entropies | more.entropies)
        return _score_of(self.prepared, merged, self.stopped_by)

    def _require_sums(self) -> Sums:
        if self.sums is None:
            raise ValueError(_WITHOUT_SUMS)
        return self.sums

    def to_dataset(self, moments: bool = False) -> xr.Dataset:
        """A dataset that :meth:`from_dataset` reads back; ``moments`` includes the sums, so that it can be extended."""
        if moments:
            self._require_sums()
        return xr.Dataset(*kgmm_files.of_score(self, moments))

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset, *, random_state: Seed | None = None, device: str = "cpu") -> CellScore:
        """From what :meth:`to_dataset` made; ``random_state`` gives further draws random numbers of their own."""
        prepared = PreparedCells.from_dataset(dataset, random_state=random_state, device=device)
        with reading("score of cells"):
            fields, sums = kgmm_files.score_fields(dataset)
            return cls(prepared, **fields, sums=None if sums is None else Sums(**sums))

    def save(self, path: str | Path, moments: bool = False) -> None:
        """Writes the score to a NetCDF file, with its sums if ``moments``."""
        self.to_dataset(moments).to_netcdf(path)

    @classmethod
    def load(cls, path: str | Path, *, random_state: Seed | None = None, device: str = "cpu") -> CellScore:
        """The score in a file, see :meth:`from_dataset`."""
        dataset = open_stored(path, "score of cells")
        return cls.from_dataset(dataset, random_state=random_state, device=device)


def _score_of(prepared: PreparedCells, sums: Sums, stopped_by: str) -> CellScore:
    """The score from sums, whose blocks are joined if they are many."""
    n_blocks = prepared.options.n_blocks
    if sums.moments.n_blocks > _MAX_BLOCKS * n_blocks:
        sums = replace(sums, moments=sums.moments.with_joined_blocks(2 * n_blocks))
    score = CellScore(prepared, estimate(sums.moments), 2 * sums.moments.n_rounds, stopped_by, sums)
    logger.info(
        "%d cells, %d draws a sample (stopped by %s), error of E[z|x]: %.2e from draws, %.2e from data",
        prepared.partition.n_cells, score.n_draws, stopped_by, score.draws_error, score.data_error,
    )  # fmt: skip
    return score
