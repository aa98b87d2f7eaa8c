"""Which tasks an experiment needs, and what each of them depends on."""

from __future__ import annotations

import json
import math

from kgmm.config.experiment import Experiment
from kgmm.jobs.rows import Row, replicate_label, score_label, shard_of, stage_system
from kgmm.jobs.task_store import TaskStore
from kgmm.jobs.tasks import Task
from kgmm.langevin.options import WHOLE_MODELS
from kgmm.methods.registry import get_method
from kgmm.systems.registry import get_system

# The reference run for noise floors is one more replicate, far from those that a configuration counts.
_REFERENCE = 1_000_000
_MIN_REFERENCE_TIMES = 20
# What an evaluation of scores does not depend on.
_AFTER_THE_SCORE = {"name", "langevin", "mobility", "race", "response", "until"}


def plan_row(experiment: Experiment, store: TaskStore) -> Row:
    """An experiment with all its tasks but that of its evaluation, which it shares with others."""
    row = Row(experiment)
    settings = experiment.model_dump(mode="json")
    trajectory = row.tasks["trajectory"] = _trajectory(row, settings, store)
    row.tasks["description"] = store.add(
        "describe_trajectory", row.system, replicate_label(settings), stage_system(settings), trajectory=trajectory
    )
    if experiment.until == "race":
        row.tasks["race"] = _race(row, settings, store)
    if experiment.until in ("trajectory", "race"):
        return row
    method = get_method(row.method)
    if "cells" in method.needs:
        row.tasks["cells"] = _cells(row, settings, store)
    if method.fit is not None:
        row.tasks["score"] = _score(row, settings, store)
    if experiment.until == "model" and method.drives_model:
        _add_models(row, settings, store)
    if experiment.response is not None and method.drives_model:
        _add_responses(row, settings, store)
    return row


