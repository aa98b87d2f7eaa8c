"""Samples the Langevin model with the fitted mobility; where that only rescales time, so does this."""

import xarray as xr

from kgmm.langevin import LangevinModel
from kgmm.mobility import Mobility
from kgmm.pipeline.job import Job, run_job
from kgmm.pipeline.sampling import rescale_samples_and_path, sample_model
from kgmm.score import ScoreModel


def sample_fitted(job: Job) -> None:
    with xr.open_dataset(job.inputs.mobility) as dataset:
        mobility = Mobility.from_dataset(dataset)
    clock = f"that of the data ({mobility.method} mobility)"
    if mobility.method == "matched":
        rescale_samples_and_path(job, mobility.rescaling.value, clock)
    else:
        sample_model(job, LangevinModel(ScoreModel.load(job.inputs.score), mobility), clock)


run_job(sample_fitted, snakemake)
