"""Simulates a system: sparse samples of many members for the score, then a dense path of a few."""

from kgmm.pipeline.job import Job, run_job
from kgmm.recording import write_samples_and_path
from kgmm.simulation import record, stationary_ensemble
from kgmm.systems import get_system


def simulate_trajectory(job: Job) -> None:
    system = get_system(job.settings["system"]["name"], **job.settings["system"]["parameters"])
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


run_job(simulate_trajectory, snakemake)
