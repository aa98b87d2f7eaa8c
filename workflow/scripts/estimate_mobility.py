"""Estimates the mobility that gives a Langevin model the clock of the data."""

import numpy as np

from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job, run_job
from kgmm.langevin.mobility import estimate_mobility
from kgmm.score.model import ScoreModel
from kgmm.stages.data import training_trajectory


def estimate(job: Job) -> None:
    settings = job.settings["mobility"]
    standardization = ScoreModel.load(job.inputs.score).standardization
    mobility = estimate_mobility(
        training_trajectory(job.inputs.trajectory_path, job.settings["data"]),
        method=settings["method"],
        window=settings["window"],
        model_path=open_trajectory(job.inputs.sample_path).load(),
        model_mobility=_identity(standardization, settings["identity"]),
    )
    mobility.to_dataset().to_netcdf(job.outputs.mobility)


def _identity(standardization: Standardization, coordinates: str) -> np.ndarray:
    """The mobility that the model was sampled with, in physical units."""
    scale = standardization.scale
    return np.eye(scale.size) if coordinates == "physical" else np.diag(scale**2)


run_job(estimate, snakemake)
