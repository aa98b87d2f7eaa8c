"""Conditional expectations per cell, and their two standard errors, from the moments."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import xarray as xr

from kgmm.score.moments import Moments


@dataclass(frozen=True)
class CellEstimates:
    """Conditional expectations per cell with their two standard errors, in standardised coordinates.

    Attributes
    ----------
    count
        ``(n_cells,)``, draws per cell.
    center
        ``(n_cells, n_features)``, ``E[x | cell]`` over all draws.
    noise_mean
        ``(n_cells, n_features)``, ``E[z | cell]``.
    noise_squared_mean
        ``(n_cells, n_features)``, ``E[z_k² | cell]``.
    stderr_draws
        ``(n_cells, n_features)``, error of ``E[z | cell]`` from the finite number of draws.
    stderr_data
        ``(n_cells, n_features)``, the same from the finite, correlated data; no number of draws removes it.
    covariance, slope
        ``(n_cells, n_features, n_features)``, of ``x`` in the cell, and ``∂E[z | x]/∂x`` there by regression; ``None``
        for constant cells.
    """

    count: np.ndarray
    center: np.ndarray
    noise_mean: np.ndarray
    noise_squared_mean: np.ndarray
    stderr_draws: np.ndarray
    stderr_data: np.ndarray
    covariance: np.ndarray | None = None
    slope: np.ndarray | None = None

    @property
    def stderr(self) -> np.ndarray:
        """Both errors of ``E[z | cell]`` together, ``(n_cells, n_features)``."""
        return np.hypot(self.stderr_draws, self.stderr_data)

    @property
    def mean_errors(self) -> tuple[float, float]:
        """Root mean square over cells, by mass, of the errors of ``E[z | cell]``: of the draws, of the data."""
        weight = self.count / self.count.sum()
        return tuple(
            float(np.sqrt((weight * np.square(error).sum(axis=1)).sum()))
            for error in (self.stderr_draws, self.stderr_data)
        )

    def to_variables(self) -> dict:
        """Variables of an xarray dataset from which :meth:`from_dataset` reads the same object."""
        dims = ("cell", "variable", "other_variable")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: (dims[: value.ndim], value) for name, value in values.items() if value is not None}

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> CellEstimates:
        """From a dataset that holds :meth:`to_variables`."""
        return cls(**{field.name: dataset[field.name].values for field in fields(cls) if field.name in dataset})


def estimate_means(moments: Moments) -> CellEstimates:
    """Averages per cell with standard errors.

    ``E[z | cell]`` is a ratio ``S/N`` of sums; its variance is that of ``S − (S/N) N`` over ``N²`` (delta method). The
    scatter over rounds within a block is the draws' part, the scatter over blocks is both parts together. With a
    single round the draws' part is bounded by that of independent draws, ``Var(z | cell)/N``.
    """
    count = moments.count.sum(axis=0)
    divisor = np.maximum(count, 1.0)[:, None]
    noise_mean = moments.noise.sum(axis=0) / divisor
    squared_mean = moments.noise_squared / divisor

    n_rounds = moments.n_rounds
    share = moments.count.sum(axis=1) / count.sum()
    block_residual = moments.noise - noise_mean * moments.count[:, :, None]
    # With equal blocks the factor is B/(B − 1); the residuals of a larger one are smaller, as it decides on the mean.
    total_variance = (block_residual**2).sum(axis=0) / divisor**2 / (1.0 - (share**2).sum())
    if n_rounds == 1:
        draws_variance = np.maximum(squared_mean - noise_mean**2, 0.0) / divisor
    else:
        over_rounds, over_blocks = (
            _residual_squares(noise_mean, squares) for squares in (moments.round_squares, moments.block_squares)
        )
        between = np.maximum(over_rounds - over_blocks / n_rounds, 0.0)
        draws_variance = n_rounds / (n_rounds - 1) * between / divisor**2
    return CellEstimates(
        count=count,
        center=moments.position / divisor,
        noise_mean=noise_mean,
        noise_squared_mean=squared_mean,
        stderr_draws=np.sqrt(draws_variance),
        stderr_data=np.sqrt(np.maximum(total_variance - draws_variance, 0.0)),
    )


def _residual_squares(mean: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """``Σ (S − m N)²`` from :func:`kgmm.score.moments.sums_of_squares`, shape ``(n_cells, n_features)``."""
    of_count, of_noise, mixed = np.split(squares, [1, 1 + mean.shape[1]], axis=1)
    return of_noise - 2 * mean * mixed + mean**2 * of_count


def estimate(moments: Moments) -> CellEstimates:
    """:func:`estimate_means`, and a line in every cell if the moments hold the products.

    The slopes' energy is in part noise: regression on ``n`` points with ``d`` directions finds ``d`` times the variance
    of the mean where there is none. All slopes are shrunk by the share that is signal (Stein's estimator with one
    factor for all cells).
    """
    means = estimate_means(moments)
    if moments.noise_position is None:
        return means
    divisor = np.maximum(means.count, 1.0)[:, None, None]
    center, noise_mean = means.center, means.noise_mean
    covariance = moments.position_squared / divisor - center[:, :, None] * center[:, None, :]
    joint = moments.noise_position / divisor - noise_mean[:, :, None] * center[:, None, :]
    d = center.shape[1]
    size = np.trace(covariance, axis1=1, axis2=2) / d
    # A cell of few or identical points has directions without extent: there the slope is zero.
    ridge = (1e-6 * np.maximum(size, 1e-12))[:, None, None] * np.eye(d)
    slope = np.linalg.solve(covariance + ridge, joint.transpose(0, 2, 1)).transpose(0, 2, 1)
    energy = (slope * joint).sum(axis=(1, 2))
    error = (means.stderr**2).sum(axis=1)
    found, noise = (means.count * energy).sum(), (means.count * d * error).sum()
    signal = max(0.0, 1.0 - noise / found) if found > 0 else 0.0
    return replace(means, covariance=covariance, slope=slope * signal)
