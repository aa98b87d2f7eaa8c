"""Samples the Langevin model with the fitted score and the identity as its mobility."""

import numpy as np

from kgmm.langevin import LangevinModel
from kgmm.pipeline.job import Job, run_job
from kgmm.pipeline.sampling import sample_model
from kgmm.score import ScoreModel


def sample_langevin(job: Job) -> None:
    score = ScoreModel.load(job.inputs.score)
    coordinates = job.settings["identity"]
    identity = np.eye(score.standardization.scale.size) if coordinates == "physical" else None
    sample_model(job, LangevinModel(score, identity), f"identity mobility in {coordinates} coordinates")


run_job(sample_langevin, snakemake)