def plan_evaluations(rows: list[Row], store: TaskStore) -> None:
    """One evaluation for all methods of experiments that agree in everything else: same points, same noise."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.experiment.until in ("trajectory", "race"):
            continue
        settings = row.experiment.model_dump(mode="json", exclude=_AFTER_THE_SCORE)
        del settings["estimator"]["method"]
        groups.setdefault(json.dumps(settings, sort_keys=True), []).append(row)
    for group in groups.values():
        evaluation = _evaluation(group, store)
        for row in group:
            row.tasks["evaluation"] = evaluation


def _trajectory(row: Row, settings: dict, store: TaskStore) -> Task:
    """The task whose result the estimates of a row are made from."""
    experiment, label = row.experiment, replicate_label(settings)
    if experiment.system.kind == "dataset":
        own = stage_system(settings) | {"content": experiment.system.facts.content}
        return store.add("import_dataset", row.system, "data", own, data=experiment.system.path)
    own = {name: settings[name] for name in ("system", "simulation", "replicate")}
    n_shards = experiment.simulation.shards
    if n_shards == 1:
        return store.add("simulate_trajectory", row.system, label, own)
    shards = {}
    for shard in range(n_shards):
        part = own | {"simulation": shard_of(settings["simulation"], shard), "shard": shard}
        shard_label = f"{label}-shard={shard + 1}of{n_shards}"
        shards[f"shard{shard}"] = store.add("simulate_trajectory", row.system, shard_label, part)
    return store.add("merge_shards", row.system, label, own, **shards)


def _cells(row: Row, settings: dict, store: TaskStore) -> Task:
    """The task whose result are the cells of a row."""
    trajectory = row.tasks["trajectory"]
    estimator = {name: value for name, value in settings["estimator"].items() if name != "method"}
    n_shards = estimator.pop("shards")
    p_min = estimator["min_probability"]
    label = f"{score_label(settings)}-pmin={'auto' if p_min is None else format(p_min, 'g')}"
    own = {"data": settings["data"], "estimator": estimator}
    if n_shards == 1:
        return store.add("estimate_cells", row.system, label, own, trajectory=trajectory)
    prepared = store.add("prepare_cells", row.system, label, own, trajectory=trajectory)
    parents = {"trajectory": trajectory, "prepared": prepared}
    shards = {}
    for shard in range(n_shards):
        part = {"data": settings["data"], "shard": shard, "n_shards": n_shards}
        shard_label = f"{label}-shard={shard + 1}of{n_shards}"
        shards[f"shard{shard}"] = store.add("accumulate_moments", row.system, shard_label, part, **parents)
    return store.add("gather_cells", row.system, label, {"n_shards": n_shards}, prepared=prepared, **shards)


def _score(row: Row, settings: dict, store: TaskStore) -> Task:
    own, parents = {"method": row.method, "network": settings["network"]}, {}
    needs = get_method(row.method).needs
    if "cells" in needs:
        parents["cells"] = row.tasks["cells"]
    if "samples" in needs:
        own |= {"data": settings["data"], "sigma": settings["estimator"]["sigma"]}
        parents["trajectory"] = row.tasks["trajectory"]
    return store.add("fit_score", row.system, f"{row.method}-{score_label(settings)}", own, **parents)


def _race(row: Row, settings: dict, store: TaskStore) -> Task:
    estimator = dict(settings["estimator"])
    for name in ("method", "min_probability", "shards"):
        del estimator[name]
    own = stage_system(settings) | {"estimator": estimator}
    own |= {name: settings[name] for name in ("data", "network", "langevin", "race")}
    return store.add("race_score", row.system, score_label(settings), own, trajectory=row.tasks["trajectory"])


def _add_models(row: Row, settings: dict, store: TaskStore) -> None:
    """The models of a row: with the identity as mobility, and with the one that reproduces the time scales.

    A model that is chosen by simulation is the only one.
    """
    label = f"{row.method}-{score_label(settings)}"
    mobility = settings["mobility"]
    given = {"trajectory": row.tasks["trajectory"], "score": row.tasks["score"]}
    own = {"langevin": settings["langevin"], "data": settings["data"]}
    compared = stage_system(settings) | {"data": settings["data"], "sigma": settings["estimator"]["sigma"]}
    data = {"trajectory": row.tasks["trajectory"]}
    if row.experiment.simulation is not None:
        data["reference"] = _reference(row, settings, store)

    def add(stage: str, own: dict, **parents: Task) -> Task:
        return store.add(stage, row.system, label, own, **parents)

    chosen = {"data": settings["data"], "mobility": mobility}
    if mobility["method"] in (*WHOLE_MODELS, "choose"):
        chosen |= stage_system(settings)  # its symmetries
    if mobility["method"] == "choose":
        estimate = add("estimate_mobility", chosen, **given)
        sample = add("sample_langevin", own, mobility=estimate, **given)
        comparison = add("compare_model", compared | {"baselines": True}, sample=sample, mobility=estimate, **data)
        row.tasks |= {"mobility": estimate, "sample": sample, "comparison": comparison}
        _add_restored(row, settings, store, sample)
        return
    sample = add("sample_langevin", own | {"identity": mobility["identity"]}, **given)
    row.tasks |= {"sample": sample, "comparison": add("compare_model", compared, sample=sample, **data)}
    if mobility["method"] == "identity":
        _add_restored(row, settings, store, sample)
        return
    estimate = add("estimate_mobility", chosen, sample=sample, **given)
    fitted = add("sample_langevin", own, sample=sample, mobility=estimate, **given)
    comparison = add("compare_model", compared, sample=fitted, mobility=estimate, **data)
    row.tasks |= {"mobility": estimate, "sample_fitted": fitted, "comparison_fitted": comparison}
    _add_restored(row, settings, store, fitted)


def _add_restored(row: Row, settings: dict, store: TaskStore, sample: Task) -> None:
    """Data and model in the units of the file, where the data are a user's and these units differ."""
    system = row.experiment.system
    if system.kind == "dataset" and system.can_be_undone:
        label = f"{row.method}-{score_label(settings)}"
        parents = {"trajectory": row.tasks["trajectory"], "sample": sample}
        row.tasks["restored"] = store.add("restore_units", row.system, label, stage_system(settings), **parents)


