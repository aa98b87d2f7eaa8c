"""Reads a user's data: all states as samples, and the first members and states as path."""

from kgmm.data.datasets import check_series, open_series, write_series
from kgmm.jobs.job import Job, run_job
from kgmm.sde.recording import add_effective_size


def import_dataset(job: Job) -> None:
    options = {name: job.settings["system"][name] for name in ("time_step", "time", "member")}
    series = open_series(job.inputs.data, job.settings["system"]["variables"], **options)
    check_series(series)
    write_series(series, samples=job.outputs.samples, path=job.outputs.path)
    add_effective_size(job.outputs.samples)


run_job(import_dataset, snakemake)
