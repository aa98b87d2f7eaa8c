"""A race between KGMM and denoising score matching. One job, so that all have the same machine."""

import numpy as np

from kgmm.data.standardization import Standardization
from kgmm.jobs.job import Job, run_job
from kgmm.langevin.model import LangevinModel
from kgmm.score.evaluation import Examination
from kgmm.score.race import entries, run_race
from kgmm.stages.data import (
    held_out_samples,
    held_out_trajectory,
    initial_states,
    training_samples,
    training_trajectory,
)
from kgmm.statistics.comparison import compare


def race_score(job: Job) -> None:
    settings, race = job.settings, job.settings["race"]
    file, data = job.inputs.trajectory_samples, settings["data"]
    estimator = dict(settings["estimator"])
    sigma = estimator.pop("sigma")
    samples = training_samples(file, data)[:]
    held_out = held_out_samples(file, data, race["n_points"])[:].astype(float)
    score_seed, seeds = job.seed.spawn(2)
    entropy, floor = _entropy(file, data, settings["langevin"])
    results, times = run_race(
        samples,
        entries(race["min_probability"], race["kgmm_iterations"], race["dsm_steps"]),
        [int(seed) for seed in seeds.generate_state(race["seeds"])],
        sigma=sigma,
        estimator=estimator,
        network=_of_kgmm(settings["network"]),
        examination=Examination(
            held_out,
            sigma=sigma,
            standardization=Standardization.of(samples),
            system=job.system,
            rng=np.random.default_rng(score_seed),
        ),
        entropy=entropy,
    )
    results = results.assign_attrs(sigma=sigma, n_samples=len(samples), entropy_floor=floor)
    results.to_netcdf(job.outputs.race)
    times.to_netcdf(job.outputs.times)


def _of_kgmm(network: dict) -> dict:
    return {name: value for name, value in network.items() if name != "antithetic"}


def _entropy(file: str, data: dict, langevin: dict):
    """Mean over the variables of the relative entropy of a Langevin sample, and that between two parts of the data."""
    held_out, training = held_out_trajectory(file, data), training_trajectory(file, data)
    n_members = langevin["n_members"]
    start = initial_states(file, data, n_members)

    def entropy(score, seed: int) -> float:
        model, interval = LangevinModel(score), langevin["sample_interval"]
        dt = langevin["dt"]
        if dt is None:
            dt = model.choose_step(start, scheme=langevin["scheme"], longest=langevin["path_interval"]).dt
        sample = model.sample(
            n_members,
            round(langevin["n_times"] * interval / dt),
            dt,
            save_every=round(interval / dt),
            burn_in=langevin["burn_in"],
            initial=start,
            scheme=langevin["scheme"],
            seed=seed,
        )
        return _mean(compare(held_out, sample), "value")

    cut = training[:n_members]
    return entropy, _mean(compare(held_out, cut, cut), "floor")


def _mean(table, column: str) -> float:
    return float(table.loc[table["statistic"] == "relative_entropy", column].mean())


run_job(race_score, snakemake)
