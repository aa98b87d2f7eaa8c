"""Describes a trajectory for its page in the report: densities, paths, correlations, stationarity, spectrum."""

from __future__ import annotations

import numpy as np
import xarray as xr

from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.stages.system import system_of
from kgmm.statistics.description import describe


def describe_trajectory(job: Job) -> None:
    """Writes the description of the task's trajectory."""
    samples, path = (open_trajectory(getattr(job.inputs, f"trajectory_{name}")) for name in ("samples", "path"))
    with xr.open_dataset(job.inputs.trajectory_samples) as dataset:
        effective_size = dataset["effective_size"].values
    description = describe(samples, path, system_of(job), np.atleast_1d(effective_size))
    description.to_netcdf(job.outputs.description)
