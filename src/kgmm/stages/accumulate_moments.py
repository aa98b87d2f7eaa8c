"""The draws of one shard: a share of the data's blocks."""

from __future__ import annotations

import xarray as xr

from kgmm.jobs.job import Job
from kgmm.score.prepared_cells import PreparedCells
from kgmm.stages.data import samples_of


def accumulate_moments(job: Job) -> None:
    """Writes the moments of the task's shard."""
    prepared = PreparedCells.load(job.inputs.prepared, device=job.device)
    moments = prepared.accumulate(samples_of(job).training, job.settings["shard"], job.settings["n_shards"])
    xr.Dataset(moments.to_variables()).to_netcdf(job.outputs.moments)
