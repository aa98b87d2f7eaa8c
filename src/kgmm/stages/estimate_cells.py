"""KGMM: partition and conditional moments of one trajectory at one noise amplitude."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.score.kgmm import KGMM
from kgmm.stages.data import samples_of


def estimate_cells(job: Job) -> None:
    """Writes the cells of the task's samples."""
    estimator = KGMM(**job.settings["estimator"], random_state=job.seed, device=job.device)
    estimator.fit(samples_of(job).training).cell_score_.save(job.outputs.cells)
