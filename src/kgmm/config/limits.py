"""What a run may ask of a machine at most: settings far beyond are mistakes, and refused before any job."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from kgmm.config.experiment import Experiment
from kgmm.options import Options
from kgmm.systems.registry import get_system

_LONGEST_STEP = 0.1  # of the interval of a path, where the step is left to the score


class Limits(Options):
    """What one task may take at most."""

    steps: Annotated[
        float,
        Field(gt=0, description="Steps of all members of one simulation or sample together, and draws of one fit."),
    ] = 1e12
    numbers: Annotated[float, Field(gt=0, description="Numbers that one task stores.")] = 2e10
    parameters: Annotated[float, Field(gt=0, description="Parameters of one network.")] = 1e7


def check_limits(experiment: Experiment, n_training: float, limits: Limits) -> None:
    """Raises ``ValueError`` in one sentence, that begins with the section, if an experiment asks for more.

    Parameters
    ----------
    experiment : Experiment
    n_training : float
        Its training samples.
    limits : Limits
    """
    n_features = _n_features(experiment)
    if experiment.simulation is not None:
        _check_ensemble("simulation", experiment.simulation, experiment.simulation.dt, n_features, limits)
    if experiment.until == "model":
        langevin = experiment.langevin
        _check_ensemble("langevin", langevin, langevin.dt or _LONGEST_STEP * langevin.path_interval, n_features, limits)
    draws = experiment.estimator.max_draws
    _refuse(
        "estimator.max_draws", f"{draws} draws of {n_training:g} samples", draws * n_training, "steps", limits.steps
    )
    network = experiment.network
    drawn = network.steps * network.batch_size
    _refuse("network.steps", f"{network.steps} batches of {network.batch_size}", drawn, "steps", limits.steps)
    widths = [n_features, *network.hidden, n_features]
    parameters = sum((before + 1) * after for before, after in pairwise(widths))
    layers = f"{len(network.hidden)} layers of up to {max(network.hidden)}"
    _refuse("network.hidden", layers, parameters, "parameters", limits.parameters)


def _check_ensemble(section: str, settings, dt: float, n_features: int, limits: Limits) -> None:
    samples = settings.burn_in + settings.n_times * settings.sample_interval
    steps = settings.n_members * samples / dt + settings.path_members * settings.path_length / dt
    what = (
        f"n_members = {settings.n_members:g}, n_times = {settings.n_times:g}, path_length = {settings.path_length:g}, "
        f"dt = {dt:g}"
    )
    _refuse(section, what, steps, "steps", limits.steps)
    states = settings.n_members * settings.n_times
    states += settings.path_members * settings.path_length / settings.path_interval
    _refuse(section, what, states * n_features, "numbers", limits.numbers)


def _refuse(key: str, what: str, amount: float, unit: str, limit: float) -> None:
    # Written so that what is no finite number is refused.
    if not amount <= limit or not math.isfinite(amount):
        raise ValueError(f"{key}: {what} make {amount:.3g} {unit}, more than limits.{unit} = {limit:g} allows")


def _n_features(experiment: Experiment) -> int:
    if experiment.system.kind == "dataset":
        return len(experiment.system.facts.variables)
    if experiment.data.points is not None:
        return experiment.data.points
    return len(get_system(experiment.system.name, **experiment.system.parameters).variables)
