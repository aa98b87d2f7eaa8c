"""Estimates the mobility with which a Langevin model reproduces the time scales of the data."""

from __future__ import annotations

import numpy as np

from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.langevin import mobility
from kgmm.score.model import ScoreModel
from kgmm.stages.data import path_of


def estimate_mobility(job: Job) -> None:
    """Writes the mobility of the task's path and model."""
    settings = job.settings["mobility"]
    standardization = ScoreModel.load(job.inputs.score).standardization
    estimate = mobility.estimate_mobility(
        path_of(job).training_trajectory,
        method=settings["method"],
        window=settings["window"],
        model_path=open_trajectory(job.inputs.sample_path).load(),
        model_mobility=_identity(standardization, settings["identity"]),
    )
    estimate.to_dataset().to_netcdf(job.outputs.mobility)


def _identity(standardization: Standardization, coordinates: str) -> np.ndarray:
    """The mobility that the model was sampled with, in physical units."""
    scale = standardization.scale
    return np.eye(scale.size) if coordinates == "physical" else np.diag(scale**2)
