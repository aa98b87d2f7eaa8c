"""The data that the inputs and settings of a task stand for."""

from __future__ import annotations

from kgmm.data.experiment_data import ExperimentData
from kgmm.jobs.job import Job


def samples_of(job: Job) -> ExperimentData:
    """The sparse samples that the task's estimates are made from."""
    return ExperimentData(job.inputs.trajectory_samples, job.settings["data"])


def path_of(job: Job) -> ExperimentData:
    """The dense path of the same trajectory."""
    return ExperimentData(job.inputs.trajectory_path, job.settings["data"])
