"""Curves of a comparison, as variables of an xarray dataset: densities and autocorrelations of data and model.

Samples are ``x`` of the data and ``y`` of the model, shape ``(n_samples, n_variables)``, in physical units.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import xarray as xr

from kgmm.data.blocks import jackknife_variance
from kgmm.statistics.autocorrelation import HORIZONS, BlockedAutocorrelation
from kgmm.statistics.densities import bandwidths, kernel_density
from kgmm.statistics.histograms import blocked_histogram

_MAX_BINS = 80
_CURVE_POINTS = 300
_MAX_LAGS = 300
_CENTRAL = (5e-4, 1 - 5e-4)  # quantiles between which joint densities are shown
_MAX_PAIRS = 6  # more than figures show
_DISTANCES = (1, 2)
_RING_BINS = 60
_MAX_RING_SAMPLES = 500_000


def autocorrelations(data: xr.DataArray, model: xr.DataArray, of_data: BlockedAutocorrelation | None = None) -> dict:
    """Autocorrelations of both at the same lags, over a little more than the longest horizon of the comparison.

    ``autocorrelation_data_stderr`` and ``autocorrelation_model_stderr`` are those of the jackknife over blocks.
    ``of_data`` is what the data give, where it is at hand.
    """
    of_data = BlockedAutocorrelation.of_path(data) if of_data is None else of_data
    slowest = np.nanmax([*of_data.decorrelation_times, 0.0])
    of_model = BlockedAutocorrelation.of_path(model, 1.2 * HORIZONS[-1] * slowest if slowest > 0 else None)
    longest = 1.2 * HORIZONS[-1] * np.nanmax([*of_data.decorrelation_times, of_data.interval])
    lags = of_data.lags[of_data.lags <= longest]
    lags = lags[:: -(-len(lags) // _MAX_LAGS)]
    per_lag = ("lag", "variable")
    curves = {"lag_time": ("lag", lags)}
    for name, of in (("data", of_data), ("model", of_model)):
        curves[f"autocorrelation_{name}"] = (per_lag, of.at(lags))
        variance = jackknife_variance([of.at(lags, rho) for rho in of.without_block()])
        curves[f"autocorrelation_{name}_stderr"] = (per_lag, np.sqrt(variance))
    return curves


def marginal_densities(x: np.ndarray, y: np.ndarray, system, sigma: float | None = None) -> dict:
    """Densities over the central 99.98 % of the data: bins ``(variable, bin)``, kernels ``(variable, curve)``.

    With ``sigma`` also those of the data blurred by ``σz``, in standard deviations: what a model of the blurred
    density can reach at best.
    """
    n_bins = min(_MAX_BINS, round(2 * len(x) ** (1 / 3)))  # Rice's rule
    edges = [np.linspace(*np.quantile(column, [1e-4, 1 - 1e-4]), n_bins + 1) for column in x.T]
    centers = np.array([0.5 * (e[1:] + e[:-1]) for e in edges])
    variables = {"bin_center": (("variable", "bin"), centers)}
    points = np.array([np.linspace(e[0], e[-1], _CURVE_POINTS) for e in edges])
    variables["curve_point"] = (("variable", "curve"), points)
    if sigma is not None:
        blurred = [
            kernel_density(column[:, None], p[:, None], _widened(column[:, None], sigma))
            for column, p in zip(x.T, points)
        ]
        variables["curve_blurred"] = (("variable", "curve"), np.array(blurred))
    for name, samples in (("data", x), ("model", y)):
        curves = [kernel_density(column[:, None], p[:, None]) for column, p in zip(samples.T, points)]
        variables[f"curve_{name}"] = (("variable", "curve"), np.array(curves))
        counts = [np.histogram(column, bins=e)[0] / (np.diff(e) * len(column)) for column, e in zip(samples.T, edges)]
        variables[f"density_{name}"] = (("variable", "bin"), np.array(counts))
    if system is not None and system.has_exact_density:
        exact = [system.marginal_density(k, c) for k, c in enumerate(centers)]
        variables["density_exact"] = (("variable", "bin"), np.array(exact))
    return variables


def density_errors(data: xr.DataArray, model: xr.DataArray, centers: np.ndarray) -> dict:
    """Standard errors of the densities by bins of :func:`marginal_densities`, from blocks of both trajectories."""
    errors = {}
    for name, trajectory in (("data", data), ("model", model)):
        own = []
        for k, middle in enumerate(centers):
            width = middle[1] - middle[0]
            edges = np.concatenate([[-np.inf], middle - width / 2, [middle[-1] + width / 2, np.inf]])
            counts = blocked_histogram(trajectory.values[:, :, k], edges).counts
            shares = counts / counts.sum(axis=1, keepdims=True)
            own.append(shares.std(axis=0, ddof=1)[1:-1] / (len(counts) ** 0.5 * width))
        errors[f"density_{name}_stderr"] = (("variable", "bin"), np.array(own))
    return errors


def joint_densities(x: np.ndarray, y: np.ndarray, sigma: float | None = None) -> dict:
    """Joint densities of pairs of variables by kernels, shape ``(pair, first_bin, second_bin)``.

    The pairs are all of up to four variables, else six of the first one. ``sigma`` as in :func:`marginal_densities`.
    """
    pairs = list(combinations(range(x.shape[1]), 2))[:_MAX_PAIRS]
    if not pairs:
        return {}
    n_bins = min(_MAX_BINS, round(3 * len(x) ** (1 / 4)))
    edges = [np.linspace(*np.quantile(column, _CENTRAL), n_bins + 1) for column in x.T]
    variables = {
        "joint_pair": (("pair", "end"), np.array(pairs)),
        "joint_edge": (("variable", "joint_edges"), np.array(edges)),
    }
    points = [_middle(edges[i], edges[j]) for i, j in pairs]
    laws = {"data": (x, 0.0), "model": (y, 0.0)} | ({} if sigma is None else {"blurred": (x, sigma)})
    for name, (samples, blur) in laws.items():
        widths = _widened(samples, blur, dimension=2)
        smooth = [
            kernel_density(samples[:, [i, j]], at, widths[[i, j]]).reshape(n_bins, n_bins)
            for (i, j), at in zip(pairs, points)
        ]
        variables[f"joint_curve_{name}"] = (("pair", "first_bin", "second_bin"), np.array(smooth))
    return variables


def ring_densities(x: np.ndarray, y: np.ndarray, sigma: float | None = None) -> dict:
    """Densities on a ring, whose places have one law, averaged over them.

    Of one point, by bins for the data and by kernels for both; of two points that are one and two places apart, by
    kernels, shape ``(distance, first, second)``. ``sigma`` as in :func:`marginal_densities`.
    """
    edge = np.linspace(*np.quantile(x, _CENTRAL), _RING_BINS + 1)
    middle = 0.5 * (edge[1:] + edge[:-1])
    counts, _ = np.histogram(x, bins=edge)
    variables = {
        "distance": ("distance", np.array(_DISTANCES)),
        "ring_point": ("ring", middle),
        "ring_density_data": ("ring", counts / (np.diff(edge) * x.size)),
    }
    at = _middle(edge, edge)
    laws = {"data": (x, 0.0), "model": (y, 0.0)} | ({} if sigma is None else {"blurred": (x, sigma)})
    for name, (samples, blur) in laws.items():
        samples = samples[:: math.ceil(samples.size / _MAX_RING_SAMPLES)]
        values = samples.reshape(-1, 1)
        curve = kernel_density(values, middle[:, None], _widened(values, blur))
        joint = []
        for distance in _DISTANCES:
            ends = (samples, np.roll(samples, -distance, axis=1))
            pairs = np.stack([end.ravel() for end in ends], axis=1)
            joint.append(kernel_density(pairs, at, _widened(pairs, blur)).reshape(_RING_BINS, _RING_BINS))
        variables[f"ring_curve_{name}"] = ("ring", curve)
        variables[f"ring_joint_{name}"] = (("distance", "ring_first", "ring_second"), np.array(joint))
    return variables


def _widened(samples: np.ndarray, sigma: float, dimension: int | None = None) -> np.ndarray:
    """Bandwidths whose kernel density of ``samples`` is that of the blurred ones: noise and kernel are normal."""
    return np.hypot(bandwidths(samples, dimension), sigma * samples.std(axis=0))


def _middle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Middles of the bins of a plane, shape ``(n_first · n_second, 2)``."""
    middles = np.meshgrid(*(0.5 * (edge[1:] + edge[:-1]) for edge in (first, second)), indexing="ij")
    return np.stack([axis.ravel() for axis in middles], axis=1)
