"""Simulates a system, or one shard of its members: sparse samples of many members, then a dense path of a few."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.sde.recording import write_samples_and_path
from kgmm.sde.simulation import record, stationary_ensemble
from kgmm.stages.system import system_of


def simulate_trajectory(job: Job) -> None:
    """Writes the samples and the path of the task's settings."""
    system = system_of(job)
    simulation = job.settings["simulation"]
    ensemble = stationary_ensemble(
        system,
        n_members=simulation["n_members"],
        seed=job.seed,
        dt=simulation["dt"],
        scheme=simulation["scheme"],
        burn_in=simulation["burn_in"],
        precision=simulation["precision"],
        device=job.device,
    )
    write_samples_and_path(
        ensemble,
        lambda n_times, interval: record(ensemble, system, n_times, interval),
        simulation,
        samples=job.outputs.samples,
        path=job.outputs.path,
        variables=system.variables,
        attributes={"system": system.name, "parameters": system.parameters, "simulation": simulation},
    )
