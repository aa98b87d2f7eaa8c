"""The partition of a scattered estimate, which every shard of its draws needs."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.score.kgmm import KGMM
from kgmm.stages.data import samples_of


def prepare_cells(job: Job) -> None:
    """Writes the partition of the task's samples."""
    samples = samples_of(job).training
    KGMM(**job.settings["estimator"], random_state=job.seed).prepare(samples).save(job.outputs.prepared)
