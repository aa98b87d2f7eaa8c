"""Puts the shards of a simulation together: one trajectory with the members of all."""

from kgmm.data.trajectory import concatenate_members
from kgmm.jobs.job import Job, run_job
from kgmm.sde.recording import add_effective_size


def merge_shards(job: Job) -> None:
    simulation = job.settings["simulation"]
    attributes = {"system": job.system.name, "parameters": job.system.parameters, "simulation": simulation}
    for name in ("samples", "path"):
        parts = [getattr(job.inputs, f"shard{shard}_{name}") for shard in range(simulation["shards"])]
        concatenate_members(parts, getattr(job.outputs, name), attributes)
    add_effective_size(job.outputs.samples)


run_job(merge_shards, snakemake)
