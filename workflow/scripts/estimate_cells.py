"""KGMM: partition and conditional moments of one trajectory at one noise amplitude."""

from kgmm.estimator import KGMM
from kgmm.pipeline.data import training_samples
from kgmm.pipeline.job import Job, run_job


def estimate_cells(job: Job) -> None:
    samples = training_samples(job.inputs.trajectory_samples, job.settings["data"])
    KGMM(**job.settings["estimator"], random_state=job.seed, device=job.device).fit(samples).save(job.outputs.cells)


run_job(estimate_cells, snakemake)
