"""The draws of one shard: a share of the data's blocks."""

import xarray as xr

from kgmm.jobs.job import Job, run_job
from kgmm.score.prepared_cells import PreparedCells
from kgmm.stages.data import training_samples


def accumulate_moments(job: Job) -> None:
    samples = training_samples(job.inputs.trajectory_samples, job.settings["data"])
    prepared = PreparedCells.load(job.inputs.prepared, device=job.device)
    moments = prepared.accumulate(samples, job.settings["shard"], job.settings["n_shards"])
    xr.Dataset(moments.to_variables()).to_netcdf(job.outputs.moments)


run_job(accumulate_moments, snakemake)
