"""Compares the Langevin model's sample with held-out data, and tabulates densities and paths for the figures."""

from itertools import combinations

import numpy as np
import xarray as xr

from kgmm.pipeline.data import held_out_trajectory, observed, training_trajectory
from kgmm.pipeline.job import Job, run_job
from kgmm.pipeline.metrics import metric_variables
from kgmm.statistics import compare
from kgmm.trajectory import open_trajectory

_MOST_BINS = 80
_PATH_POINTS = 1000


def compare_model(job: Job) -> None:
    settings = job.settings
    system, data = job.system, settings["data"]
    held_out = held_out_trajectory(job.inputs.trajectory_samples, data)
    model = open_trajectory(job.inputs.sample_samples).load()
    if system is None:
        # There is no second world to measure: the training part stands in for a fresh run.
        reference = training_trajectory(job.inputs.trajectory_samples, data)
    else:
        reference = observed(open_trajectory(job.inputs.reference_samples), data)

    rows = compare(held_out, model, reference).to_dict("records")
    for row in rows:
        row["coordinates"] = "any" if row["statistic"] == "relative_entropy" else "physical"
    x, y = (t.values.reshape(-1, t.sizes["variable"]) for t in (held_out, model))
    variables = _marginals(x, y, system) | _bivariate(x, y) | metric_variables(rows)
    for name, path in (("data", job.inputs.trajectory_path), ("model", job.inputs.sample_path)):
        trajectory = open_trajectory(path)[:1, :_PATH_POINTS]
        trajectory = (observed(trajectory, data) if name == "data" else trajectory)[0].load()
        variables[f"path_{name}_time"] = (f"{name}_time", trajectory["time"].values)
        variables[f"path_{name}"] = ((f"{name}_time", "variable"), trajectory.values)
    names = [str(name) for name in held_out["variable"].values]
    xr.Dataset(variables, coords={"variable": names}, attrs={"coordinates": "physical"}).to_netcdf(
        job.outputs.comparison
    )


def _marginals(x: np.ndarray, y: np.ndarray, system) -> dict:
    """Densities on bins over the central 99.98 % of the data, shape ``(variable, bin)``."""
    n_bins = min(_MOST_BINS, round(2 * len(x) ** (1 / 3)))  # Rice's rule
    edges = [np.linspace(*np.quantile(column, [1e-4, 1 - 1e-4]), n_bins + 1) for column in x.T]
    centers = np.array([0.5 * (e[1:] + e[:-1]) for e in edges])
    variables = {"bin_center": (("variable", "bin"), centers)}
    for name, samples in (("data", x), ("model", y)):
        counts = [np.histogram(column, bins=e)[0] / (np.diff(e) * len(column)) for column, e in zip(samples.T, edges)]
        variables[f"density_{name}"] = (("variable", "bin"), np.array(counts))
    if system is not None and system.has_exact_density:
        exact = [system.marginal_density(k, c) for k, c in enumerate(centers)]
        variables["density_exact"] = (("variable", "bin"), np.array(exact))
    return variables


def _bivariate(x: np.ndarray, y: np.ndarray) -> dict:
    """Joint densities of each pair of variables, shape ``(pair, first_bin, second_bin)``."""
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
        joint = []
        for i, j in pairs:
            counts, *_ = np.histogram2d(samples[:, i], samples[:, j], bins=(edges[i], edges[j]))
            area = np.outer(np.diff(edges[i]), np.diff(edges[j]))
            joint.append(counts / (area * len(samples)))
        variables[f"joint_{name}"] = (("pair", "first_bin", "second_bin"), np.array(joint))
    return variables


run_job(compare_model, snakemake)
