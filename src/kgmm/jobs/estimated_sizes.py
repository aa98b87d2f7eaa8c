"""Steps, memory and disk of a task before it runs, from the sizes in its configuration.

Memory is that of a process with the libraries of the stage, and so many bytes for each number that it works on; both
are read off the jobs of a run of the paper and of a file of 10⁷ states (``benchmarks/run_estimates.py``). Good to a
factor of two for the largest task of a stage.
"""

from __future__ import annotations

from types import SimpleNamespace

from kgmm.config.amounts import member_steps, n_features, saved_states
from kgmm.config.experiment import Experiment
from kgmm.config.sizes import training_samples
from kgmm.jobs.tasks import Task
from kgmm.langevin.options import WHOLE_MODELS
from kgmm.systems.registry import get_system

STEPS_PER_TIME = 50  # steps of a model in one unit of its fastest relaxation
_BYTES = 4  # of a stored number
_MB = 1e6
# Process and libraries, MB.
_PROCESS = {
    "simulate_trajectory": 340, "merge_shards": 250, "import_dataset": 250, "describe_trajectory": 220,
    "estimate_cells": 400, "prepare_cells": 400, "accumulate_moments": 400, "gather_cells": 400, "fit_score": 560,
    "evaluate_score": 420, "race_score": 800, "sample_langevin": 400, "estimate_mobility": 380, "compare_model": 430,
    "simulate_response": 400, "estimate_response": 450,
}  # fmt: skip
# Samples up to this size are held, larger ones are read in pieces.
_HELD, _PIECES = 400e6, 100e6
_MIXTURE, _STATE_FIT = 200e6, 500e6  # the direct score of a mixture; the fit of a circulation
_DEFAULT_CELLS, _PER_CELL = 500, 16
_STORED_PAIR, _STORED_PAIRS = 2e5, 6  # joint densities: kgmm.statistics.curves, whose import takes longer than a plan


def ensemble_of(task: Task, section: str) -> SimpleNamespace:
    """The settings of a task's ensemble, which may be another than that of its experiment: a reference is smaller."""
    return SimpleNamespace(**task.settings[section])


def system_of(experiment: Experiment):
    """The system that an experiment simulates."""
    return get_system(experiment.system.name, **experiment.system.parameters)


def cells_of(experiment: Experiment) -> float:
    """Number of cells of an experiment's partition, about."""
    smallest = experiment.estimator.min_probability
    return _DEFAULT_CELLS if smallest is None else 1.0 / smallest


def steps_of(task: Task) -> float:
    """Steps of all members together, of a task that simulates; else 0."""
    if task.stage == "simulate_trajectory":
        own = ensemble_of(task, "simulation")
        return member_steps(own, own.dt)
    if task.stage == "sample_langevin":
        own = ensemble_of(task, "langevin")
        return member_steps(own, own.dt or 1.0 / STEPS_PER_TIME)
    return 0.0


def memory_of(task: Task, experiment: Experiment) -> float:
    """Largest memory of a process with this task, bytes."""
    return _MB * _PROCESS.get(task.stage, 400) + _worked_on(task, experiment)


def disk_of(task: Task, experiment: Experiment) -> float:
    """Bytes that a task stores."""
    d = n_features(experiment)
    if task.stage == "simulate_trajectory":
        # The members share their times.
        return _BYTES * saved_states(ensemble_of(task, "simulation")) * len(system_of(experiment).variables)
    if task.stage == "import_dataset":
        return 2 * _states_of_data(experiment) * (8 + _BYTES * d)
    if task.stage == "sample_langevin":
        return _BYTES * saved_states(ensemble_of(task, "langevin")) * d
    if task.stage == "compare_model":
        return 1e5 + _STORED_PAIR * min(d * (d - 1) / 2, _STORED_PAIRS)
    if task.stage in ("estimate_cells", "gather_cells"):
        return _PER_CELL * cells_of(experiment) * d**2
    return 0.0


def _worked_on(task: Task, experiment: Experiment) -> float:
    """Bytes for the numbers that a task works on."""
    d = n_features(experiment)
    path = d * _path_states(experiment)
    training = _held(_BYTES * d * training_samples(experiment))
    if task.stage == "simulate_trajectory":
        return _held(disk_of(task, experiment))
    if task.stage == "import_dataset":
        return 100 * d * _states_of_data(experiment)
    if task.stage == "describe_trajectory":
        # Correlations are transformed member by member.
        return 15 * path + 200 * d * _member_states(experiment)
    if task.stage in ("estimate_cells", "prepare_cells", "accumulate_moments"):
        return training * (2.5 + 0.3 * d)
    if task.stage == "fit_score":
        return 3 * training if any(name.startswith("trajectory") for name in task.inputs) else 0.0
    if task.stage == "evaluate_score":
        return training + _MIXTURE * ("gmm" in task.settings["methods"])
    if task.stage == "race_score":
        return 3 * training
    if task.stage == "sample_langevin":
        return 2 * training + disk_of(task, experiment)
    if task.stage == "estimate_mobility":
        return 60 * path + _STATE_FIT * (task.settings["mobility"]["method"] in (*WHOLE_MODELS, "choose"))
    if task.stage == "compare_model":
        return 150 * d * saved_states(experiment.langevin) + 100 * experiment.data.held_out * path
    return 60 * path


def _held(size: float) -> float:
    return size if size <= _HELD else _PIECES


def _path_states(experiment: Experiment) -> float:
    if experiment.simulation is None:
        return _states_of_data(experiment)
    simulation = experiment.simulation
    return simulation.path_members * simulation.path_length / simulation.path_interval


def _member_states(experiment: Experiment) -> float:
    if experiment.simulation is None:
        return experiment.system.facts.n_times
    return experiment.simulation.path_length / experiment.simulation.path_interval


def _states_of_data(experiment: Experiment) -> float:
    return experiment.system.facts.n_members * experiment.system.facts.n_times
