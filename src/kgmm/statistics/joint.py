"""Statistics that right marginals cannot fool: joint densities, projections and tails."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.blocks import BLOCKS, Estimate, jackknife_variance
from kgmm.data.segments import all_states
from kgmm.statistics.quantiles import member_blocks, ordered_quantiles, quantile

TAILS = (1e-3, 1 - 1e-3)
_CENTRAL = (5e-4, 1 - 5e-4)
_BINS = 50
_MAX_PAIRS = 28
_PROJECTIONS = 32
_PROJECTED_POINTS = 8_000
_LEVELS = (np.arange(400) + 0.5) / 400


def compare_joint(
    data: xr.DataArray, model: xr.DataArray, reference: xr.DataArray | None = None, sigma: float | None = None
) -> pd.DataFrame:
    """Compares the joint laws of two trajectories.

    Parameters
    ----------
    data, model : xarray.DataArray
        Dimensions ``(member, time, variable)``: held-out data and a sample of the model.
    reference : xarray.DataArray, optional
        A fresh run of the true system for the floor: the same statistic of reference and data, the reference cut to
        the number of values of the model.
    sigma : float, optional
        Noise amplitude of the score, in standard deviations: the same statistic of the reference with the noise ``σz``
        added, ``blurred_value``, is the best that a model of the blurred density can reach.

    Returns
    -------
    pandas.DataFrame
        Columns ``statistic, variable, value, stderr, floor, excess, excess_stderr, blurred_value, data_value``.
        ``correlation_error`` is the absolute difference of the correlation of every pair of variables at lag zero;
        ``joint_total_variation`` is ``½ Σ|p − q|`` of every pair of variables on 50 × 50 bins; ``sliced_wasserstein``
        the mean Wasserstein-1 distance over 32 directions, in standard deviations of the data; ``quantile_0.001`` and
        ``quantile_0.999`` of each variable, whose ``value`` is the model's. ``excess`` is value less floor; standard
        errors are those of the jackknife over blocks of model, and of data for the quantiles.

    Raises
    ------
    ValueError
        If the numbers of variables differ.
    """
    arrays = [data, model] + ([] if reference is None else [reference])
    sizes = {a.sizes["variable"] for a in arrays}
    if len(sizes) > 1:
        raise ValueError(f"the trajectories have {', '.join(map(str, sorted(sizes)))} variables: they must agree")
    data, model = all_states(data), all_states(model)
    reference = None if reference is None else all_states(reference)
    names = [str(name) for name in data["variable"].values]
    x, y = data.values.astype(float), model.values.astype(float)
    fresh = None if reference is None else _cut(reference.values.astype(float), y.shape[0] * y.shape[1])
    # Of other data than those it is compared with, so that it stands beside the floor.
    blurred = None if sigma is None else _blurred(x if fresh is None else fresh, sigma)
    rows = [
        *_total_variation_rows(names, x, y, fresh, blurred),
        *_correlation_rows(names, x, y, fresh),
        *([] if len(names) < 2 else [_sliced_row(x, y, fresh, blurred)]),
        *_tail_rows(names, x, y, fresh, blurred),
    ]
    columns = [
        "statistic", "variable", "value", "stderr", "floor", "excess", "excess_stderr", "blurred_value", "data_value",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """``½ Σ|p − q|`` of two histograms of counts on the same bins."""
    return float(0.5 * np.abs(p / p.sum() - q / q.sum()).sum())


def sliced_wasserstein(x: np.ndarray, y: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distance of the projections of two samples on each direction, from 400 quantiles of both.

    Parameters
    ----------
    x, y : ndarray of shape (n, n_features)
        The two sizes may differ.
    directions : ndarray of shape (n_directions, n_features)
        Unit vectors.

    Returns
    -------
    ndarray of shape (n_directions,)

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((1000, 2))
    >>> sliced_wasserstein(x, x + [1.0, 0.0], np.eye(2)).round(6).tolist()
    [1.0, 0.0]
    """
    projected = [_projected_quantiles(values, directions) for values in (x, y)]
    return np.abs(projected[0] - projected[1]).mean(axis=1)


