"""KGMM: partition and conditional moments of one trajectory at one noise amplitude."""

from kgmm.jobs.job import Job, run_job
from kgmm.score.kgmm import KGMM
from kgmm.stages.data import training_samples


def estimate_cells(job: Job) -> None:
    samples = training_samples(job.inputs.trajectory_samples, job.settings["data"])
    estimator = KGMM(**job.settings["estimator"], random_state=job.seed, device=job.device)
    estimator.fit(samples).cell_score_.save(job.outputs.cells)


run_job(estimate_cells, snakemake)
