"""The simulation of a system as a job, whole or one shard of it."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.sde.recording import write_samples_and_path
from kgmm.sde.simulation import record, stationary_ensemble


def simulate_trajectory(job: Job) -> None:
    """Writes the samples and the path of the task's settings."""
    system = job.system
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
