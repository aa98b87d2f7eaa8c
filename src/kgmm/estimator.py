"""KGMM: conditional averages of the noise over the cells of a bisecting K-means partition."""

from __future__ import annotations

import inspect
import json
import logging
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from kgmm.histograms import effective_sizes
from kgmm.moments import CellEstimates, Moments, accumulate_round, estimate
from kgmm.observation import FEWEST_SAMPLES_PER_CELL, smallest_min_probability
from kgmm.partition import Partition, bisect
from kgmm.progress import Progress
from kgmm.randomness import Seed, torch_generator
from kgmm.standardize import Standardization, StandardizedSamples, check_samples

logger = logging.getLogger("kgmm")

_SAMPLES_FOR_PARTITION = 250_000
_MOST_PRODUCTS = 1e8
_MATRICES = ("covariance", "slope")


def default_min_probability(effective_size: float) -> float:
    """``p_min`` for data of that effective size: a hundred independent samples per cell, within 0.001 and 0.05."""
    return float(min(0.05, max(1e-3, 100.0 / effective_size)))


class KGMM:
    """Score of a stationary density from samples, per cell of a partition (arXiv:2503.18054).

    The samples ``μ`` are blurred, ``x = μ + σ S z`` with ``z ~ N(0, I)`` and ``S`` the standard deviation of each
    variable. The blurred density has the score ``−E[z | x]/(σ S)``; the conditional expectation is an average over
    the cells of a bisecting K-means tree.

    Parameters
    ----------
    sigma : noise amplitude in standard deviations of the data, > 0. The score carries a smoothing bias O(σ²).
    min_probability : ``p_min``; no cell holds more than ``2 p_min`` of the samples the partition is built on. ``None``
        chooses it from the effective number of samples.
    max_draws, min_draws : draws of the noise per sample, at most and at least. They come in antithetic pairs.
    stopping : ``"stderr"`` stops when the error of the draws is below half the error of the finite data;
        ``"paper"`` when the relative change of the cell means falls below ``convergence``.
    convergence : threshold of the published rule.
    n_blocks : contiguous blocks of the data from which the error of the finite data is estimated.
    cells : ``"constant"`` averages over a cell (the paper); ``"linear"`` also fits a line to ``z`` in it, which is
        right to second order in its size: what coarse cells need, so in four and more dimensions.
    random_state : integer or NumPy seed sequence.

    Attributes
    ----------
    centers_ : ``(n_cells, n_features)``, mean position of the draws in each cell, physical units.
    score_ : ``(n_cells, n_features)``, score in each cell, inverse physical units.
    score_stderr_ : ``(n_cells, n_features)``, standard error of the cell's mean score: draws and data together. Against
        the score at ``centers_`` the error is some 5 % larger, because the centre fluctuates too.
    divergence_ : ``(n_cells,)``, divergence of the score.
    counts_ : ``(n_cells,)``, draws per cell.
    n_draws_ : draws made per sample.
    stopped_by_ : ``"stderr"``, ``"paper"`` or ``"max_draws"``.
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
        cells: str = "constant",
        random_state: Seed = 0,
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

    def get_params(self, deep: bool = True) -> dict:
        """The parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        return f"KGMM({', '.join(f'{k}={v!r}' for k, v in self.get_params().items())})"

    def _check_parameters(self) -> None:
        if not 0 < self.sigma < np.inf:
            raise ValueError(f"sigma is {self.sigma}: it must be positive and finite")
        if self.stopping not in ("stderr", "paper"):
            raise ValueError(f"stopping is {self.stopping!r}: it must be 'stderr' or 'paper'")
        if self.max_draws < 2 or self.max_draws % 2:
            raise ValueError(f"max_draws is {self.max_draws}: draws come in pairs, so it must be even and at least 2")
        if not 1 <= self.min_draws <= self.max_draws:
            raise ValueError(f"min_draws is {self.min_draws}: it must lie between 1 and max_draws = {self.max_draws}")
        if self.cells not in ("constant", "linear"):
            raise ValueError(f"cells is {self.cells!r}: it must be 'constant' or 'linear'")
        if self.n_blocks < 2:
            raise ValueError(f"n_blocks is {self.n_blocks}: at least 2 are needed")
        if self.min_probability is not None and not 0 < self.min_probability < 1:
            raise ValueError(f"min_probability is {self.min_probability}: it must lie strictly between 0 and 1")

    def _choose_min_probability(self, X, standardization: Standardization) -> float:
        """``p_min`` as given, or such that a cell holds some hundred independent samples; checked against the data."""
        least, p_min = smallest_min_probability(X.shape[0]), self.min_probability
        if p_min is None:
            return max(least, default_min_probability(effective_sizes(X, standardization).min()))
        if p_min < least:
            raise ValueError(
                f"min_probability is {p_min:g}: {X.shape[0]} samples allow no less than {least:g} "
                f"({FEWEST_SAMPLES_PER_CELL} samples per cell)"
            )
        return p_min

    def fit(self, X: np.ndarray, y=None) -> KGMM:
        """Estimates the score from samples of shape ``(n_samples, n_features)`` in physical units.

        ``X`` is an array, or :class:`kgmm.Samples` of a trajectory, which may be larger than memory. Correlated samples
        must be in order: the error of the finite data is estimated from contiguous blocks.
        Raises ``ValueError`` for non-finite or constant data, unusable parameters, or too few samples.
        """
        X = check_samples(X, at_least=2 * self.n_blocks)
        self._check_parameters()
        standardization = Standardization.of(X)
        p_min = self._choose_min_probability(X, standardization)
        generator = torch_generator(self.random_state)
        samples = StandardizedSamples(X, standardization)
        partition = self._build_partition(samples, p_min, generator)
        self._refuse_size(partition)
        entropy = int(torch.randint(2**62, (1,), generator=generator))
        moments, stopped_by = self._accumulate(samples, partition, entropy)
        self._set_cells(
            estimate(moments), partition, standardization,
            min_probability=p_min, n_draws=2 * moments.n_rounds, stopped_by=stopped_by,
        )  # fmt: skip
        logger.info(
            "%d cells, %d draws a sample (stopped by %s), error of E[z|x]: %.2e from draws, %.2e from data",
            partition.n_cells, self.n_draws_, stopped_by, self.draws_error_, self.data_error_,
        )  # fmt: skip
        return self

    def _refuse_size(self, partition: Partition) -> None:
        numbers = partition.n_cells * partition.normals.shape[1] ** 2
        if self.cells == "linear" and numbers > _MOST_PRODUCTS:
            raise ValueError(
                f"cells is 'linear': {partition.n_cells} cells in {partition.normals.shape[1]} dimensions need "
                f"{numbers:.2g} products, at most {_MOST_PRODUCTS:.0e} are possible; use fewer or constant cells"
            )

    def _build_partition(self, samples: StandardizedSamples, p_min: float, generator: torch.Generator) -> Partition:
        seed = int(torch.randint(2**62, (1,), generator=generator))
        size = max(_SAMPLES_FOR_PARTITION, round(100 / p_min))
        samples = samples.choose(size, np.random.default_rng(seed))
        noise = torch.empty_like(samples).normal_(generator=generator)
        return bisect(samples + self.sigma * noise, max_mass=2 * p_min)

    def _accumulate(self, samples: StandardizedSamples, partition: Partition, entropy: int) -> tuple[Moments, str]:
        tree = partition.to(torch.float32)
        moments, previous = None, None
        with Progress("drawing noise", self.max_draws * samples.shape[0], "draws") as progress:
            for round_index in range(self.max_draws // 2):
                drawn = accumulate_round(
                    samples,
                    self.sigma,
                    tree,
                    n_blocks=self.n_blocks,
                    round_index=round_index,
                    entropy=entropy,
                    linear=self.cells == "linear",
                )
                moments = drawn if moments is None else moments.merge_rounds(drawn)
                progress.update(2 * samples.shape[0])
                current = estimate(moments)
                if 2 * moments.n_rounds >= self.min_draws and self._converged(current, previous):
                    return moments, self.stopping
                previous = current
        return moments, "max_draws"

    def _converged(self, current, previous) -> bool:
        if self.stopping == "stderr":
            draws, data = _mean_errors(current)
            return draws <= 0.5 * data
        if previous is None:
            return False
        change = np.square(current.noise_mean - previous.noise_mean).sum()
        return change <= self.convergence * np.square(current.noise_mean).sum()

    def _set_cells(
        self,
        cells: CellEstimates,
        partition: Partition,
        standardization: Standardization,
        *,
        min_probability: float,
        n_draws: int,
        stopped_by: str,
    ) -> KGMM:
        scale = standardization.scale
        self.cells_ = cells
        self.partition_ = partition
        self.standardization_ = standardization
        self.min_probability_ = min_probability
        self.n_draws_ = n_draws
        self.stopped_by_ = stopped_by
        self.draws_error_, self.data_error_ = _mean_errors(cells)
        self.counts_ = cells.counts
        self.centers_ = standardization.backward(cells.centers)
        self.score_ = -cells.noise_mean / (self.sigma * scale)
        self.score_stderr_ = np.hypot(cells.stderr_draws, cells.stderr_data) / (self.sigma * scale)
        # Component k of the divergence identity, ∂_k s_k = (E[z_k² | x] − 1)/σ² − s_k², each over its own scale.
        diagonal = (cells.noise_squared_mean - 1.0) / self.sigma**2 - (cells.noise_mean / self.sigma) ** 2
        self.divergence_ = (diagonal / scale**2).sum(axis=1)
        self.n_features_in_ = scale.size
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
            shift = self.standardization_.forward(X) - self.cells_.centers[cell]
            slope = np.einsum("nij,nj->ni", self.cells_.slope[cell], shift)
            score = score - slope / (self.sigma * self.standardization_.scale)
        return score

    def to_dataset(self) -> xr.Dataset:
        """The fitted cells, partition included, as a dataset that :meth:`from_dataset` reads back."""
        cells, tree = self.cells_, self.partition_
        per_cell, per_matrix = ("cell", "variable"), ("cell", "variable", "other_variable")
        return xr.Dataset(
            {
                "count": ("cell", cells.counts),
                "center": (per_cell, cells.centers),
                "noise_mean": (per_cell, cells.noise_mean),
                "noise_squared_mean": (per_cell, cells.noise_squared_mean),
                "stderr_draws": (per_cell, cells.stderr_draws),
                "stderr_data": (per_cell, cells.stderr_data),
                **({n: (per_matrix, getattr(cells, n)) for n in _MATRICES} if cells.slope is not None else {}),
                **self.standardization_.to_variables(),
                "tree_normal": (("node", "variable"), tree.normals.numpy()),
                "tree_offset": ("node", tree.offsets.numpy()),
                "tree_children": (("node", "side"), tree.children.numpy()),
                "tree_label": ("node", tree.labels.numpy()),
            },
            attrs={
                "sigma": float(self.sigma),
                "min_probability": float(self.min_probability_),
                "n_draws": int(self.n_draws_),
                "stopped_by": self.stopped_by_,
                "draws_error": float(self.draws_error_),
                "data_error": float(self.data_error_),
                "tree_depth": int(tree.depth),
                "parameters": json.dumps(
                    {k: v for k, v in self.get_params().items() if k != "random_state"}, sort_keys=True
                ),
                "coordinates": "standardised: x̃ = (x − mean)/scale; score s = −noise_mean/(sigma scale)",
            },
        )

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> KGMM:
        """A fitted estimator from what :meth:`to_dataset` made."""
        attributes = dataset.attrs
        names = ("count", "center", "noise_mean", "noise_squared_mean", "stderr_draws", "stderr_data")
        tree = [torch.from_numpy(dataset[f"tree_{name}"].values) for name in ("normal", "offset", "children", "label")]
        return cls(**json.loads(attributes["parameters"]))._set_cells(
            CellEstimates(
                *(dataset[name].values for name in names),
                **{name: dataset[name].values for name in _MATRICES if name in dataset},
            ),
            Partition(*tree, depth=int(attributes["tree_depth"])),
            Standardization.from_dataset(dataset),
            min_probability=attributes["min_probability"],
            n_draws=int(attributes["n_draws"]),
            stopped_by=attributes["stopped_by"],
        )

    def save(self, path: str | Path) -> None:
        """Writes the fitted cells to a NetCDF file."""
        self.to_dataset().to_netcdf(path)

    @classmethod
    def load(cls, path: str | Path) -> KGMM:
        """The fitted cells in a file that :meth:`save` wrote."""
        with xr.open_dataset(path) as dataset:
            return cls.from_dataset(dataset.load())


def _mean_errors(cells) -> tuple[float, float]:
    """Mass-weighted root mean square of the errors of ``E[z | cell]``: of the draws, of the data."""
    weight = cells.counts / cells.counts.sum()
    return tuple(
        float(np.sqrt((weight * np.square(error).sum(axis=1)).sum()))
        for error in (cells.stderr_draws, cells.stderr_data)
    )