def _add_responses(row: Row, settings: dict, store: TaskStore) -> None:
    """The response by the score, and the simulated ones of the system and of the fitted model, where they exist."""
    label = f"{row.method}-{score_label(settings)}"
    own = stage_system(settings) | {name: settings[name] for name in ("data", "response")}
    trajectory = {"trajectory": row.tasks["trajectory"]}
    score = {"score": row.tasks["score"]}
    if row.experiment.simulation is not None:
        simulation = {name: settings["simulation"][name] for name in ("dt", "scheme")}
        row.tasks["truth"] = store.add(
            "simulate_response", row.system, f"system-{replicate_label(settings)}", own | {"simulation": simulation},
            **trajectory,
        )  # fmt: skip
    if "mobility" in row.tasks:
        row.tasks["response_model"] = store.add(
            "simulate_response", row.system, label, own | {"scheme": settings["langevin"]["scheme"]},
            mobility=row.tasks["mobility"], **score, **trajectory,
        )  # fmt: skip
    simulated = {"truth": "truth", "model": "response_model"}
    given = {name: row.tasks[role] for name, role in simulated.items() if role in row.tasks}
    row.tasks["response"] = store.add("estimate_response", row.system, label, own, **trajectory, **score, **given)


def _reference(row: Row, settings: dict, store: TaskStore) -> Task:
    """A fresh run of the true system, as large as its use, the noise floor, asks for."""
    simulation, data, langevin = row.experiment.simulation, row.experiment.data, row.experiment.langevin
    modelled = langevin.n_members * langevin.n_times / data.shifts
    n_members = max(round(data.held_out * simulation.n_members), math.ceil(2 * modelled / simulation.n_times), 20)
    n_members = min(n_members, simulation.n_members)
    own = {
        "system": settings["system"],
        "simulation": settings["simulation"]
        | {"n_members": n_members, "n_times": _reference_times(row.experiment, 2 * modelled / n_members), "shards": 1}
        | {"path_members": 1, "path_length": simulation.path_interval},
        "replicate": _REFERENCE + settings["replicate"],
    }
    return store.add("simulate_trajectory", row.system, f"reference-{settings['replicate']}", own)


def _reference_times(experiment: Experiment, n_independent: float) -> int:
    """Samples of a member among which so many are independent: those that lie a sample interval of the system apart."""
    simulation, system = experiment.simulation, experiment.system
    apart = get_system(system.name, **system.parameters).defaults.sample_interval
    per_sample = max(1.0, apart / simulation.sample_interval)
    return min(simulation.n_times, max(_MIN_REFERENCE_TIMES, math.ceil(per_sample * n_independent)))


def _evaluation(rows: list[Row], store: TaskStore) -> Task:
    settings = rows[0].experiment.model_dump(mode="json")
    trajectory = rows[0].tasks["trajectory"]
    parents = {"trajectory": trajectory}
    for row in rows:
        if "cells" in row.tasks:
            parents["cells"] = row.tasks["cells"]
        if "score" in row.tasks:
            parents[f"score_{row.method}"] = row.tasks["score"]
    own = stage_system(settings) | {name: settings[name] for name in ("data", "evaluation")}
    own |= {"sigma": settings["estimator"]["sigma"], "methods": sorted({row.method for row in rows})}
    own["trajectory"] = trajectory.key  # seeds the noise of the comparison
    if settings["evaluation"]["budget"]:
        own["network"] = settings["network"]
    return store.add("evaluate_score", rows[0].system, score_label(settings), own, **parents)
