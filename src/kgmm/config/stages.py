"""The stages of a run, one row each.

From this table come the workflow's rules, the tasks of the plan, the threads of the configuration, and what jobs ask of
a cluster. What a stage computes is the function of its name in ``kgmm/stages/``.
"""

from __future__ import annotations

from dataclasses import dataclass

_SAMPLES_AND_PATH = ("samples", "path")


@dataclass(frozen=True)
class Stage:
    """One kind of task.

    Attributes
    ----------
    name : str
        Name of the stage, of its function and its module in ``kgmm/stages/``, and of its rule.
    parents : tuple of str
        Names of the tasks it reads; ``shard*`` and ``score_*`` stand for as many as there are.
    settings : tuple of str
        Sections of an experiment that decide its result, besides those of its parents.
    outputs : tuple of str
        Names of its NetCDF files; those that differ from run to run (times) are in ``volatile``.
    volatile : tuple of str
        Outputs that are no part of a run's reproducible bytes.
    does : str
        What a task does, for the description of its threads in the configuration.
    threads : int
        Threads of a task unless the configuration says otherwise.
    on_device : bool
        Whether it computes with torch on the device of the configuration, and so asks for a GPU on a cluster.
    alone : bool
        Whether each of its tasks has a job of its own.
    tolerates : tuple of str
        Prefixes of the inputs that may be failed results: the stage deals with them.
    finds : tuple of str
        Packages of the library whose modules it finds by their names at run time.
    """

    name: str
    parents: tuple[str, ...]
    settings: tuple[str, ...]
    outputs: tuple[str, ...]
    does: str
    volatile: tuple[str, ...] = ()
    threads: int = 1
    on_device: bool = False
    alone: bool = False
    tolerates: tuple[str, ...] = ()
    finds: tuple[str, ...] = ()


_TABLE = (
    Stage(
        "simulate_trajectory", (), ("system", "simulation", "replicate"), _SAMPLES_AND_PATH,
        "one simulation, or one shard of it", on_device=True,
    ),
    Stage(
        "merge_shards", ("shard*",), ("system", "simulation", "replicate"), _SAMPLES_AND_PATH,
        "putting the shards of a simulation together",
    ),
    Stage("import_dataset", (), ("system",), _SAMPLES_AND_PATH, "reading a user's data"),
    Stage("describe_trajectory", ("trajectory",), ("system",), ("description",), "describing a trajectory"),
    Stage(
        "estimate_cells", ("trajectory",), ("data", "estimator"), ("cells",), "one partition and its moments",
        on_device=True,
    ),
    Stage(
        "prepare_cells", ("trajectory",), ("data", "estimator"), ("prepared",), "one partition for several shards",
    ),
    Stage(
        "accumulate_moments", ("trajectory", "prepared"), ("data",), ("moments",), "the draws of one shard",
        on_device=True, alone=True,
    ),
    Stage("gather_cells", ("prepared", "shard*"), (), ("cells",), "putting the draws of all shards together"),
    Stage(
        "fit_score", ("cells", "trajectory"), ("network",), ("score",), "one fit of a score",
        on_device=True,
    ),
    Stage(
        "evaluate_score", ("trajectory", "cells", "score_*"), ("system", "data", "evaluation"), ("evaluation",),
        "one evaluation of scores", tolerates=("cells", "score_"), finds=("statistics.of_score",),
    ),
    Stage(
        "race_score", ("trajectory",), ("system", "data", "network", "langevin", "race"), ("race", "times"),
        "a race", volatile=("times",), alone=True,
    ),
    Stage(
        "sample_langevin", ("trajectory", "score", "sample", "mobility"), ("langevin", "data"), _SAMPLES_AND_PATH,
        "one sample of a Langevin model", on_device=True,
    ),
    Stage(
        "estimate_mobility", ("trajectory", "score", "sample"), ("system", "data", "mobility"), ("mobility",),
        "one estimate of the mobility, or of a circulation that depends on the state",
    ),
    Stage(
        "compare_model", ("sample", "trajectory", "reference", "mobility"), ("system", "data", "estimator"),
        ("comparison",), "one comparison of a model with data", finds=("statistics.of_model",),
    ),
    Stage(
        "restore_units", ("trajectory", "sample"), ("system",), ("restored",),
        "one record and its model in the units of the file",
    ),
    Stage(
        "simulate_response", ("trajectory", "score", "mobility"), ("system", "simulation", "data", "response"),
        ("simulated",), "one simulated response, of the system or of a fitted model", on_device=True,
    ),
    Stage(
        "estimate_response", ("trajectory", "score", "truth", "model"), ("system", "data", "response"), ("response",),
        "one response from a path and its score, compared with simulated ones", tolerates=("truth", "model"),
    ),
)  # fmt: skip
STAGES: dict[str, Stage] = {stage.name: stage for stage in _TABLE}
