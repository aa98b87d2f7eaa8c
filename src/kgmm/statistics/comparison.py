"""Statistics that compare densities and scores, each with its uncertainty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import wasserstein_distance

from kgmm.data.blocks import BLOCKS, Estimate, blocks_of
from kgmm.data.segments import all_states
from kgmm.statistics.densities import kernel_density, rule_of_thumb
from kgmm.statistics.halves import interleaved_halves
from kgmm.statistics.histograms import adapted_histogram, blocked_histogram, entropy_interval, relative_entropy

_KERNEL_POINTS = 2048
_MIN_DENSITY = 1e-10


def block_mean(values: np.ndarray) -> Estimate:
    """Mean of ``values`` of shape ``(member, time)`` with the standard error from blocks."""
    means = np.array([block.mean() for block in blocks_of(values)])
    return Estimate(float(values.mean()), float(means.std(ddof=1) / means.size**0.5))


def block_deviation(values: np.ndarray) -> Estimate:
    """Standard deviation of ``values`` of shape ``(member, time)`` with the standard error from blocks."""
    deviation = values.std()
    squares = block_mean((values - values.mean()) ** 2)
    return Estimate(float(deviation), squares.stderr / (2 * deviation))


_MOMENTS = {"mean": block_mean, "standard_deviation": block_deviation}


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


def compare(data: xr.DataArray, model: xr.DataArray, reference: xr.DataArray | None = None) -> pd.DataFrame:
    """Compares two trajectories of dimensions ``(member, time, variable)``, variable by variable.

    Parameters
    ----------
    data
        Held-out data; members may be of unequal length, see :mod:`kgmm.data.segments`.
    model
        Sample of the model.
    reference
        A fresh run of the true system, for the noise floor: the same number between data and reference, cut to the
        model's effective size. By default the floor is that of two halves of the data, 40 pieces of which are assigned
        to them in turn; NaN where the data have fewer values.

    Returns
    -------
    Tidy table with columns ``statistic, variable, value, stderr, interval_low, interval_high, data_value, floor,
    floor_stderr, effective_size_data, effective_size_model``; entries without meaning are NaN. The interval is the
    central 95 % of a bootstrap over blocks. ``relative_entropy`` is
    :func:`kgmm.statistics.histograms.relative_entropy`, ``relative_entropy_kde`` the published form.
    Wasserstein-1 is in physical units. ``value`` of mean and deviation is the model's, and the floor the absolute
    difference of data and reference, or of the halves.

    Raises
    ------
    ValueError
        If the numbers of variables differ.

    Examples
    --------
    >>> from kgmm import simulate
    >>> data, model = (simulate("ornstein_uhlenbeck", n_members=200, n_times=20, seed=seed) for seed in (0, 1))
    >>> table = compare(data, model).set_index(["statistic", "variable"])
    >>> bool(table.loc[("relative_entropy", "x1"), "value"] < 0.02)
    True
    """
    if data.sizes["variable"] != model.sizes["variable"]:
        raise ValueError(f"data have {data.sizes['variable']} variables and the model {model.sizes['variable']}")
    data, model = all_states(data), all_states(model)
    parts = interleaved_halves(data) if reference is None else (data, all_states(reference))
    rows = []
    for k, name in enumerate(data["variable"].values):
        x, y = data.values[:, :, k], model.values[:, :, k]
        own = None if parts is None else tuple(part.values[:, :, k] for part in parts)
        rows += [{"variable": str(name), **row} for row in _compare_variable(x, y, own)]
    return pd.DataFrame(rows)[
        [
            "statistic", "variable", "value", "stderr", "interval_low", "interval_high", "data_value", "floor",
            "floor_stderr", "effective_size_data", "effective_size_model",
        ]
    ]  # fmt: skip


def _compare_variable(x: np.ndarray, y: np.ndarray, parts: tuple[np.ndarray, np.ndarray] | None) -> list[dict]:
    """Rows of one variable; the floors are the differences of the two ``parts``."""
    data = adapted_histogram(x)
    model = blocked_histogram(y, data.edges)
    sizes = {"effective_size_data": data.effective_size, "effective_size_model": model.effective_size}
    entropy = relative_entropy(data, model)
    low, high = entropy_interval(data, model, entropy.value)
    # One bandwidth for all: that of the smaller sample.
    bandwidth = rule_of_thumb(x, min(sizes.values()))
    rows = [
        {
            "statistic": "relative_entropy", "value": entropy.value, "stderr": entropy.stderr,
            "interval_low": low, "interval_high": high,
        },
        {"statistic": "relative_entropy_kde", "value": published_relative_entropy(x, y, bandwidth)},
        {"statistic": "wasserstein", "value": wasserstein_distance(x.ravel(), y.ravel())},
    ]  # fmt: skip
    for statistic, function in _MOMENTS.items():
        of_data, of_model = function(x), function(y)
        stderr = float(np.hypot(of_data.stderr, of_model.stderr))
        rows.append(
            {"statistic": statistic, "value": of_model.value, "stderr": stderr, "data_value": of_data.value}
        )  # fmt: skip
    floors = {} if parts is None else _floors(*parts, data.edges, model.effective_size, bandwidth)
    nothing = Estimate(np.nan, np.nan)
    for row in rows:
        floor = floors.get(row["statistic"], nothing)
        row |= {"floor": floor.value, "floor_stderr": floor.stderr, **sizes}
    return rows


def _floors(x: np.ndarray, reference: np.ndarray, edges: np.ndarray, size: float, bandwidth: float) -> dict:
    """The statistics of two parts of the data, the second cut to an effective ``size``."""
    share = size / blocked_histogram(reference, edges).effective_size
    cut = _cut(reference, min(1.0, share))
    floors = {
        "relative_entropy": relative_entropy(blocked_histogram(x, edges), blocked_histogram(cut, edges)),
        "relative_entropy_kde": Estimate(published_relative_entropy(x, cut, bandwidth), np.nan),
        "wasserstein": Estimate(wasserstein_distance(x.ravel(), cut.ravel()), np.nan),
    }
    for statistic, function in _MOMENTS.items():
        a, b = function(x), function(cut)
        floors[statistic] = Estimate(abs(a.value - b.value), float(np.hypot(a.stderr, b.stderr)))
    return floors


def published_relative_entropy(data: np.ndarray, model: np.ndarray, bandwidth: float) -> float:
    """``D_KL(data ‖ model)`` of normal-kernel densities on 2048 points, none below 10⁻¹⁰ (arXiv:2503.18054).

    With the same bandwidth for both, two samples of one law differ by their noise alone; it is not corrected for that.
    """
    margin = 4 * bandwidth
    lower, upper = (float(f([f(data), f(model)])) for f in (np.min, np.max))
    grid = np.linspace(lower - margin, upper + margin, _KERNEL_POINTS)
    p, q = (
        np.maximum(kernel_density(x.reshape(-1, 1), grid[:, None], np.array([bandwidth])), _MIN_DENSITY)
        for x in (data, model)
    )
    return float((p * np.log(p / q)).sum() * (grid[1] - grid[0]))


def _cut(values: np.ndarray, share: float) -> np.ndarray:
    """About that share of a trajectory ``(member, time)``: of its members, or of its times where members are few."""
    if values.shape[0] >= BLOCKS:
        return values[: max(BLOCKS, round(share * values.shape[0]))]
    return values[:, : max(BLOCKS, round(share * values.shape[1]))]
