"""KGMM: conditional averages of the noise over the cells of a bisecting K-means partition."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import reduce
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from kgmm.data.standardization import Standardization, StandardizedSamples, check_samples, check_sigma
from kgmm.randomness import Seed, torch_generator
from kgmm.score.cells import CellEstimates, estimate
from kgmm.score.draws import STOPPING_RULES, Drawing, StoppingRule
from kgmm.score.kgmm_files import WITHOUT_SUMS, from_dataset, to_dataset
from kgmm.score.moments import Moments, block_edges
from kgmm.score.parameters import WithParameters
from kgmm.score.partition import Partition
from kgmm.score.preparation import build_partition, choose_min_probability

logger = logging.getLogger("kgmm")

_MOST_PRODUCTS = 1e8
CELLS = ("auto", "constant", "linear")
# Blocks that a stream keeps before neighbours are joined, as a multiple of those of one fit.
_MOST_BLOCKS = 4


class KGMM(WithParameters):
    """Score of a stationary density from samples, per cell of a partition (arXiv:2503.18054).

    The samples ``μ`` are blurred, ``x = μ + σ S z`` with ``z ~ N(0, I)`` and ``S`` the standard deviation of each
    variable. The blurred density has the score ``−E[z | x]/(σ S)``; the conditional expectation is an average over
    the cells of a bisecting K-means tree.

    :meth:`fit` does all of it. Streams use :meth:`partial_fit` and :meth:`merge`; data that several jobs share
    :meth:`prepare`, :meth:`accumulate` in each, and :meth:`gather`.

    Parameters
    ----------
    sigma : noise amplitude in standard deviations of the data, > 0. The score carries a smoothing bias O(σ²).
    min_probability : ``p_min``; no cell holds more than ``2 p_min`` of the samples the partition is built on. ``None``
        chooses it from the effective number of samples.
    max_draws, min_draws : draws of the noise per sample, at most and at least. They come in antithetic pairs.
    stopping : ``"stderr"`` stops when the error of the draws is below half the error of the finite data;
        ``"paper"`` when the relative change of the cell means falls below ``convergence``; ``"fixed"`` makes
        ``max_draws``.
    convergence : threshold of the published rule.
    n_blocks : contiguous blocks of the data from which the error of the finite data is estimated.
    cells : ``"constant"`` averages over a cell (the paper); ``"linear"`` also fits a line to ``z`` in it, which is
        right to second order in its size: what coarse cells need, so in several dimensions. ``"auto"`` is constant in
        one and two dimensions and linear in more.
    random_state : integer or NumPy seed sequence.
    device : ``"cpu"`` or ``"cuda"``, where the draws are made; the two have different random numbers.

    Attributes
    ----------
    centers_ : ``(n_cells, n_features)``, mean position of the draws in each cell, physical units.
    score_ : ``(n_cells, n_features)``, score in each cell, inverse physical units.
    score_stderr_ : ``(n_cells, n_features)``, standard error of the cell's mean score: draws and data together. Against
        the score at ``centers_`` the error is some 5 % larger, because the centre fluctuates too.
    divergence_ : ``(n_cells,)``, divergence of the score.
    counts_ : ``(n_cells,)``, draws per cell.
    n_draws_ : draws made per sample.
    stopped_by_ : ``"stderr"``, ``"paper"``, ``"fixed"`` or ``"max_draws"``.
    draws_error_, data_error_ : root mean square over cells, by mass, of the two errors of ``E[z | x]``.
    """

    def __init__(
        self,
        sigma: float = 0.05,
        min_probability: float | None = None,
        *,
        max_draws: int = 64,
        min_draws: int = 4,
        stopping: str = "stderr",
        convergence: float = 5e-3,
        n_blocks: int = 20,
        cells: str = "auto",
        random_state: Seed = 0,
        device: str = "cpu",
    ):
        self.sigma = sigma
        self.min_probability = min_probability
        self.max_draws = max_draws
        self.min_draws = min_draws
        self.stopping = stopping
        self.convergence = convergence
        self.n_blocks = n_blocks
        self.cells = cells
        self.random_state = random_state
        self.device = device

    def _check_parameters(self) -> None:
        check_sigma(self.sigma)
        if self.stopping not in STOPPING_RULES:
            raise ValueError(f"stopping is {self.stopping!r}: it must be one of {', '.join(STOPPING_RULES)}")
        if self.max_draws < 2 or self.max_draws % 2:
            raise ValueError(f"max_draws is {self.max_draws}: draws come in pairs, so it must be even and at least 2")
        if self.stopping != "fixed" and not 1 <= self.min_draws <= self.max_draws:
            raise ValueError(f"min_draws is {self.min_draws}: it must lie between 1 and max_draws = {self.max_draws}")
        if self.cells not in CELLS:
            raise ValueError(f"cells is {self.cells!r}: it must be one of {', '.join(CELLS)}")
        if self.n_blocks < 2:
            raise ValueError(f"n_blocks is {self.n_blocks}: at least 2 are needed")
        if self.min_probability is not None and not 0 < self.min_probability < 1:
            raise ValueError(f"min_probability is {self.min_probability}: it must lie strictly between 0 and 1")

    def fit(self, X: np.ndarray, y=None) -> KGMM:
        """Estimates the score from samples of shape ``(n_samples, n_features)`` in physical units.

        ``X`` is an array, or :class:`kgmm.Samples` of a trajectory, which may be larger than memory. Correlated samples
        must be in order: the error of the finite data is estimated from contiguous blocks.
        Raises ``ValueError`` for non-finite or constant data, unusable parameters, or too few samples.
        """
        X = check_samples(X, at_least=2 * self.n_blocks)
        return self.prepare(X)._fit_first(X)

    def prepare(self, X: np.ndarray) -> KGMM:
        """The first part of :meth:`fit`: standardisation and partition. Arguments and errors are those of ``fit``."""
        X = check_samples(X, at_least=2 * self.n_blocks)
        self._check_parameters()
        standardization = Standardization.of(X)
        p_min = choose_min_probability(self.min_probability, X, standardization, self.sigma)
        generator = torch_generator(self.random_state)
        partition = build_partition(StandardizedSamples(X, standardization), self.sigma, p_min, generator)
        entropy = int(torch.randint(2**62, (1,), generator=generator))
        return self._set_partition(partition, standardization, p_min, entropy)

    def accumulate(self, X: np.ndarray, shard: int = 0, n_shards: int = 1) -> Moments:
        """The moments of one share of the samples, ``max_draws`` draws of each, for :meth:`gather`.

        ``X`` is what :meth:`prepare` was given, all of it; the blocks of shard ``shard`` are read. The shards of one
        prepared estimator may be accumulated by different processes or machines.
        """
        X = check_samples(X, n_features=self.n_features_in_, at_least=2 * self.n_blocks)
        if not 0 <= shard < n_shards <= self.n_blocks:
            raise ValueError(
                f"shard is {shard} of {n_shards}: it must lie below n_shards, and that not above {self.n_blocks} blocks"
            )
        first, last = block_edges(self.n_blocks, n_shards)[shard : shard + 2]
        edges = block_edges(X.shape[0], self.n_blocks)[first : last + 1]
        samples = StandardizedSamples(X, self.standardization_, edges[0], edges[-1])
        return self._drawing.moments(samples, edges - edges[0], self.max_draws // 2, first_block=int(first))

    def gather(self, shards: Iterable[Moments]) -> KGMM:
        """The fitted estimator from the moments of all shards, in order; ``ValueError`` if some are missing."""
        self.__dict__.pop("moments_", None)
        shards = iter(shards)
        moments = next(shards, None)
        if moments is not None:
            moments = reduce(Moments.merge_data, shards, moments)
        found = 0 if moments is None else moments.n_blocks
        if found != self.n_blocks:
            raise ValueError(f"the shards hold {found} blocks: all {self.n_blocks} are needed, each once")
        return self._finish(moments, "fixed")

    def partial_fit(self, X: np.ndarray, y=None) -> KGMM:
        """Fits to the samples of ``X`` and all those of earlier calls.

        The first call is :meth:`fit` (unless the estimator is prepared): it decides on standardisation, partition and
        number of draws, so its samples should be of the whole density. The estimator keeps its sums, not the samples.
        """
        if not hasattr(self, "partition_"):
            return self.fit(X)
        if not hasattr(self, "moments_"):
            if hasattr(self, "cells_"):
                raise ValueError(WITHOUT_SUMS)
            return self._fit_first(check_samples(X, n_features=self.n_features_in_, at_least=2 * self.n_blocks))
        X = check_samples(X, n_features=self.n_features_in_)
        # Blocks of about the size that there are, so that each is worth the same.
        block_size = self.moments_.count.sum() / self.n_draws_ / self.moments_.n_blocks
        edges = block_edges(X.shape[0], max(1, round(X.shape[0] / block_size)))
        samples = StandardizedSamples(X, self.standardization_)
        more = self._drawing.moments(samples, edges, self.n_draws_ // 2, first_block=self.n_streams_)
        self.n_streams_ += len(edges) - 1
        self.entropies_ = self.entropies_ | {self.entropy_}
        return self._finish(self.moments_.merge_data(more), self.stopped_by_)

    def merge(self, other: KGMM) -> KGMM:
        """Adds what another estimator with the same partition was fitted to.

        Both come from one prepared estimator (:meth:`save`, :meth:`load`), each with a ``random_state`` of its own, or
        the same noise would count twice. Raises ``ValueError`` if they cannot be merged.
        """
        for estimator in (self, other):
            if not hasattr(estimator, "moments_"):
                raise ValueError(WITHOUT_SUMS)
        same_space = self.standardization_.equals(other.standardization_) and self.partition_.equals(other.partition_)
        if self.sigma != other.sigma or not same_space:
            raise ValueError("estimators of different sigma or partition do not merge")
        if self.entropies_ & other.entropies_:
            raise ValueError("both estimators used the same random numbers: load each with a random_state of its own")
        merged = self._finish(self.moments_.merge_data(other.moments_), self.stopped_by_)
        merged.entropies_ = merged.entropies_ | other.entropies_
        return merged

    @property
    def _linear(self) -> bool:
        n_cells, d = self.partition_.n_cells, self.n_features_in_
        possible = n_cells * d**2 <= _MOST_PRODUCTS
        if self.cells == "linear" and not possible:
            raise ValueError(
                f"cells is 'linear': {n_cells} cells in {d} dimensions need {n_cells * d**2:.2g} products, at most "
                f"{_MOST_PRODUCTS:.0e} are possible; use fewer or constant cells"
            )
        return self.cells == "linear" or (self.cells == "auto" and d > 2 and possible)

    @property
    def _drawing(self) -> Drawing:
        return Drawing(self.partition_, self.sigma, self.entropy_, self._linear, self.device)

    def _fit_first(self, X: np.ndarray) -> KGMM:
        """Draws for all samples until the rule says stop."""
        samples = StandardizedSamples(X, self.standardization_)
        rule = StoppingRule(self.stopping, self.min_draws, self.max_draws, self.convergence)
        return self._finish(*self._drawing.until_stopped(samples, block_edges(X.shape[0], self.n_blocks), rule))

    def _set_partition(
        self, partition: Partition, standardization: Standardization, min_probability: float, entropy: int
    ) -> KGMM:
        for stale in ("moments_", "cells_"):
            self.__dict__.pop(stale, None)
        self.partition_ = partition
        self.standardization_ = standardization
        self.min_probability_ = float(min_probability)
        self.entropy_ = entropy
        self.n_features_in_ = standardization.scale.size
        _ = self._linear  # refuses what is too large before any draw
        return self

    def _finish(self, moments: Moments, stopped_by: str) -> KGMM:
        if not hasattr(self, "moments_"):
            self.n_streams_, self.entropies_ = moments.n_blocks, {self.entropy_}
        if moments.n_blocks > _MOST_BLOCKS * self.n_blocks:
            moments = moments.with_joined_blocks(2 * self.n_blocks)
        self.moments_ = moments
        self._set_cells(estimate(moments), 2 * moments.n_rounds, stopped_by)
        logger.info(
            "%d cells, %d draws a sample (stopped by %s), error of E[z|x]: %.2e from draws, %.2e from data",
            self.partition_.n_cells, self.n_draws_, stopped_by, self.draws_error_, self.data_error_,
        )  # fmt: skip
        return self

    def _set_cells(self, cells: CellEstimates, n_draws: int, stopped_by: str) -> KGMM:
        scale = self.standardization_.scale
        self.cells_ = cells
        self.n_draws_ = n_draws
        self.stopped_by_ = stopped_by
        self.draws_error_, self.data_error_ = cells.mean_errors
        self.counts_ = cells.count
        self.centers_ = self.standardization_.backward(cells.center)
        self.score_ = -cells.noise_mean / (self.sigma * scale)
        self.score_stderr_ = cells.stderr / (self.sigma * scale)
        # Component k of the divergence identity, ∂_k s_k = (E[z_k² | x] − 1)/σ² − s_k², each over its own scale.
        diagonal = (cells.noise_squared_mean - 1.0) / self.sigma**2 - (cells.noise_mean / self.sigma) ** 2
        self.divergence_ = (diagonal / scale**2).sum(axis=1)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Cell of each point, by descent of the tree; ``X`` has shape ``(n, n_features)``, physical units."""
        X = check_samples(X, n_features=self.n_features_in_)
        return self.partition_.assign(torch.from_numpy(self.standardization_.forward(X))).numpy()

    def score_at(self, X: np.ndarray) -> np.ndarray:
        """Score at each point, shape ``(n, n_features)``: that of its cell, or of the line in it."""
        cell = self.predict(X)
        score = self.score_[cell]
        if self.cells_.slope is not None:
            shift = self.standardization_.forward(X) - self.cells_.center[cell]
            slope = np.einsum("nij,nj->ni", self.cells_.slope[cell], shift)
            score = score - slope / (self.sigma * self.standardization_.scale)
        return score

    def to_dataset(self, moments: bool = False) -> xr.Dataset:
        """The prepared or fitted estimator, partition included, as a dataset that :meth:`from_dataset` reads back.

        ``moments`` includes the sums, so that :meth:`partial_fit` and :meth:`merge` can go on from it.
        """
        return to_dataset(self, moments)

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset, *, random_state: Seed | None = None, device: str = "cpu") -> KGMM:
        """An estimator from what :meth:`to_dataset` made; ``random_state`` gives it random numbers of its own."""
        return from_dataset(cls, dataset, random_state, device)

    def save(self, path: str | Path, moments: bool = False) -> None:
        """Writes the prepared or fitted estimator to a NetCDF file, with its sums if ``moments``."""
        self.to_dataset(moments).to_netcdf(path)

    @classmethod
    def load(cls, path: str | Path, *, random_state: Seed | None = None, device: str = "cpu") -> KGMM:
        """The estimator in a file that :meth:`save` wrote; ``random_state`` gives it random numbers of its own."""
        with xr.open_dataset(path) as dataset:
            return cls.from_dataset(dataset.load(), random_state=random_state, device=device)
