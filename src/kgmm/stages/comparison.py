"""Comparison of a Langevin model's sample with held-out data: statistics, curves and paths."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from kgmm.data.experiment_data import ExperimentData
from kgmm.data.segments import without_gaps
from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.langevin.dynamics import Dynamics
from kgmm.langevin.mobility import Mobility
from kgmm.langevin.options import REGRESSED
from kgmm.stages.baselines import baseline_rows, linear_inverse_curve
from kgmm.stages.data import path_of, samples_of
from kgmm.stages.system import system_of
from kgmm.statistics.curves import (
    autocorrelations,
    density_errors,
    joint_densities,
    marginal_densities,
    ring_densities,
)
from kgmm.statistics.metrics import metric_variables
from kgmm.statistics.model_statistics import ModelSample, model_rows

_PATH_POINTS = 1000
# Of held-out data and of the reference: more say no more beside a model, whose sample is smaller.
_MAX_STATES = 500_000
_RESETS = ("members_reset", "resets_per_member_time")


def compare_sample(
    job: Job, mobility: str, further_rows: list[dict] | None = None, *, baselines: bool = False
) -> xr.Dataset:
    """Statistics of the job's ``sample`` beside held-out data, with densities, paths and autocorrelations to draw.

    ``mobility`` names that of the model in every row of the metrics; ``further_rows`` are more of them, ``baselines``
    adds those of the baselines.
    """
    system, data = system_of(job), samples_of(job)
    held_out = thinned(without_gaps(data.held_out_trajectory))
    model = open_trajectory(job.inputs.sample_samples).load()
    if system is None:
        # There is no second world to measure: the training part stands in for a fresh run.
        reference = thinned(without_gaps(data.training_trajectory))
    else:
        reference = thinned(ExperimentData(job.inputs.reference_samples, job.settings["data"]).whole_trajectory)
    path = path_of(job)
    paths = {"data": path.held_out_trajectory, "model": open_trajectory(job.inputs.sample_path).load()}
    training = path.training_trajectory
    # A fresh run is not saved densely, but parts of the path of a simulation are as independent.
    reference_path = training if system is None else training[: paths["data"].sizes["member"]]
    sigma = job.settings["sigma"]
    sample = ModelSample(held_out, model, paths["data"], paths["model"], reference, sigma, reference_path)
    rows = model_rows(sample)
    rows += [{"statistic": name, "value": float(model.attrs[name])} for name in _RESETS if name in model.attrs]
    rows = [{"mobility": mobility, **row} for row in rows + (further_rows or [])]
    curves = autocorrelations(paths["data"], paths["model"], sample.data_autocorrelation)
    if baselines:
        rows += baseline_rows(training, sample, job.seed)
        linear = linear_inverse_curve(training, curves["lag_time"][1])
        if linear is not None:
            curves["autocorrelation_linear_inverse"] = (("lag", "variable"), linear)
    x, y = (t.values.reshape(-1, t.sizes["variable"]) for t in (held_out, model))
    variables = marginal_densities(x, y, system, sigma)
    variables |= density_errors(held_out, model, variables["bin_center"][1])
    variables |= joint_densities(x, y, sigma) | metric_variables(rows)
    if system is not None and system.is_ring:
        variables |= ring_densities(x, y, sigma)
    for name, path in paths.items():
        shown = path[0, :_PATH_POINTS]
        variables[f"path_{name}_time"] = (f"{name}_time", shown["time"].values)
        variables[f"path_{name}"] = ((f"{name}_time", "variable"), shown.values)
    variables |= curves
    names = [str(name) for name in held_out["variable"].values]
    attributes = {"coordinates": "physical", "mobility": mobility}
    return xr.Dataset(variables, coords={"variable": names}, attrs=attributes)


def thinned(trajectory: xr.DataArray) -> xr.DataArray:
    """Every so many times of a trajectory, so that there are no more states than needed."""
    n_states = trajectory.sizes["member"] * trajectory.sizes["time"]
    return trajectory[:, :: math.ceil(n_states / _MAX_STATES)]


def mobility_rows(mobility: Mobility, system) -> list[dict]:
    """The mobility as metrics: every entry, beside the exact one where it is known, and how it was estimated."""
    exact = None if system is None else system.mobility()
    if mobility.method in REGRESSED and exact is not None:
        exact = 0.5 * (exact + exact.T)  # the antisymmetric part belongs to the circulation
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


def dynamics_rows(dynamics: Dynamics) -> list[dict]:
    """The diagnostics of a circulation that depends on the state, as metrics."""
    regression = dynamics.regression
    rows = [
        {"statistic": name, "value": gain.value, "stderr": gain.stderr}
        for name, gain in (
            ("circulation_gain", regression.gain), ("circulation_gain_over_constant", regression.gain_over_constant)
        )
    ]  # fmt: skip
    return [*rows, {"statistic": "circulation_coefficients", "value": float(regression.n_coefficients)}]
