"""Simulates a system: sparse samples of many members for the score, then a dense path of a few."""

from kgmm.pipeline.job import Job, run_job
from kgmm.simulation import record, stationary_ensemble
from kgmm.systems import get_system
from kgmm.trajectory import write_trajectory


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
    attributes = {"system": system.name, "parameters": system.parameters, "simulation": simulation}

    def write(path, n_members, n_times, interval):
        write_trajectory(
            path,
            record(ensemble, system, n_times, interval),
            n_members=n_members,
            n_times=n_times,
            variables=system.variables,
            interval=interval,
            attributes=attributes,
        )

    write(job.outputs.samples, simulation["n_members"], simulation["n_times"], simulation["sample_interval"])
    ensemble.keep_members(simulation["path_members"])
    n_times = round(simulation["path_length"] / simulation["path_interval"])
    write(job.outputs.path, simulation["path_members"], n_times, simulation["path_interval"])


run_job(simulate_trajectory, snakemake)
