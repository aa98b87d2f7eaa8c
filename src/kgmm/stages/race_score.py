"""A race between KGMM and denoising score matching. One job, so that all have the same machine."""

from __future__ import annotations

import numpy as np

from kgmm.data.experiment_data import ExperimentData
from kgmm.data.segments import without_gaps
from kgmm.data.standardization import Standardization
from kgmm.jobs.job import Job
from kgmm.langevin.model import LangevinModel
from kgmm.score.evaluation import ScoreEvaluator
from kgmm.score.race import entries, run_race
from kgmm.stages.data import samples_of
from kgmm.stages.system import system_of
from kgmm.statistics.histograms import adapted_histogram, blocked_histogram, relative_entropy


def race_score(job: Job) -> None:
    """Writes the results and the times of the task's race."""
    settings, race = job.settings, job.settings["race"]
    data = samples_of(job)
    estimator = dict(settings["estimator"])
    sigma = estimator.pop("sigma")
    samples = data.training[:]
    held_out = data.held_out(race["n_points"])[:].astype(float)
    score_seed, seeds = job.seed.spawn(2)
    entropy, floor = _entropy(data, settings["langevin"])
    results, times = run_race(
        samples,
        entries(race["min_probability"], race["kgmm_iterations"], race["dsm_steps"]),
        [int(seed) for seed in seeds.generate_state(race["seeds"])],
        sigma=sigma,
        estimator=estimator,
        network=_of_kgmm(settings["network"]),
        evaluator=ScoreEvaluator(
            held_out,
            sigma=sigma,
            standardization=Standardization.of(samples),
            system=system_of(job),
            rng=np.random.default_rng(score_seed),
        ),
        entropy=entropy,
    )
    results = results.assign_attrs(sigma=sigma, n_samples=len(samples), entropy_floor=floor)
    results.to_netcdf(job.outputs.race)
    times.to_netcdf(job.outputs.times)


def _of_kgmm(network: dict) -> dict:
    return {name: value for name, value in network.items() if name != "antithetic"}


def _entropy(data: ExperimentData, langevin: dict):
    """Mean over the variables of the relative entropy of a Langevin sample, and that between two parts of the data."""
    held_out, training = (without_gaps(part).values for part in (data.held_out_trajectory, data.training_trajectory))
    n_members = langevin["n_members"]
    start = data.initial_states(n_members)
    of_data = [adapted_histogram(variable) for variable in np.moveaxis(held_out, 2, 0)]

    def mean_entropy(values: np.ndarray) -> float:
        variables = np.moveaxis(values, 2, 0)
        found = [relative_entropy(own, blocked_histogram(x, own.edges)) for own, x in zip(of_data, variables)]
        return float(np.mean([entropy.value for entropy in found]))

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
        return mean_entropy(sample.values)

    return entropy, mean_entropy(training[:n_members])
