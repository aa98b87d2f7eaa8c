"""The partition of a scattered estimate, which every shard of its draws needs."""

from kgmm.jobs.job import Job, run_job
from kgmm.score.kgmm import KGMM
from kgmm.stages.data import training_samples


def prepare_cells(job: Job) -> None:
    samples = training_samples(job.inputs.trajectory_samples, job.settings["data"])
    KGMM(**job.settings["estimator"], random_state=job.seed).prepare(samples).save(job.outputs.prepared)


run_job(prepare_cells, snakemake)
