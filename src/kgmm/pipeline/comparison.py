"""Comparison of a Langevin model's sample with held-out data: statistics, and curves for the figures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import xarray as xr

from kgmm.densities import kernel_density
from kgmm.dynamics import HORIZONS, BlockedAutocorrelation, compare_autocorrelations
from kgmm.mobility import Mobility
from kgmm.pipeline.data import held_out_trajectory, observed, training_trajectory
from kgmm.pipeline.job import Job
from kgmm.pipeline.metrics import metric_variables
from kgmm.statistics import compare
from kgmm.trajectory import open_trajectory

_MOST_BINS = 80
_PATH_POINTS = 1000
_CURVE_POINTS = 300
_MOST_LAGS = 300
# Statistics that a change of units leaves alone.
_ANY_COORDINATES = (
    "relative_entropy", "autocorrelation_error", "autocorrelation_error_5", "autocorrelation_follows",
)  # fmt: skip
_RESETS = ("members_reset", "resets_per_member_time")


def compare_sample(job: Job, mobility: str, further_rows: list[dict] | None = None) -> xr.Dataset:
    """Statistics of the job's ``sample`` beside held-out data, with densities, paths and autocorrelations to draw.

    ``mobility`` names that of the model in every row of the metrics; ``further_rows`` are more of them.
    """
    data = job.settings["data"]
    held_out = held_out_trajectory(job.inputs.trajectory_samples, data)
    model = open_trajectory(job.inputs.sample_samples).load()
    if job.system is None:
        # There is no second world to measure: the training part stands in for a fresh run.
        reference = training_trajectory(job.inputs.trajectory_samples, data)
    else:
        reference = observed(open_trajectory(job.inputs.reference_samples), data)
    paths = {
        "data": held_out_trajectory(job.inputs.trajectory_path, data),
        "model": open_trajectory(job.inputs.sample_path).load(),
    }
    rows = compare(held_out, model, reference).to_dict("records")
    rows += compare_autocorrelations(paths["data"], paths["model"]).to_dict("records")
    for row in rows:
        row["coordinates"] = "any" if row["statistic"] in _ANY_COORDINATES else "physical"
    rows += [{"statistic": name, "value": float(model.attrs[name])} for name in _RESETS if name in model.attrs]
    rows = [{"mobility": mobility, **row} for row in rows + (further_rows or [])]
    x, y = (t.values.reshape(-1, t.sizes["variable"]) for t in (held_out, model))
    variables = _marginals(x, y, job.system) | _bivariate(x, y) | metric_variables(rows)
    for name, path in paths.items():
        shown = path[0, :_PATH_POINTS]
        variables[f"path_{name}_time"] = (f"{name}_time", shown["time"].values)
        variables[f"path_{name}"] = ((f"{name}_time", "variable"), shown.values)
    variables |= _autocorrelations(paths["data"], paths["model"])
    names = [str(name) for name in held_out["variable"].values]
    attributes = {"coordinates": "physical", "mobility": mobility}
    return xr.Dataset(variables, coords={"variable": names}, attrs=attributes)


def mobility_rows(mobility: Mobility, system) -> list[dict]:
    """The mobility as metrics: every entry, beside the exact one where it is known, and how it came about."""
    exact = None if system is None else system.mobility()
    rows = []
    for i, j in np.ndindex(mobility.matrix.shape):
        if mobility.method == "matched" and i != j:
            continue  # a multiple of the identity
        rows.append(
            {
                "statistic": "mobility", "variable": f"{i + 1},{j + 1}", "coordinates": "physical",
                "value": mobility.matrix[i, j], "stderr": mobility.stderr[i, j],
                "data_value": np.nan if exact is None else exact[i, j],
            }
        )  # fmt: skip
    facts = {
        "short_lag_exponent": mobility.exponent,
        "slope_window": mobility.window,
        "clock_rescaling": mobility.rescaling.value,
    }
    return rows + [{"statistic": name, "value": value} for name, value in facts.items() if np.isfinite(value)]


def _autocorrelations(data: xr.DataArray, model: xr.DataArray) -> dict:
    """Autocorrelations of both at the same lags, over a little more than the longest horizon of the comparison."""
    blocked = []
    for path in (data, model):
        interval = float(path["time"][1] - path["time"][0])
        slowest = np.nanmax([*blocked[0].decorrelation_times, 0.0]) if blocked else 0.0
        longest = 1.2 * HORIZONS[-1] * slowest if slowest > 0 else None
        blocked.append(BlockedAutocorrelation.of(path.values.astype(float), interval, longest))
    of_data, of_model = blocked
    longest = 1.2 * HORIZONS[-1] * np.nanmax([*of_data.decorrelation_times, of_data.interval])
    lags = of_data.lags[of_data.lags <= longest]
    lags = lags[:: -(-len(lags) // _MOST_LAGS)]
    per_lag = ("lag", "variable")
    return {
        "lag_time": ("lag", lags),
        "autocorrelation_data": (per_lag, of_data.at(lags)),
        "autocorrelation_model": (per_lag, of_model.at(lags)),
    }


def _marginals(x: np.ndarray, y: np.ndarray, system) -> dict:
    """Densities over the central 99.98 % of the data: bins ``(variable, bin)``, kernels ``(variable, curve)``."""
    n_bins = min(_MOST_BINS, round(2 * len(x) ** (1 / 3)))  # Rice's rule
    edges = [np.linspace(*np.quantile(column, [1e-4, 1 - 1e-4]), n_bins + 1) for column in x.T]
    centers = np.array([0.5 * (e[1:] + e[:-1]) for e in edges])
    variables = {"bin_center": (("variable", "bin"), centers)}
    points = np.array([np.linspace(e[0], e[-1], _CURVE_POINTS) for e in edges])
    variables["curve_point"] = (("variable", "curve"), points)
    for name, samples in (("data", x), ("model", y)):
        curves = [kernel_density(column[:, None], p[:, None]) for column, p in zip(samples.T, points)]
        variables[f"curve_{name}"] = (("variable", "curve"), np.array(curves))
        counts = [np.histogram(column, bins=e)[0] / (np.diff(e) * len(column)) for column, e in zip(samples.T, edges)]
        variables[f"density_{name}"] = (("variable", "bin"), np.array(counts))
    if system is not None and system.has_exact_density:
        exact = [system.marginal_density(k, c) for k, c in enumerate(centers)]
        variables["density_exact"] = (("variable", "bin"), np.array(exact))
    return variables


def _bivariate(x: np.ndarray, y: np.ndarray) -> dict:
    """Joint densities of each pair of variables, by bins and by kernels, shape ``(pair, first_bin, second_bin)``."""
    pairs = list(combinations(range(x.shape[1]), 2))
    if not pairs:
        return {}
    n_bins = min(_MOST_BINS, round(3 * len(x) ** (1 / 4)))
    edges = [np.linspace(*np.quantile(column, [5e-4, 1 - 5e-4]), n_bins + 1) for column in x.T]
    variables = {
        "joint_pair": (("pair", "end"), np.array(pairs)),
        "joint_edge": (("variable", "joint_edges"), np.array(edges)),
    }
    for name, samples in (("data", x), ("model", y)):
        joint, smooth = [], []
        for i, j in pairs:
            counts, *_ = np.histogram2d(samples[:, i], samples[:, j], bins=(edges[i], edges[j]))
            area = np.outer(np.diff(edges[i]), np.diff(edges[j]))
            joint.append(counts / (area * len(samples)))
            middle = np.meshgrid(*(0.5 * (edges[k][1:] + edges[k][:-1]) for k in (i, j)), indexing="ij")
            at = np.stack([axis.ravel() for axis in middle], axis=1)
            smooth.append(kernel_density(samples[:, [i, j]], at).reshape(counts.shape))
        variables[f"joint_{name}"] = (("pair", "first_bin", "second_bin"), np.array(joint))
        variables[f"joint_curve_{name}"] = (("pair", "first_bin", "second_bin"), np.array(smooth))
    return variables
