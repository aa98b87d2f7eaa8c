"""Cross-correlations in time of data and of a model beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.blocks import jackknife_variance
from kgmm.data.paths import time_step_of
from kgmm.statistics.correlation import correlation, correlations_without_block


def compare_cross_correlations(data: xr.DataArray, model: xr.DataArray, longest: float) -> pd.DataFrame:
    """Root mean square difference of the normalised cross-correlations of every ordered pair of variables.

    Parameters
    ----------
    data, model : xarray.DataArray
        Densely saved paths of dimensions ``(member, time, variable)``.
    longest : float
        Longest lag, in units of time.

    Returns
    -------
    pandas.DataFrame
        Columns ``statistic, variable, value, stderr``; the standard error is that of the jackknife over the blocks of
        both.

    Raises
    ------
    ValueError
        If a path is shorter than the lag.
    """
    found = [_normalised_blocks(path, longest) for path in (data, model)]
    (lags, of_data, data_without), (model_lags, of_model, model_without) = found
    rows, names = [], [str(name) for name in data["variable"].values]

    def difference(a: np.ndarray, b: np.ndarray, i: int, j: int) -> float:
        return float(np.sqrt(np.mean((a[:, i, j] - np.interp(lags, model_lags, b[:, i, j])) ** 2)))

    for i in range(len(names)):
        for j in range(len(names)):
            if i == j:
                continue
            variance = jackknife_variance([difference(c, of_model, i, j) for c in data_without])
            variance += jackknife_variance([difference(of_data, c, i, j) for c in model_without])
            value = difference(of_data, of_model, i, j)
            name = f"{names[i]},{names[j]}"
            rows.append(
                {"statistic": "cross_correlation_error", "variable": name, "value": value, "stderr": variance**0.5}
            )
    return pd.DataFrame(rows, columns=["statistic", "variable", "value", "stderr"])


def _normalised_blocks(path: xr.DataArray, longest: float) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Lags, normalised correlations, and the same without each block in turn."""
    interval = time_step_of(path)
    n_lags = int(np.ceil(longest / interval)) + 1
    values = path.values.astype(float)

    def normalised(c: np.ndarray) -> np.ndarray:
        scale = np.sqrt(np.diag(c[0]))
        return c / np.outer(scale, scale)

    without = [normalised(c) for c in correlations_without_block(values, n_lags)]
    return interval * np.arange(n_lags), normalised(correlation(values, n_lags)), without
