"""Samples of a Langevin model for the pipeline: sparse samples of many members, then a dense path of a few."""

from __future__ import annotations

from pathlib import Path

import netCDF4

from kgmm.data.trajectory import open_trajectory, times_per_piece, write_trajectory
from kgmm.jobs.job import Job
from kgmm.langevin.model import LangevinModel
from kgmm.sde.ensemble import steps_in
from kgmm.sde.recording import add_effective_size, write_samples_and_path
from kgmm.stages.data import samples_of

_TIMES = ("dt", "burn_in", "sample_interval", "path_interval", "path_length")


def sample_model(job: Job, model: LangevinModel, clock: str, rate: float | None = None) -> None:
    """Samples ``model`` by the settings ``langevin``, whose times are in units of ``1/rate``.

    The job gives ``trajectory_samples``, ``samples`` and ``path``; ``clock`` says in the files what their times are.
    ``rate`` is by default that of the model's fastest relaxation.
    """
    rate = model.fastest_rate if rate is None else rate
    data = samples_of(job)
    langevin = job.settings["langevin"]
    settings = langevin | {name: langevin[name] / rate for name in _TIMES if langevin[name] is not None}
    initial = data.initial_states(settings["n_members"])
    attributes = {"clock": clock}
    if settings["dt"] is None:
        step = model.choose_step(initial, scheme=settings["scheme"], longest=settings["path_interval"])
        settings["dt"] = step.dt
        attributes["step"] = step._asdict()
    ensemble = model.ensemble(initial, dt=settings["dt"], scheme=settings["scheme"], seed=job.seed, device=job.device)
    ensemble.advance(steps_in(settings["burn_in"], settings["dt"], "burn_in"))
    write_samples_and_path(
        ensemble,
        lambda n_times, interval: ensemble.record(n_times, steps_in(interval, settings["dt"], "interval")),
        settings,
        samples=job.outputs.samples,
        path=job.outputs.path,
        variables=data.variables,
        attributes=attributes | {"langevin": settings},
    )
    for path in (job.outputs.samples, job.outputs.path):
        with netCDF4.Dataset(path, "a") as file:
            file.members_reset = ensemble.members_reset
            file.resets_per_member_time = ensemble.n_resets / (settings["n_members"] * ensemble.time)
    ensemble.refuse_resets()


def rescale_clock(source: str | Path, target: str | Path, rescaling: float, clock: str) -> None:
    """Writes a trajectory with its times divided by ``rescaling``: that of the model with as much more mobility."""
    with open_trajectory(source) as trajectory:
        n_members, n_times, n_features = trajectory.shape
        step = times_per_piece(n_members, n_features)
        write_trajectory(
            target,
            (trajectory[:, start : start + step].values for start in range(0, n_times, step)),
            n_members=n_members,
            n_times=n_times,
            variables=[str(name) for name in trajectory["variable"].values],
            interval=float(trajectory["time"][0]) / rescaling,
            attributes={
                "clock": clock,
                "members_reset": trajectory.attrs["members_reset"],
                "resets_per_member_time": trajectory.attrs["resets_per_member_time"] * rescaling,
            },
        )


def rescale_samples_and_path(job: Job, rescaling: float, clock: str) -> None:
    """:func:`rescale_clock` of the job's ``sample``."""
    for name in ("samples", "path"):
        rescale_clock(getattr(job.inputs, f"sample_{name}"), getattr(job.outputs, name), rescaling, clock)
    add_effective_size(job.outputs.samples)
