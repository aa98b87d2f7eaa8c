"""Compares the sample of a Langevin model with held-out data."""

from __future__ import annotations

import xarray as xr

from kgmm.jobs.job import Job
from kgmm.langevin.mobility import Mobility
from kgmm.stages.comparison import compare_sample, mobility_rows
from kgmm.stages.system import system_of


def compare_model(job: Job) -> None:
    """Writes the comparison of the task's sample."""
    if not hasattr(job.inputs, "mobility"):
        compare_sample(job, "identity").to_netcdf(job.outputs.comparison)
        return
    with xr.open_dataset(job.inputs.mobility) as dataset:
        mobility = Mobility.from_dataset(dataset)
    compare_sample(job, mobility.method, mobility_rows(mobility, system_of(job))).to_netcdf(job.outputs.comparison)
