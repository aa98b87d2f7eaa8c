"""Samples the Langevin model with the fitted score and the identity as its mobility."""

import numpy as np

from kgmm.jobs.job import Job, run_job
from kgmm.langevin.model import LangevinModel
from kgmm.score.model import ScoreModel
from kgmm.stages.sampling import sample_model


def sample_langevin(job: Job) -> None:
    score = ScoreModel.load(job.inputs.score)
    coordinates = job.settings["identity"]
    identity = np.eye(score.standardization.scale.size) if coordinates == "physical" else None
    sample_model(job, LangevinModel(score, identity), f"identity mobility in {coordinates} coordinates")


run_job(sample_langevin, snakemake)
