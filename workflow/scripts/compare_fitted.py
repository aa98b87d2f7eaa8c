"""Compares the Langevin model with the fitted mobility with held-out data."""

import xarray as xr

from kgmm.jobs.job import Job, run_job
from kgmm.langevin.mobility import Mobility
from kgmm.stages.comparison import compare_sample, mobility_rows


def compare_fitted(job: Job) -> None:
    with xr.open_dataset(job.inputs.mobility) as dataset:
        mobility = Mobility.from_dataset(dataset)
    rows = mobility_rows(mobility, job.system)
    compare_sample(job, mobility.method, rows).to_netcdf(job.outputs.comparison)


run_job(compare_fitted, snakemake)
