"""What a method of estimating a score is given by the workflow."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.methods.base import Inputs
from kgmm.stages.data import samples_of


def inputs_of(job: Job) -> Inputs:
    """The inputs of the task's method."""
    return Inputs(
        sigma=job.settings.get("sigma"),
        network=job.settings.get("network", {}),
        seed=int(job.seed.generate_state(1)[0]),
        device=job.device,
        read_samples=lambda: samples_of(job).training,
        cells_file=getattr(job.inputs, "cells", None),
    )
