"""Statistics that compare densities and scores, each with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import wasserstein_distance

_BINS = 100
_CENTRAL_MASS = 0.9998
_BLOCKS = 20


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    stderr: float


@dataclass(frozen=True)
class BlockedHistogram:
    """Counts of one variable per bin, in blocks of the data that may be taken as independent.

    Attributes
    ----------
    edges : ``(n_bins + 1,)``, the first and last infinite.
    counts : ``(n_blocks, n_bins)``.
    """

    edges: np.ndarray
    counts: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """Share of each bin, shape ``(n_bins,)``."""
        return self.counts.sum(axis=0) / self.counts.sum()

    @property
    def effective_size(self) -> float:
        """Number of independent samples whose bin shares would scatter as the blocks do.

        ``Σ_b p_b (1 − p_b) / Σ_b Var(p̂_b)``, the variance being that between blocks: it needs no autocorrelation time
        and holds for oscillating series too.
        """
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        variance = shares.var(axis=0, ddof=1).sum() / self.counts.shape[0]
        p = self.probabilities
        return float(min((p * (1 - p)).sum() / variance, self.counts.sum()))


def histogram_edges(values: np.ndarray) -> np.ndarray:
    """100 equal bins over the central 99.98 % of ``values`` and one bin for each tail, shape ``(103,)``."""
    tail = (1 - _CENTRAL_MASS) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail])
    return np.concatenate([[-np.inf], np.linspace(lower, upper, _BINS + 1), [np.inf]])


def blocks_of(values: np.ndarray, n_blocks: int = _BLOCKS) -> list[np.ndarray]:
    """Nearly independent blocks of one variable, ``values`` of shape ``(member, time)``: members where they suffice."""
    if values.shape[0] >= n_blocks:
        return np.array_split(values, n_blocks, axis=0)
    return np.array_split(values.reshape(-1), n_blocks)


def blocked_histogram(values: np.ndarray, edges: np.ndarray) -> BlockedHistogram:
    """Histogram of one variable, ``values`` of shape ``(member, time)``."""
    # The two tail bins are found by what the inner edges leave over, which is many times faster than infinite edges.
    inner = edges[1:-1]
    counts = []
    for block in blocks_of(values):
        middle, _ = np.histogram(block, bins=inner)
        below = np.count_nonzero(block < inner[0])
        counts.append(np.concatenate([[below], middle, [block.size - below - middle.sum()]]))
    return BlockedHistogram(edges, np.array(counts, dtype=float))


def relative_entropy(data: BlockedHistogram, model: BlockedHistogram) -> Estimate:
    """``D_KL(data ‖ model) = Σ_b p_b log(p_b/q_b)`` of two histograms on the same edges, bias-corrected.

    The plug-in estimate of two equal laws has the mean ``(n_bins − 1)/2 · (1/n_data + 1/n_model)`` with effective
    sizes, which is subtracted; the result can therefore be slightly negative. Bins that only the data reach get half a
    count in the model. The standard error is that of the jackknife over the blocks of both.
    """
    if not np.array_equal(data.edges, model.edges):
        raise ValueError("the two histograms have different bins")
    bias = 0.5 * (data.counts.shape[1] - 1) * (1 / data.effective_size + 1 / model.effective_size)
    data_total, model_total = data.counts.sum(axis=0), model.counts.sum(axis=0)
    variance = _jackknife_variance([_plug_in(data_total - block, model_total) for block in data.counts])
    variance += _jackknife_variance([_plug_in(data_total, model_total - block) for block in model.counts])
    return Estimate(_plug_in(data_total, model_total) - bias, variance**0.5)


def _plug_in(data_counts: np.ndarray, model_counts: np.ndarray) -> float:
    reached = data_counts > 0
    p = data_counts[reached] / data_counts.sum()
    q = np.maximum(model_counts[reached], 0.5) / model_counts.sum()
    return float((p * np.log(p / q)).sum())


def _jackknife_variance(leave_one_out: list[float]) -> float:
    n = len(leave_one_out)
    return (n - 1) / n * float(np.square(leave_one_out - np.mean(leave_one_out)).sum())


def block_mean(values: np.ndarray) -> Estimate:
    """Mean of ``values`` of shape ``(member, time)`` with the standard error from blocks."""
    means = np.array([block.mean() for block in blocks_of(values)])
    return Estimate(float(values.mean()), float(means.std(ddof=1) / means.size**0.5))


def block_deviation(values: np.ndarray) -> Estimate:
    """Standard deviation of ``values`` of shape ``(member, time)`` with the standard error from blocks."""
    deviation = values.std()
    squares = block_mean((values - values.mean()) ** 2)
    return Estimate(float(deviation), squares.stderr / (2 * deviation))


def relative_error(estimate: np.ndarray, exact: np.ndarray) -> Estimate:
    """``E‖ŝ − s‖²/E‖s‖²`` over independent points of the density; both arrays ``(n, n_features)``."""
    error = ((estimate - exact) ** 2).sum(axis=1)
    square = (exact**2).sum(axis=1)
    ratio = error.mean() / square.mean()
    spread = (error - ratio * square).std() / square.mean()
    return Estimate(float(ratio), float(spread / error.size**0.5))


def stein_residual(score: np.ndarray, points: np.ndarray) -> Estimate:
    """``‖E[s xᵀ] + I‖_F`` at points of the smoothed law ``p_σ`` (Stein's identity), in standardised coordinates.

    The standard error is that of the matrix in the same norm: a residual of its size means none was seen.
    """
    products = score[:, :, None] * points[:, None, :]
    matrix = products.mean(axis=0) + np.eye(points.shape[1])
    stderr = np.sqrt(products.var(axis=0).sum() / points.shape[0])
    return Estimate(float(np.linalg.norm(matrix)), float(stderr))


def denoising_loss(noise_estimate: np.ndarray, noise: np.ndarray) -> Estimate:
    """``E‖ε(μ + σz) − z‖² − d``: lower is better, comparable at equal σ only; both arrays ``(n, n_features)``.

    ``‖ε‖² − 2 ε·z`` has the same mean and less noise, since ``E‖z‖² = d`` exactly.
    """
    values = (noise_estimate**2 - 2 * noise_estimate * noise).sum(axis=1)
    return Estimate(float(values.mean()), float(values.std() / values.size**0.5))


def compare(data: xr.DataArray, model: xr.DataArray, reference: xr.DataArray | None = None) -> pd.DataFrame:
    """Compares two trajectories of dimensions ``(member, time, variable)``, variable by variable.

    Parameters
    ----------
    data : held-out data; model : sample of the model.
    reference : a fresh run of the true system, for the noise floor of the relative entropy: the same number between
        data and reference, cut to the model's effective size.

    Returns
    -------
    Tidy table with columns ``statistic, variable, value, stderr, data_value, floor, floor_stderr, effective_size_data,
    effective_size_model``; entries without meaning are NaN. Wasserstein-1 is in physical units.
    """
    if data.sizes["variable"] != model.sizes["variable"]:
        raise ValueError(f"data have {data.sizes['variable']} variables and the model {model.sizes['variable']}")
    rows = []
    for k, name in enumerate(data["variable"].values):
        x, y = data.values[:, :, k], model.values[:, :, k]
        z = None if reference is None else reference.values[:, :, k]
        rows += [{"variable": str(name), **row} for row in _compare_variable(x, y, z)]
    return pd.DataFrame(rows)[
        [
            "statistic", "variable", "value", "stderr", "data_value", "floor", "floor_stderr",
            "effective_size_data", "effective_size_model",
        ]
    ]  # fmt: skip


def _compare_variable(x: np.ndarray, y: np.ndarray, reference: np.ndarray | None) -> list[dict]:
    edges = histogram_edges(x)
    data, model = blocked_histogram(x, edges), blocked_histogram(y, edges)
    sizes = {"effective_size_data": data.effective_size, "effective_size_model": model.effective_size}
    entropy = relative_entropy(data, model)
    floor = Estimate(np.nan, np.nan)
    distance_floor = np.nan
    if reference is not None:
        share = model.effective_size / blocked_histogram(reference, edges).effective_size
        cut = reference[: max(_BLOCKS, round(min(1.0, share) * reference.shape[0]))]
        floor = relative_entropy(data, blocked_histogram(cut, edges))
        distance_floor = wasserstein_distance(x.ravel(), cut.ravel())
    rows = [
        {
            "statistic": "relative_entropy", "value": entropy.value, "stderr": entropy.stderr,
            "floor": floor.value, "floor_stderr": floor.stderr, **sizes,
        },
        {
            "statistic": "wasserstein", "value": wasserstein_distance(x.ravel(), y.ravel()),
            "floor": distance_floor, **sizes,
        },
    ]  # fmt: skip
    for statistic, function in (("mean", block_mean), ("standard_deviation", block_deviation)):
        of_data, of_model = function(x), function(y)
        rows.append(
            {
                "statistic": statistic, "value": of_model.value,
                "stderr": float(np.hypot(of_data.stderr, of_model.stderr)), "data_value": of_data.value, **sizes,
            }
        )  # fmt: skip
    return rows
