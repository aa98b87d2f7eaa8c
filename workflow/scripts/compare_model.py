"""Compares the Langevin model with the identity as its mobility with held-out data."""

from kgmm.jobs.job import Job, run_job
from kgmm.stages.comparison import compare_sample


def compare_model(job: Job) -> None:
    compare_sample(job, "identity").to_netcdf(job.outputs.comparison)


run_job(compare_model, snakemake)
