"""Samples a Langevin model: with the identity as its mobility, or with a fitted one."""

from __future__ import annotations

import numpy as np
import xarray as xr

from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.langevin.mobility import Mobility
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.model_file import holds_model, load_model
from kgmm.score.model import ScoreModel
from kgmm.stages.sampling import rescale_samples_and_path, sample_model

# Fastest decorrelation times in a unit of time, at most: the path is saved twenty times in a unit.
_RESOLVED = 4.0


def sample_langevin(job: Job) -> None:
    """Writes samples and path of the task's model; a mobility that only rescales time does so with another sample."""
    if not hasattr(job.inputs, "mobility"):
        coordinates = job.settings["identity"]
        score = ScoreModel.load(job.inputs.score)
        identity = np.eye(score.standardization.scale.size) if coordinates == "physical" else None
        sample_model(job, LangevinModel(score, identity), f"identity mobility in {coordinates} coordinates")
        return
    with xr.open_dataset(job.inputs.mobility) as dataset:
        mobility = Mobility.from_dataset(dataset)
    clock = f"that of the data ({mobility.method} mobility)"
    if holds_model(job.inputs.mobility):
        model = load_model(job.inputs.mobility)
        times = model.dynamics.check.data_decorrelation_times
        # One unit of time is the slowest decorrelation time, as far as the path still resolves the fastest.
        sample_model(job, model, clock, 1.0 / float(min(times.max(), _RESOLVED * times.min())))
    elif mobility.method == "matched":
        rescale_samples_and_path(job, mobility.rescaling.value, clock)
    else:
        model = LangevinModel(ScoreModel.load(job.inputs.score), mobility)
        if mobility.matrix.size == 1:
            rescale_samples_and_path(job, model.fastest_rate / _identity_rate(job), clock)
        else:
            sample_model(job, model, clock)


def _identity_rate(job: Job) -> float:
    """Rate of the model with the identity as its mobility, by the interval of its samples.

    Of one variable every model is this one on another clock, and with the same times in units of its relaxation.
    """
    with open_trajectory(job.inputs.sample_samples) as sample:
        return job.settings["langevin"]["sample_interval"] / float(sample["time"][0])
