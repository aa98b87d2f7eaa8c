"""Reads a user's data: all states as samples, and the first members and states as path."""

from __future__ import annotations

from dataclasses import replace

from kgmm.data.datasets import check_series, open_series
from kgmm.data.imported_series import content_hash, write_series
from kgmm.data.options import ReadingOptions
from kgmm.jobs.job import Job
from kgmm.sde.recording import add_effective_size

_STANDARDISE = (
    "standardise changes nothing here: every model standardises by itself, and reports are in the units of the file"
)


def import_dataset(job: Job) -> None:
    """Writes the samples and the path of the task's file.

    Raises
    ------
    ValueError
        If the file is not the one that the plan was made for.
    """
    settings = job.settings["system"]
    options = ReadingOptions.of(settings)
    series = open_series(job.inputs.data, settings["variables"], options)
    check_series(series)
    notes = [_STANDARDISE] if settings["standardise"] else []
    if not options.can_be_undone:  # else they stand where the rest is undone
        notes += options.not_undone
    series = replace(series, notes=(*series.notes, *notes))
    write_series(series, samples=job.outputs.samples, path=job.outputs.path)
    add_effective_size(job.outputs.samples)
    # After it was read: what was written meanwhile is found too.
    if content_hash(job.inputs.data) != job.settings["content"]:
        raise ValueError(f"the data file {job.inputs.data} was written after this run had begun: run again")
