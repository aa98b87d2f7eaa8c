"""Compares the sample of a Langevin model with held-out data."""

from __future__ import annotations

import json

import xarray as xr

from kgmm.jobs.job import Job
from kgmm.langevin.mobility import Mobility
from kgmm.langevin.model_file import holds_model, load_model
from kgmm.langevin.options import REGRESSED
from kgmm.results import BASELINES
from kgmm.stages.comparison import compare_sample, dynamics_rows, mobility_rows
from kgmm.stages.system import system_of


def compare_model(job: Job) -> None:
    """Writes the comparison of the task's sample."""
    if not hasattr(job.inputs, "mobility"):
        compare_sample(job, "identity", baselines=True).to_netcdf(job.outputs.comparison)
        return
    with xr.open_dataset(job.inputs.mobility) as dataset:
        mobility = Mobility.from_dataset(dataset)
    rows, warnings = mobility_rows(mobility, system_of(job)), ()
    if holds_model(job.inputs.mobility):
        dynamics = load_model(job.inputs.mobility).dynamics
        rows += dynamics_rows(dynamics) if mobility.method in REGRESSED else []
        warnings = dynamics.warnings
    # A mobility from one finite lag is estimated as that of the baseline, but the model is another.
    name = "finite lag" if mobility.method in BASELINES else mobility.method
    comparison = compare_sample(job, name, rows, baselines="baselines" in job.settings)
    comparison.assign_attrs(warnings=json.dumps(warnings)).to_netcdf(job.outputs.comparison)
