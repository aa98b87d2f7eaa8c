"""Samples the Langevin model with the fitted mobility; where that only rescales time, so does this."""

import xarray as xr

from kgmm.jobs.job import Job, run_job
from kgmm.langevin.mobility import Mobility
from kgmm.langevin.model import LangevinModel
from kgmm.score.model import ScoreModel
from kgmm.stages.sampling import rescale_samples_and_path, sample_model


def sample_fitted(job: Job) -> None:
    with xr.open_dataset(job.inputs.mobility) as dataset:
        mobility = Mobility.from_dataset(dataset)
    clock = f"that of the data ({mobility.method} mobility)"
    if mobility.method == "matched":
        rescale_samples_and_path(job, mobility.rescaling.value, clock)
    else:
        sample_model(job, LangevinModel(ScoreModel.load(job.inputs.score), mobility), clock)


run_job(sample_fitted, snakemake)
