"""Samples the Langevin model with the fitted score: sparse samples of many members, then a dense path of a few."""

from kgmm.ensemble import steps_in
from kgmm.langevin import LangevinModel
from kgmm.pipeline.data import initial_states, observed_names
from kgmm.pipeline.job import Job, run_job
from kgmm.recording import write_samples_and_path
from kgmm.score import ScoreModel


def sample_langevin(job: Job) -> None:
    langevin, data = job.settings["langevin"], job.settings["data"]
    initial = initial_states(job.inputs.trajectory_samples, data, langevin["n_members"])
    model = LangevinModel(ScoreModel.load(job.inputs.score))
    ensemble = model.ensemble(initial, dt=langevin["dt"], scheme=langevin["scheme"], seed=job.seed, device=job.device)
    ensemble.advance(steps_in(langevin["burn_in"], langevin["dt"], "burn_in"))

    write_samples_and_path(
        ensemble,
        lambda n_times, interval: ensemble.record(n_times, steps_in(interval, langevin["dt"], "interval")),
        langevin,
        samples=job.outputs.samples,
        path=job.outputs.path,
        variables=observed_names(job.inputs.trajectory_samples, data),
        attributes={"langevin": langevin, "clock": "identity mobility in standardised coordinates"},
    )
    ensemble.refuse_resets()


run_job(sample_langevin, snakemake)
