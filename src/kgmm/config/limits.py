"""What a run may ask of a machine at most: settings far beyond are mistakes, and refused before any job."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from kgmm.config.amounts import member_steps, n_features, network_parameters, saved_states
from kgmm.config.experiment import Experiment
from kgmm.options import Options

_LONGEST_STEP = 0.1  # of the interval of a path, where the step is left to the score


class Limits(Options):
    """What one task, and a run as a whole, may take at most."""

    steps: Annotated[
        float,
        Field(gt=0, description="Steps of all members of one simulation or sample together, and draws of one fit."),
    ] = 1e12
    numbers: Annotated[float, Field(gt=0, description="Numbers that one task stores.")] = 2e10
    parameters: Annotated[float, Field(gt=0, description="Parameters of one network.")] = 1e7
    memory_gb: Annotated[float, Field(gt=0, description="Estimated memory of one job in GB.")] = 1e3
    disk_gb: Annotated[float, Field(gt=0, description="Estimated disk of a run in GB.")] = 1e4
    core_hours: Annotated[float, Field(gt=0, description="Estimated core time of a run in hours.")] = 1e5


def check_limits(experiment: Experiment, n_training: float, limits: Limits) -> None:
    """Raises ``ValueError`` in one sentence, that begins with the section, if an experiment asks for more.

    Parameters
    ----------
    experiment : Experiment
    n_training : float
        Its training samples.
    limits : Limits
    """
    d = n_features(experiment)
    if experiment.simulation is not None:
        _check_ensemble("simulation", experiment.simulation, experiment.simulation.dt, d, limits)
    if experiment.until == "model":
        langevin = experiment.langevin
        _check_ensemble("langevin", langevin, langevin.dt or _LONGEST_STEP * langevin.path_interval, d, limits)
    draws = experiment.estimator.max_draws
    _refuse(
        "estimator.max_draws", f"{draws} draws of {n_training:g} samples", draws * n_training, "steps", limits.steps
    )
    network = experiment.network
    drawn = network.steps * network.batch_size
    _refuse("network.steps", f"{network.steps} batches of {network.batch_size}", drawn, "steps", limits.steps)
    layers = f"{len(network.hidden)} layers of up to {max(network.hidden)}"
    _refuse("network.hidden", layers, network_parameters(d, network.hidden), "parameters", limits.parameters)


def _check_ensemble(section: str, settings, dt: float, d: int, limits: Limits) -> None:
    what = (
        f"n_members = {settings.n_members:g}, n_times = {settings.n_times:g}, path_length = {settings.path_length:g}, "
        f"dt = {dt:g}"
    )
    _refuse(section, what, member_steps(settings, dt), "steps", limits.steps)
    _refuse(section, what, saved_states(settings) * d, "numbers", limits.numbers)


def _refuse(key: str, what: str, amount: float, unit: str, limit: float) -> None:
    # Written so that what is no finite number is refused.
    if not amount <= limit or not math.isfinite(amount):
        raise ValueError(f"{key}: {what} make {amount:.3g} {unit}, more than limits.{unit} = {limit:g} allows")
