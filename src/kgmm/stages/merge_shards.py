"""Puts the shards of a simulation together: one trajectory with the members of all."""

from __future__ import annotations

from kgmm.data.trajectory import concatenate_members
from kgmm.jobs.job import Job
from kgmm.sde.recording import add_effective_size
from kgmm.stages.system import system_of


def merge_shards(job: Job) -> None:
    """Writes the samples and the path of all shards."""
    system, simulation = system_of(job), job.settings["simulation"]
    attributes = {"system": system.name, "parameters": system.parameters, "simulation": simulation}
    for name in ("samples", "path"):
        parts = [getattr(job.inputs, f"shard{shard}_{name}") for shard in range(simulation["shards"])]
        concatenate_members(parts, getattr(job.outputs, name), attributes)
    add_effective_size(job.outputs.samples)
