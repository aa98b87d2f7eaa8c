"""KGMM: partition and conditional moments of one trajectory at one noise amplitude."""

from kgmm.estimator import KGMM
from kgmm.pipeline.job import Job, run_job
from kgmm.trajectory import as_samples, open_trajectory, split


def estimate_cells(job: Job) -> None:
    data = job.settings["data"]
    training = split(open_trajectory(job.inputs.trajectory_samples), data["held_out"]).training
    samples = as_samples(training, data["n_samples"])
    KGMM(**job.settings["estimator"], random_state=job.seed).fit(samples).save(job.outputs.cells)


run_job(estimate_cells, snakemake)
