"""The draws of one shard: a share of the data's blocks."""

import xarray as xr

from kgmm.estimator import KGMM
from kgmm.pipeline.data import training_samples
from kgmm.pipeline.job import Job, run_job


def accumulate_moments(job: Job) -> None:
    samples = training_samples(job.inputs.trajectory_samples, job.settings["data"])
    prepared = KGMM.load(job.inputs.prepared, device=job.device)
    moments = prepared.accumulate(samples, job.settings["shard"], job.settings["n_shards"])
    xr.Dataset(moments.to_variables()).to_netcdf(job.outputs.moments)


run_job(accumulate_moments, snakemake)