def _projected_quantiles(values: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """``(n_directions, 400)``."""
    return ordered_quantiles(np.sort(directions @ values.T, axis=1), _LEVELS)


def _pairs(n_variables: int) -> list[tuple[int, int]]:
    pairs = list(combinations(range(n_variables), 2))
    return pairs[:: -(-len(pairs) // _MAX_PAIRS)] if pairs else []


def _total_variation_rows(names, x, y, fresh, blurred) -> list[dict]:
    rows = []
    for i, j in _pairs(len(names)):
        edges = [np.linspace(*np.quantile(x[:, :, k], _CENTRAL), _BINS + 1) for k in (i, j)]
        of_data = _histogram(x, (i, j), edges)
        blocks = np.array([_histogram(block, (i, j), edges) for block in member_blocks(y)])
        total = blocks.sum(axis=0)
        value = total_variation(of_data, total)
        variance = jackknife_variance([total_variation(of_data, total - block) for block in blocks])
        row = {
            "statistic": "joint_total_variation", "variable": f"{names[i]},{names[j]}", "value": value,
            "stderr": variance**0.5, "data_value": np.nan,
        }  # fmt: skip
        if blurred is not None:
            row["blurred_value"] = total_variation(of_data, _histogram(blurred, (i, j), edges))
        if fresh is not None:
            parts = np.array([_histogram(block, (i, j), edges) for block in member_blocks(fresh)])
            whole = parts.sum(axis=0)
            row["floor"] = total_variation(of_data, whole)
            floor_variance = jackknife_variance([total_variation(of_data, whole - part) for part in parts])
            row |= {"excess": value - row["floor"], "excess_stderr": (variance + floor_variance) ** 0.5}
        rows.append(row)
    return rows


def _correlation_rows(names, x, y, fresh) -> list[dict]:
    """The errors are those of both samples: the correlation of the data is not exact either."""
    pairs = _pairs(len(names))
    if not pairs:
        return []
    of_data, of_model = (_correlations(values) for values in (x, y))
    centred = [values - values.mean(axis=(0, 1)) for values in (x, y)]
    variance = sum(jackknife_variance(_correlations_without(member_blocks(values))) for values in centred)
    of_fresh = None if fresh is None else _correlations(fresh)
    rows = []
    for i, j in pairs:
        value, stderr = abs(of_model[i, j] - of_data[i, j]), variance[i, j] ** 0.5
        row = {"statistic": "correlation_error", "variable": f"{names[i]},{names[j]}", "value": value, "stderr": stderr}
        if of_fresh is not None:
            row["floor"] = abs(of_fresh[i, j] - of_data[i, j])
        rows.append(row)
    return rows


def _correlations(values: np.ndarray) -> np.ndarray:
    return np.corrcoef(values.reshape(-1, values.shape[-1]), rowvar=False)


def _correlations_without(blocks: list[np.ndarray]) -> np.ndarray:
    """Correlations of centred values without each block in turn, shape ``(n_blocks, n_features, n_features)``."""
    flat = [block.reshape(-1, block.shape[-1]) for block in blocks]
    sums = np.array([block.sum(axis=0) for block in flat])
    products = np.array([block.T @ block for block in flat])
    sizes = np.array([len(block) for block in flat])
    left = (sizes.sum() - sizes)[:, None]
    mean = (sums.sum(axis=0) - sums) / left
    covariance = (products.sum(axis=0) - products) / left[:, :, None] - mean[:, :, None] * mean[:, None, :]
    scale = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    return covariance / (scale[:, :, None] * scale[:, None, :])


def _sliced_row(x, y, fresh, blurred) -> dict:
    d = x.shape[2]
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((_PROJECTIONS, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    scale = x.std(axis=(0, 1))
    of_data = _projected_quantiles(_thinned(x) / scale, directions)

    def distance(values: np.ndarray) -> float:
        return float(np.abs(_projected_quantiles(values, directions) - of_data).mean())

    def with_stderr(values: np.ndarray) -> Estimate:
        blocks = [_thinned(block, _PROJECTED_POINTS // BLOCKS) / scale for block in member_blocks(values)]
        without = [distance(np.concatenate(blocks[:k] + blocks[k + 1 :])) for k in range(len(blocks))]
        return Estimate(distance(np.concatenate(blocks)), jackknife_variance(without) ** 0.5)

    value = with_stderr(y)
    row = {"statistic": "sliced_wasserstein", "variable": "", "value": value.value, "stderr": value.stderr}
    if blurred is not None:
        row["blurred_value"] = distance(_thinned(blurred) / scale)
    if fresh is not None:
        floor = with_stderr(fresh)
        stderr = float(np.hypot(value.stderr, floor.stderr))
        row |= {"floor": floor.value, "excess": value.value - floor.value, "excess_stderr": stderr}
    return row


def _tail_rows(names, x, y, fresh, blurred) -> list[dict]:
    rows = []
    for k, name in enumerate(names):
        own = [None if values is None else np.sort(values[:, :, k], axis=None) for values in (x, y, fresh, blurred)]
        for tail in TAILS:
            of_data, of_model = (quantile(values[:, :, k], tail, o) for values, o in zip((x, y), own))
            of_fresh, of_blurred = (np.nan if o is None else float(ordered_quantiles(o, tail)) for o in own[2:])
            stderr = float(np.hypot(of_data.stderr, of_model.stderr))
            rows.append(
                {
                    "statistic": f"quantile_{tail:g}", "variable": name, "value": of_model.value, "stderr": stderr,
                    "floor": of_fresh, "blurred_value": of_blurred, "excess": of_model.value - of_data.value,
                    "excess_stderr": stderr, "data_value": of_data.value,
                }
            )  # fmt: skip
    return rows


def _histogram(values: np.ndarray, pair: tuple[int, int], edges: list[np.ndarray]) -> np.ndarray:
    """Counts on the bins of two variables; what lies beyond counts in the outermost."""
    flat = values.reshape(-1, values.shape[-1])
    n_bins = len(edges[0]) - 1
    cell = np.zeros(len(flat), dtype=np.int64)
    for k, edge in zip(pair, edges):
        number = ((flat[:, k] - edge[0]) * (n_bins / (edge[-1] - edge[0]))).astype(np.int64).clip(0, n_bins - 1)
        cell = cell * n_bins + number
    return np.bincount(cell, minlength=n_bins**2).astype(float)


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(values.shape)
    return values + sigma * values.std(axis=(0, 1)) * noise


def _cut(values: np.ndarray, n_values: int) -> np.ndarray:
    members = max(1, min(values.shape[0], round(n_values / values.shape[1])))
    return values[:members] if members >= BLOCKS else values[:, : max(BLOCKS, n_values // values.shape[0])]


def _thinned(values: np.ndarray, n_points: int = _PROJECTED_POINTS) -> np.ndarray:
    flat = values.reshape(-1, values.shape[-1])
    return flat[:: max(1, len(flat) // n_points)][:n_points]
