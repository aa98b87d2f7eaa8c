"""What a trajectory looks like: densities, a path, correlations in time, stationarity, and on a ring its spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from kgmm.data.blocks import Estimate
from kgmm.data.samples import as_samples
from kgmm.data.segments import SEGMENTS, longest_run, states_of, without_gaps
from kgmm.statistics.comparison import block_deviation, block_mean
from kgmm.statistics.correlation import autocorrelation, decorrelation_time, integrated_time

if TYPE_CHECKING:
    from kgmm.systems.base import System

_MAX_VALUES = 4_000_000
_PATH_POINTS = 1500
_LAGS_DRAWN = 300
_DECAYED = 0.1
# More variables than this on a ring are described together: they have one law.
_MAX_VARIABLES = 8


def describe(
    samples: xr.DataArray, path: xr.DataArray, system: System | None, effective_size: np.ndarray
) -> xr.Dataset:
    """Everything the page of a trajectory shows, as one dataset.

    Parameters
    ----------
    samples, path
        Trajectories with dimensions ``(member, time, variable)``.
    system
        Supplies exact densities where known, and whether the variables lie on a ring; ``None`` for a user's data.
    effective_size
        Of the samples, per variable.

    Returns
    -------
    Per variable (one for a large ring, whose variables have one law): density on bins, mean, deviation and their
    differences between the two halves of the samples in standard errors, autocorrelation of the path, decorrelation
    and integrated times; the beginning of the path; the spectrum of a ring.
    """
    gapless = without_gaps(samples)
    ring = system is not None and system.is_ring and samples.sizes["variable"] > _MAX_VARIABLES
    thinned = _thinned(gapless)
    variables = _moments(thinned, ring) | _densities(thinned, system, ring) | _correlations(path, ring)
    names = ["u"] if ring else [str(name) for name in samples["variable"].values]
    n_shown = min(_PATH_POINTS, path.sizes["time"])
    shown = path[0, :n_shown]
    variables["path_time"] = ("path_time", shown["time"].values)
    variables["path"] = (("path_time", "path_variable"), shown.values)
    if ring:
        variables |= _spectrum(thinned)
    size = effective_size.min(keepdims=True) if ring else effective_size
    variables["effective_size"] = ("variable", size)
    attributes = {
        "n_samples": gapless.sizes["member"] * gapless.sizes["time"],
        "n_members": samples.sizes["member"],
        "n_segments": samples.attrs.get(SEGMENTS, samples.sizes["member"]),
        "sample_interval": float(samples["time"][0]),
        "path_members": path.sizes["member"],
        "path_interval": float(path["time"][0]),
        "path_length": float(path["time"][0]) * without_gaps(path).sizes["time"],
        "ring": int(ring),
        "coordinates": "physical",
    }
    return xr.Dataset(variables, coords={"variable": names}, attrs=attributes)


def _thinned(samples: xr.DataArray) -> np.ndarray:
    """Values ``(member, time, variable)`` of all members, at as many times as a few million numbers allow."""
    n_members, n_times = samples.shape[:2]
    step = max(1, -(-samples.size // _MAX_VALUES))
    if step > n_times:
        return as_samples(samples, n_members)[:, None, :]
    parts = [samples[start : start + 1000, ::step].values for start in range(0, n_members, 1000)]
    return np.concatenate(parts)


def _pooled(values: np.ndarray, ring: bool) -> np.ndarray:
    """On a large ring all variables as one, their values at one time next to each other."""
    return values.reshape(values.shape[0], -1, 1) if ring else values


def _moments(values: np.ndarray, ring: bool) -> dict:
    pooled = _pooled(values, ring).astype(float)
    half = values.shape[1] // 2 * (pooled.shape[1] // values.shape[1])
    rows = [[*block_mean(x), *block_deviation(x), *_half_differences(x, half)] for x in np.moveaxis(pooled, 2, 0)]
    names = ("mean", "mean_stderr", "deviation", "deviation_stderr", "mean_halves", "deviation_halves")
    return {name: ("variable", column) for name, column in zip(names, np.array(rows).T)}


def _half_differences(values: np.ndarray, half: int) -> list[float]:
    """Differences of mean and deviation between the times before and after ``half``, in standard errors."""
    if half < 1:
        return [np.nan, np.nan]
    differences = []
    for statistic in (block_mean, block_deviation):
        a, b = statistic(values[:, :half]), statistic(values[:, half:])
        error = float(np.hypot(a.stderr, b.stderr))
        differences.append((a.value - b.value) / error if error > 0 else np.nan)
    return differences


def _densities(values: np.ndarray, system: System | None, ring: bool) -> dict:
    flat = _pooled(values, ring).reshape(-1, 1 if ring else values.shape[2])
    n_bins = int(min(120, round(2 * len(flat) ** (1 / 3))))
    edges = [np.linspace(*_central_range(column), n_bins + 1) for column in flat.T]
    centers = np.array([0.5 * (e[1:] + e[:-1]) for e in edges])
    density = [np.histogram(c, bins=e)[0] / (np.diff(e) * c.size) for c, e in zip(flat.T, edges)]
    variables = {"bin_center": (("variable", "bin"), centers), "density": (("variable", "bin"), np.array(density))}
    if system is not None and system.has_exact_density:
        exact = [system.marginal_density(k, center) for k, center in enumerate(centers)]
        variables["density_exact"] = (("variable", "bin"), np.array(exact))
    return variables


def _central_range(column: np.ndarray) -> tuple[float, float]:
    """Where nearly all of a variable lies; its whole range if nearly all of it is one value."""
    lower, upper = np.quantile(column, [5e-5, 1 - 5e-5])
    return (lower, upper) if upper > lower else (column.min(), column.max())


def _correlations(path: xr.DataArray, ring: bool) -> dict:
    interval = float(path["time"][0])
    values = path.values
    longest = longest_run(values)
    n_lags = min(longest, max(2, longest // 2))
    rho = autocorrelation(values, n_lags)
    if ring:
        rho = rho.mean(axis=1, keepdims=True)
    n_values = len(states_of(values))
    times = [_integrated(column, interval, n_values) for column in rho.T]
    decorrelation = np.array([decorrelation_time(column, interval) for column in rho.T])
    n_drawn = _lags_until_decay(rho)
    step = max(1, n_drawn // _LAGS_DRAWN)
    lags = np.arange(0, n_drawn, step)
    return {
        "lag": ("lag", interval * lags),
        "autocorrelation": (("lag", "variable"), rho[lags]),
        "decorrelation_time": ("variable", decorrelation),
        "integrated_time": ("variable", [time.value for time in times]),
        "integrated_time_stderr": ("variable", [time.stderr for time in times]),
    }


def _lags_until_decay(rho: np.ndarray) -> int:
    """Lags after which no variable is correlated with itself by more than a tenth, and some more to show it."""
    correlated = np.flatnonzero((np.abs(rho) > _DECAYED).any(axis=1))
    last = correlated[-1] if correlated.size else 0
    return int(min(len(rho), max(20, 1.3 * last)))


def _integrated(rho: np.ndarray, interval: float, n_values: int) -> Estimate:
    try:
        return Estimate(*integrated_time(rho, interval, n_values)[:2])
    except ValueError:
        return Estimate(np.nan, np.nan)


def _spectrum(values: np.ndarray) -> dict:
    """Energy ``E_k = |û_k|²`` of the waves on a ring, both signs of k together: ``Σ_k E_k = ⟨u²⟩``."""
    n_ring = values.shape[2]
    energy = (np.abs(np.fft.rfft(values, axis=2) / n_ring) ** 2).mean(axis=(0, 1))
    energy[1 : (n_ring + 1) // 2] *= 2
    return {"wave": ("wave", np.arange(energy.size)), "energy": ("wave", energy)}
