"""What a run will cost, before any of its jobs: core time, memory and disk of every stage, from its configuration.

The work of a task is counted in the unit of its stage (steps of members, draws, evaluations of a network) and turned
into seconds by two numbers for each stage, which ``benchmarks/run_estimates.py`` fits to the jobs of a finished run.
What only the data know, such as the time step of a model or when a fit stops, enters as what is usual: estimates are
good to a factor of two for a run as a whole, not for single tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kgmm.config.amounts import n_features, network_parameters, saved_states
from kgmm.config.experiment import Experiment
from kgmm.config.limits import Limits
from kgmm.config.parsing import ConfigError
from kgmm.config.sizes import training_samples
from kgmm.config.stages import STAGES
from kgmm.jobs.estimated_sizes import cells_of, disk_of, memory_of, steps_of, system_of
from kgmm.jobs.plan import Plan
from kgmm.jobs.tasks import Task
from kgmm.langevin.options import METHODS
from kgmm.progress import duration

# Seconds of a task, and nanoseconds of a unit of its work: from `make paper` and `make dynamics`, that of "choose" from
# `kgmm model`.
RATES = {
    "simulate_trajectory": (3.9, 4.0),
    "describe_trajectory": (0.4, 0.0),
    "estimate_cells": (1.3, 93.0),
    "fit_score": (0.2, 0.22),
    "fit_score, gmm_network": (0.0, 1.0),
    "fit_score, auto": (1.8, 1.2e3),
    "evaluate_score": (0.15, 30.0),
    "race_score": (10.0, 0.93),
    "sample_langevin": (0.1, 0.18),
    "sample_langevin, matched": (0.3, 0.0),
    "sample_langevin, state": (0.0, 0.6),
    "sample_langevin, velocity": (0.0, 0.6),
    "sample_langevin, hidden": (0.0, 0.6),
    "estimate_mobility": (0.5, 0.0),
    "estimate_mobility, state": (60.0, 0.0),
    "estimate_mobility, velocity": (60.0, 0.0),
    "estimate_mobility, hidden": (150.0, 0.0),
    "estimate_mobility, choose": (10.0, 0.0),
    "compare_model": (2.0, 420.0),
    "restore_units": (0.6, 0.0),
}
_EVALUATIONS = 2  # of the score in a step of the default scheme


@dataclass(frozen=True)
class StageEstimate:
    """What the tasks of a stage that are still to be done will take.

    Attributes
    ----------
    stage : str
    n_tasks : int
    core_s : float
        Core time without the start of processes.
    disk_mb : float
        Of all of them.
    memory_mb : float
        Of the largest, with its process.
    steps : float
        Of all members of all simulations together; 0 for stages that simulate nothing.
    """

    stage: str
    n_tasks: int
    core_s: float
    disk_mb: float
    memory_mb: float = 0.0
    steps: float = 0.0


def estimate_run(plan: Plan) -> list[StageEstimate]:
    """What is still to be done in a run, stage by stage; stages without such tasks are left out.

    Examples
    --------
    >>> block = {"name": "a", "system": {"name": "double_well"}, "simulation": {"n_members": 1000, "n_times": 10}}
    >>> stages = estimate_run(Plan({"name": "run", "experiments": [block]}))
    >>> [one.stage for one in stages][:2], all(one.core_s > 0 for one in stages)
    (['simulate_trajectory', 'describe_trajectory'], True)
    """
    experiments = experiments_of(plan)
    found = []
    for stage in STAGES:
        due = [task for task in plan.tasks[stage].values() if not Path(task.done).exists()]
        if due:
            sizes = [(task, experiments[task.stage, task.key]) for task in due]
            seconds, disk = (sum(size(*one) for one in sizes) for size in (core_seconds, disk_of))
            memory = max(memory_of(*one) for one in sizes)
            steps = sum(map(steps_of, due))
            found.append(StageEstimate(stage, len(due), seconds, disk / 1e6, memory / 1e6, steps))
    return found


def experiments_of(plan: Plan) -> dict[tuple[str, str], Experiment]:
    """An experiment that each task is for, by stage and key; of a task that no row names one of the same system."""
    found = {(task.stage, task.key): row.experiment for row in reversed(plan.rows) for task in row.tasks.values()}
    by_system = {str(row.experiment.system.model_dump(mode="json")): row.experiment for row in plan.rows}
    for task in plan.all_tasks():
        if (task.stage, task.key) not in found:
            found[task.stage, task.key] = by_system.get(str(task.settings.get("system")), plan.rows[0].experiment)
    return found


def core_seconds(task: Task, experiment: Experiment) -> float:
    """Core time of a task."""
    per_task, per_unit = RATES.get(kind_of(task, experiment), RATES.get(task.stage, (1.0, 0.0)))
    work = work_of(task, experiment)
    return per_task + 1e-9 * per_unit * work


def kind_of(task: Task, experiment: Experiment) -> str:
    """The stage of a task, and the method that makes a difference to its cost."""
    if task.stage == "fit_score":
        return f"fit_score, {task.settings['method']}"
    if task.stage == "estimate_mobility":
        return f"estimate_mobility, {task.settings['mobility']['method']}"
    if task.stage == "sample_langevin" and "mobility" in task.inputs:
        one_variable = n_features(experiment) == 1 and experiment.mobility.method in METHODS
        return f"sample_langevin, {'matched' if one_variable else experiment.mobility.method}"
    return task.stage


def work_of(task: Task, experiment: Experiment) -> float:
    """The work of a task in the unit of its stage; 0 where every task takes about the same."""
    count: Callable | None = _WORK.get(task.stage)
    return 0.0 if count is None else float(count(task, experiment))


def _simulation(task: Task, experiment: Experiment) -> float:
    # A step of many variables costs more than one of few, and a step of one not nothing.
    return steps_of(task) * (4 + system_of(experiment).dimension)


def _cells(task: Task, experiment: Experiment) -> float:
    draws = max(task.settings["estimator"]["min_draws"], 0.5 * task.settings["estimator"]["max_draws"])
    return training_samples(experiment) * draws * (2 + n_features(experiment))


def _fit(task: Task, experiment: Experiment) -> float:
    network, d = task.settings["network"], n_features(experiment)
    parameters = network_parameters(d, network["hidden"])
    if task.settings["method"] == "auto":
        return training_samples(experiment) * d
    if "cells" in task.inputs and network["optimizer"] == "lbfgs":
        points = cells_of(experiment) * (1 if experiment.estimator.cells == "constant" or d < 3 else d + 1)
        return network["max_iterations"] * points * parameters
    return network["steps"] * network["batch_size"] * parameters


def _sample(task: Task, experiment: Experiment) -> float:
    return steps_of(task) * _EVALUATIONS * network_parameters(n_features(experiment), experiment.network.hidden)


def _compared(task: Task, experiment: Experiment) -> float:
    d = n_features(experiment)
    return saved_states(experiment.langevin) * d * (1 + 0.5 * (d - 1))


def _evaluated(task: Task, experiment: Experiment) -> float:
    direct = training_samples(experiment) if "gmm" in task.settings["methods"] else 100.0
    return task.settings["evaluation"]["n_points"] * direct * n_features(experiment)


def _race(task: Task, experiment: Experiment) -> float:
    race, network = task.settings["race"], task.settings["network"]
    batches = 2 * sum(race["dsm_steps"]) * race["seeds"]
    return batches * network["batch_size"] * network_parameters(n_features(experiment), network["hidden"])


_WORK = {
    "simulate_trajectory": _simulation, "estimate_cells": _cells, "fit_score": _fit, "sample_langevin": _sample,
    "compare_model": _compared, "evaluate_score": _evaluated, "race_score": _race,
}  # fmt: skip


def refuse_excess(stages: list[StageEstimate], limits: Limits) -> None:
    """Raises :class:`ConfigError`, in one sentence that names the key, if a run would take more than its limits."""
    core_s, disk_mb = sum(stage.core_s for stage in stages), sum(stage.disk_mb for stage in stages)
    for key, amount, limit, of_stage, unit in (
        ("core_hours", core_s / 3600, limits.core_hours, lambda stage: stage.core_s, "hours of core time"),
        ("disk_gb", disk_mb / 1e3, limits.disk_gb, lambda stage: stage.disk_mb, "GB of disk"),
        ("memory_gb", _memory_mb(stages) / 1e3, limits.memory_gb, lambda stage: stage.memory_mb, "GB of memory"),
    ):
        if not amount <= limit:
            largest = max(stages, key=of_stage).stage
            raise ConfigError(
                f"the run would take about {amount:.3g} {unit}, most of it for {largest}, more than "
                f"limits.{key} = {limit:g} allows"
            )


def told(stages: list[StageEstimate]) -> str:
    """One sentence: core time, memory and disk of what is to be done, and which stages take most of the time.

    Examples
    --------
    >>> told([StageEstimate("fit_score", 3, 90.0, 0.0, 800.0), StageEstimate("sample_langevin", 2, 400.0, 512.0)])
    'to be done: about 8 minutes of core time (sample langevin 7 min, fit score 90 s), 0.8 GB of memory a job, 0.5 GB of disk'
    """  # noqa: E501
    total = sum(stage.core_s for stage in stages)
    largest = sorted(stages, key=lambda stage: -stage.core_s)[:3]
    parts = ", ".join(f"{stage.stage.replace('_', ' ')} {_short(stage.core_s)}" for stage in largest)
    memory, disk = _size(_memory_mb(stages)), _size(sum(stage.disk_mb for stage in stages))
    return (
        f"to be done: about {duration(total, decimals=(0, 1))} of core time ({parts}), {memory} of memory a job, "
        f"{disk} of disk"
    )


def table(stages: list[StageEstimate]) -> str:
    """The same stage by stage.

    Examples
    --------
    >>> print(table([StageEstimate("fit_score", 3, 90.0, 0.0, 800.0), StageEstimate("sample_langevin", 2, 4e4, 512.0, 500.0, 2e9)]))
    stage                 tasks   steps  core time    memory      disk
    fit score                 3               90 s    0.8 GB      0 MB
    sample langevin           2   2e+09       11 h    0.5 GB    0.5 GB
    """  # noqa: E501
    rows = [f"{'stage':<20}{'tasks':>7}{'steps':>8}{'core time':>11}{'memory':>10}{'disk':>10}"]
    for one in stages:
        steps = f"{one.steps:.0e}" if one.steps else ""
        rows.append(
            f"{one.stage.replace('_', ' '):<20}{one.n_tasks:>7}{steps:>8}{_short(one.core_s):>11}"
            f"{_size(one.memory_mb):>10}{_size(one.disk_mb):>10}"
        )
    return "\n".join(rows)


def _memory_mb(stages: list[StageEstimate]) -> float:
    return max((stage.memory_mb for stage in stages), default=0.0)


def _short(seconds: float) -> str:
    return duration(seconds, ("s", "min", "h"), (0, 0))


def _size(megabytes: float) -> str:
    return f"{megabytes / 1e3:.1f} GB" if megabytes >= 100 else f"{megabytes:.0f} MB"
