"""Estimates the mobility with which a Langevin model reproduces the time scales of the data."""

from __future__ import annotations

import numpy as np

from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.langevin import mobility
from kgmm.langevin.fit_dynamics import fit_dynamics
from kgmm.langevin.model_file import save_model
from kgmm.langevin.options import WHOLE_MODELS
from kgmm.score.model import ScoreModel
from kgmm.stages.data import path_of
from kgmm.stages.system import symmetries_of, system_of


def estimate_mobility(job: Job) -> None:
    """Writes the mobility of the task's path and model, or the whole model where it is more than a matrix."""
    settings = job.settings["mobility"]
    score = ScoreModel.load(job.inputs.score)
    path = path_of(job).training_trajectory
    if settings["method"] in (*WHOLE_MODELS, "choose"):
        symmetries = symmetries_of(system_of(job), path.sizes["variable"])
        circulation = "auto" if settings["method"] == "choose" else settings["method"]
        model = fit_dynamics(path, score, circulation=circulation, symmetries=symmetries, seed=job.seed)
        save_model(model, job.outputs.mobility)
        return
    estimate = mobility.estimate_mobility(
        path,
        method=settings["method"],
        window=settings["window"],
        model_path=open_trajectory(job.inputs.sample_path).load(),
        model_mobility=_identity(score.standardization, settings["identity"]),
    )
    estimate.to_dataset().to_netcdf(job.outputs.mobility)


def _identity(standardization: Standardization, coordinates: str) -> np.ndarray:
    """The mobility that the model was sampled with, in physical units."""
    scale = standardization.scale
    return np.eye(scale.size) if coordinates == "physical" else np.diag(scale**2)
