"""Samples the Langevin model with the fitted score: sparse samples of many members, then a dense path of a few."""

import numpy as np

from kgmm.ensemble import steps_in
from kgmm.langevin import LangevinModel
from kgmm.pipeline.job import Job, run_job
from kgmm.score import ScoreModel
from kgmm.trajectory import as_samples, open_trajectory, split, write_trajectory


def sample_langevin(job: Job) -> None:
    langevin, data = job.settings["langevin"], job.settings["data"]
    trajectory = open_trajectory(job.inputs.trajectory_samples)
    training = as_samples(split(trajectory, data["held_out"]).training)
    # Evenly over the training data: independent members first, as they are stored one after the other.
    initial = training[np.linspace(0, len(training) - 1, langevin["n_members"]).astype(int)]
    model = LangevinModel(ScoreModel.load(job.inputs.score))
    ensemble = model.ensemble(initial, dt=langevin["dt"], scheme=langevin["scheme"], seed=job.seed, device=job.device)
    ensemble.advance(steps_in(langevin["burn_in"], langevin["dt"], "burn_in"))

    def write(path, n_members, n_times, interval):
        write_trajectory(
            path,
            ensemble.record(n_times, steps_in(interval, langevin["dt"], "interval")),
            n_members=n_members,
            n_times=n_times,
            variables=list(trajectory["variable"].values),
            interval=interval,
            attributes={"langevin": langevin, "clock": "identity mobility in standardised coordinates"},
        )

    write(job.outputs.samples, langevin["n_members"], langevin["n_times"], langevin["sample_interval"])
    ensemble.keep_members(langevin["path_members"])
    n_times = round(langevin["path_length"] / langevin["path_interval"])
    write(job.outputs.path, langevin["path_members"], n_times, langevin["path_interval"])
    ensemble.refuse_resets()


run_job(sample_langevin, snakemake)
