"""Fits a score by the method of the task."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.methods.registry import get_method
from kgmm.stages.method_inputs import inputs_of


def fit_score(job: Job) -> None:
    """Writes the score model of the task."""
    get_method(job.settings["method"]).fit(inputs_of(job)).save(job.outputs.score)
