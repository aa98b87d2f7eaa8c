"""How much settings ask for: steps, numbers and parameters, which limits refuse and estimates of cost multiply."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from kgmm.config.experiment import Experiment
from kgmm.systems.registry import get_system


def n_features(experiment: Experiment) -> int:
    """Number of observed variables."""
    if experiment.system.kind == "dataset":
        return len(experiment.system.facts.variables)
    if experiment.data.points is not None:
        return experiment.data.points
    return len(get_system(experiment.system.name, **experiment.system.parameters).variables)


def member_steps(settings, dt: float) -> float:
    """Steps of all members of an ensemble together, of its samples and of its path; ``settings`` as of a simulation."""
    samples = settings.burn_in + settings.n_times * settings.sample_interval
    return settings.n_members * samples / dt + settings.path_members * settings.path_length / dt


def saved_states(settings) -> float:
    """States that an ensemble stores, samples and path together."""
    path = settings.path_members * settings.path_length / settings.path_interval
    return settings.n_members * settings.n_times + path


def network_parameters(n_features: int, hidden: Sequence[int]) -> int:
    """Parameters of a network from so many variables to as many."""
    return sum((before + 1) * after for before, after in pairwise([n_features, *hidden, n_features]))
