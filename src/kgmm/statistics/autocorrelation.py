"""Autocorrelations of data and of a model beside each other, with errors from blocks of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.blocks import BLOCKS, Estimate, jackknife_variance
from kgmm.data.paths import time_step_of
from kgmm.data.segments import longest_run, states_of
from kgmm.errors import ScientificFailure
from kgmm.statistics.correlation import (
    block_sums,
    correlation,
    decorrelation_time,
    integrated_time,
    longest_in_blocks,
)

HORIZONS = (1, 5)
_STRETCH = 8.0
_FOLLOWS = 0.1


@dataclass(frozen=True)
class BlockedAutocorrelation:
    """Normalised autocorrelations of each variable, and their sums in nearly independent blocks.

    Attributes
    ----------
    interval
        Between lags, in units of time.
    rho
        ``(n_lags, n_features)``.
    own
        ``(n_blocks, n_lags, n_features)``, autocovariances of the blocks about the common mean.
    n_values
        Values of all members together.
    pairs
        ``(n_blocks, n_lags)``, pairs of the blocks; by default as many in each.
    """

    interval: float
    rho: np.ndarray
    own: np.ndarray
    n_values: int
    pairs: np.ndarray | None = None

    @classmethod
    def of(cls, values: np.ndarray, interval: float, longest: float | None = None) -> BlockedAutocorrelation:
        """From a path ``(n_members, n_times, n_features)``, whose states may be missing, see :mod:`kgmm.data.segments`.

        ``longest`` is the longest lag; by default eight times the lag at which the slowest variable falls to 1/e, or
        what the blocks of the path allow. Raises :class:`ScientificFailure` where these hold no two lags.
        """
        n_members, n_times, _ = values.shape
        most = longest_in_blocks(values)
        if most < 2:
            raise ScientificFailure(
                f"a path of {n_members} members and {n_times} times is too short for an autocorrelation: its standard "
                f"errors need {BLOCKS} stretches of two times and more, or {BLOCKS} members"
            )
        rho = _normalised(_own(values, longest_run(values)))
        if longest is None:
            times = [decorrelation_time(column, interval) for column in rho.T]
            longest = _STRETCH * max(times) if np.isfinite(times).all() else np.inf
        n_lags = int(min(most, max(2, np.ceil(longest / interval) + 1 if np.isfinite(longest) else most)))
        sums = [block_sums(values[:, :, k : k + 1], n_lags) for k in range(values.shape[2])]
        pairs = sums[0][1]
        own = np.stack([products[:, :, 0, 0] for products, _ in sums], axis=2) / np.maximum(pairs, 1)[:, :, None]
        n_values = len(states_of(values))
        return cls(interval, rho[:n_lags], own, n_values, None if (pairs == pairs[0]).all() else pairs)

    @classmethod
    def of_path(cls, path: xr.DataArray, longest: float | None = None) -> BlockedAutocorrelation:
        """From a densely saved path of dimensions ``(member, time, variable)``, see :meth:`of`."""
        return cls.of(path.values.astype(float), time_step_of(path), longest)

    @property
    def lags(self) -> np.ndarray:
        """``(n_lags,)``, in units of time."""
        return self.interval * np.arange(len(self.rho))

    @cached_property
    def decorrelation_times(self) -> np.ndarray:
        """Lag at which each autocorrelation falls to 1/e, ``(n_features,)``; NaN where none of the lags reaches it."""
        return np.array([decorrelation_time(column, self.interval) for column in self.rho.T])

    def without_block(self) -> Iterator[np.ndarray]:
        """The normalised autocorrelations, leaving out one block after the other."""
        weights = np.ones(self.own.shape[:2]) if self.pairs is None else self.pairs
        sums = self.own * weights[:, :, None]
        total, number = sums.sum(axis=0), weights.sum(axis=0)
        for block, own in zip(sums, weights):
            yield _normalised((total - block) / (number - own)[:, None])

    def at(self, lags: np.ndarray, rho: np.ndarray | None = None) -> np.ndarray:
        """Values at other lags, linear between; NaN beyond the longest. ``rho`` in place of the object's own."""
        rho = self.rho if rho is None else rho
        return np.stack([np.interp(lags, self.lags, column, right=np.nan) for column in rho.T], axis=1)


def _own(values: np.ndarray, n_lags: int) -> np.ndarray:
    return np.stack([correlation(values[:, :, k : k + 1], n_lags)[:, 0, 0] for k in range(values.shape[2])], axis=1)


def _normalised(own: np.ndarray) -> np.ndarray:
    return own / np.where(own[0] > 0, own[0], np.nan)


def jackknife(
    statistic: Callable[[np.ndarray, np.ndarray], float], data: BlockedAutocorrelation, model: BlockedAutocorrelation
) -> Estimate:
    """A statistic of the autocorrelations of both, with its standard error from leaving out blocks of either."""
    variance = jackknife_variance([statistic(rho, model.rho) for rho in data.without_block()])
    variance += jackknife_variance([statistic(data.rho, rho) for rho in model.without_block()])
    return Estimate(statistic(data.rho, model.rho), variance**0.5)


def compare_autocorrelations(
    data: xr.DataArray, model: xr.DataArray, of_data: BlockedAutocorrelation | None = None
) -> pd.DataFrame:
    """Compares two densely saved paths, dimensions ``(member, time, variable)``, variable by variable.

    Parameters
    ----------
    data, model : xarray.DataArray
        Paths; their intervals may differ.
    of_data : BlockedAutocorrelation, optional
        That of the data, where it is at hand.

    Returns
    -------
    Tidy table with columns ``statistic, variable, value, stderr, data_value``; times are in units of the data's.
    ``decorrelation_time`` (lag of 1/e) and ``integrated_time`` of model and data; ``autocorrelation_error`` and
    ``autocorrelation_error_5``, the root mean square difference of the autocorrelations over the first decorrelation
    time of the data and over five of them; ``autocorrelation_follows``, the number of them over which the two differ by
    at most 0.1. NaN where a path is too short for it.

    Raises
    ------
    ValueError
        If the numbers of variables differ.
    ScientificFailure
        If a path is too short for blocks of two times.

    Examples
    --------
    >>> from kgmm import simulate
    >>> data, model = (
    ...     simulate("ornstein_uhlenbeck", n_members=50, n_times=400, interval=0.1, seed=seed) for seed in (0, 1)
    ... )
    >>> table = compare_autocorrelations(data, model).set_index(["statistic", "variable"])
    >>> bool(table.loc[("autocorrelation_error", "x1"), "value"] < 0.1)
    True
    """
    if data.sizes["variable"] != model.sizes["variable"]:
        raise ValueError(f"data have {data.sizes['variable']} variables and the model {model.sizes['variable']}")
    of_data = BlockedAutocorrelation.of_path(data) if of_data is None else of_data
    slowest = np.nanmax([*of_data.decorrelation_times, 0.0])
    longest = HORIZONS[-1] * slowest * 1.2 if slowest > 0 else None
    of_model = BlockedAutocorrelation.of_path(model, longest)
    rows = []
    for k, name in enumerate(data["variable"].values):
        own = _compare_variable(_column(of_data, k), _column(of_model, k))
        own.append(_integrated_times(data[:, :, k], model[:, :, k]))
        rows += [{"variable": str(name), **row} for row in own]
    return pd.DataFrame(rows)[["statistic", "variable", "value", "stderr", "data_value"]]


def _column(blocked: BlockedAutocorrelation, k: int) -> BlockedAutocorrelation:
    one = slice(k, k + 1)
    return replace(blocked, rho=blocked.rho[:, one], own=blocked.own[:, :, one])


def _compare_variable(data: BlockedAutocorrelation, model: BlockedAutocorrelation) -> list[dict]:
    time = float(data.decorrelation_times[0])

    def folding(_, rho: np.ndarray) -> float:
        return decorrelation_time(rho[:, 0], model.interval)

    found = jackknife(folding, data, model)
    rows = [{"statistic": "decorrelation_time", "value": found.value, "stderr": found.stderr, "data_value": time}]
    for horizon in HORIZONS:
        error = _rms_difference(data, model, horizon * time)
        name = "autocorrelation_error" + ("" if horizon == 1 else f"_{horizon}")
        rows.append({"statistic": name, "value": error.value, "stderr": error.stderr, "data_value": np.nan})
    follows = _follows(data, model, time)
    rows.append({"statistic": "autocorrelation_follows", "value": follows, "stderr": np.nan, "data_value": np.nan})
    return rows


def _rms_difference(data: BlockedAutocorrelation, model: BlockedAutocorrelation, horizon: float) -> Estimate:
    lags = data.lags[1:][data.lags[1:] <= horizon * (1 + 1e-9)]
    reach = min(data.lags[-1], model.lags[-1])
    if not np.isfinite(horizon) or not lags.size or reach < horizon - data.interval:
        return Estimate(np.nan, np.nan)
    lags = lags[lags <= reach]

    def statistic(of_data: np.ndarray, of_model: np.ndarray) -> float:
        return float(np.sqrt(np.mean((data.at(lags, of_data) - model.at(lags, of_model)) ** 2)))

    return jackknife(statistic, data, model)


def _follows(data: BlockedAutocorrelation, model: BlockedAutocorrelation, time: float) -> float:
    """Lags in units of ``time`` over which the two differ by at most 0.1; at most those that both have."""
    difference = np.abs(data.rho - model.at(data.lags))[:, 0]
    apart = np.flatnonzero(~(difference <= _FOLLOWS))
    last = apart[0] - 1 if apart.size else len(difference) - 1
    return float(data.lags[last] / time)


def _integrated_times(data: xr.DataArray, model: xr.DataArray) -> dict:
    """Those of one variable, ``(member, time)``."""
    found = []
    for path in (data, model):
        series = path.values[:, :, None].astype(float)
        own = correlation(series, max(2, longest_run(series) // 2))[:, 0, 0]
        try:
            found.append(Estimate(*integrated_time(own / own[0], time_step_of(path), len(states_of(series)))[:2]))
        except ValueError:  # too short for it
            found.append(Estimate(np.nan, np.nan))
    of_data, of_model = found
    stderr = float(np.hypot(of_data.stderr, of_model.stderr))
    return {
        "statistic": "integrated_time", "value": of_model.value, "stderr": stderr, "data_value": of_data.value
    }  # fmt: skip
