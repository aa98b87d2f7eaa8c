"""Which settings decide the keys of which tasks: results are shared wherever settings agree."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kgmm.config.stages import STAGES
from kgmm.jobs.plan import Plan
from kgmm.jobs.plan_table import plan_records, to_csv
from kgmm.jobs.run_results import RunResults
from kgmm.jobs.seeds import seed_sequence

ROOT = Path(__file__).parents[2]
BLOCK = {
    "name": "wells",
    "system": {"name": "double_well"},
    "simulation": {"n_members": 500, "n_times": 10},
    "estimator": {"sigma": 0.1},
}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def plan(*changes: dict, **run) -> Plan:
    """A plan of one block per change; nested settings are merged into ``BLOCK``."""
    blocks = []
    for number, change in enumerate(changes or ({},)):
        block = {**copy.deepcopy(BLOCK), "name": f"wells{number}"}
        for key, value in change.items():
            block[key] = {**block.get(key, {}), **value} if isinstance(value, dict) else value
        blocks.append(block)
    return Plan({"name": "test", "experiments": blocks, **run})


def renamed(*changes: dict, **run) -> set[str]:
    """Roles of the tasks whose keys differ between the plain block and a changed one."""
    plain, changed = keys(plan()), keys(plan(*changes, **run))
    return {role for role in plain | changed if plain.get(role) != changed.get(role)}


def keys(of: Plan, row: int = 0) -> dict[str, str]:
    """Keys of the tasks of a row by their role."""
    return {role: task.key for role, task in of.rows[row].tasks.items()}


FITTED = {"mobility", "sample_fitted", "comparison_fitted"}
MODELS = {"sample", "comparison"} | FITTED
AFTER_CELLS = {"cells", "score", "evaluation"} | MODELS
SIMULATED = {"trajectory", "description"} | AFTER_CELLS


@pytest.mark.parametrize(
    ("change", "roles"),
    [
        ({"estimator": {"sigma": 0.2}}, AFTER_CELLS),
        ({"estimator": {"min_probability": 0.05}}, AFTER_CELLS),
        ({"data": {"held_out": 0.3}}, AFTER_CELLS),
        ({"network": {"hidden": [8]}}, AFTER_CELLS - {"cells"}),
        ({"langevin": {"n_members": 100}}, MODELS),
        ({"mobility": {"window": 0.2}}, FITTED),
        ({"mobility": {"method": "identity"}}, FITTED),
        ({"mobility": {"identity": "physical"}}, MODELS),
        ({"evaluation": {"n_points": 500}}, {"evaluation"}),
        ({"simulation": {"n_members": 600}}, SIMULATED),
        ({"system": {"name": "asymmetric_potential"}}, SIMULATED),
        ({"first_replicate": 1}, SIMULATED),
        ({"until": "score"}, MODELS),
        ({"until": "trajectory"}, AFTER_CELLS),
        ({"until": "race"}, AFTER_CELLS | {"race"}),
        ({"race": {"seeds": 2}}, set()),
        ({"estimator": {"stopping": "fixed", "shards": 2}}, AFTER_CELLS),
        ({"evaluation": {"budget": True}}, {"evaluation"}),
        ({"title": "Other words"}, set()),
        ({"replicates": 3}, set()),
    ],
)
def test_a_setting_renames_what_depends_on_it_and_nothing_else(change, roles):
    assert renamed(change) == roles


def test_settings_of_the_run_rename_everything_or_nothing():
    assert renamed(seed=1) == SIMULATED
    assert renamed(device="cuda") == SIMULATED
    assert renamed(title="Other words", max_runs=50) == set()
    assert renamed(threads={"fit_score": 2}) == {"score", "evaluation"} | MODELS
    assert renamed(defaults={"network": {"max_iterations": 400}}) == set()  # what is the default anyway


def test_two_amplitudes_share_the_simulation_and_its_reference():
    both = plan({"estimator": {"sigma": [0.1, 0.2]}})
    # The two simulations are the data and the reference for the noise floor; only the data are described.
    assert {stage: len(tasks) for stage, tasks in both.tasks.items() if tasks} == {
        "simulate_trajectory": 2,
        "describe_trajectory": 1,
        "estimate_cells": 2,
        "fit_score": 2,
        "evaluate_score": 2,
        "estimate_mobility": 2,
        "sample_langevin": 4,
        "compare_model": 4,
    }
    first, second = keys(both), keys(both, 1)
    assert first["trajectory"] == second["trajectory"]
    assert first["cells"] != second["cells"]
    reference = [key for key in both.tasks["simulate_trajectory"] if "reference" in key]
    assert len(reference) == 1


def test_adding_rows_renames_nothing():
    alone = plan()
    more = plan({}, {"estimator": {"sigma": 0.2}}, {"network": {"hidden": [8]}}, {"first_replicate": 5})
    assert keys(alone) == keys(more)
    for stage in STAGES:
        assert set(alone.tasks[stage]) <= set(more.tasks[stage])
    in_front = plan({"estimator": {"sigma": 0.2}}, {})
    assert keys(alone) == keys(in_front, 1)


def test_methods_are_evaluated_together_and_share_the_cells():
    methods = ["kgmm", "kgmm_cells", "gmm", "gmm_network"]
    several = plan({"estimator": {"method": methods}})
    rows = [keys(several, row) for row in range(4)]
    assert len({row["evaluation"] for row in rows}) == 1
    assert rows[0]["cells"] == rows[1]["cells"]
    assert [set(row) for row in rows] == [
        SIMULATED,
        {"trajectory", "description", "cells", "evaluation"},
        {"trajectory", "description", "evaluation"},
        {"trajectory", "description", "score", "evaluation"},
    ]
    # A further method is a matter of the evaluation alone.
    assert renamed({"estimator": {"method": methods}}) == {"evaluation"}


def test_reference_is_another_simulation():
    tasks = plan().tasks["simulate_trajectory"]
    data, reference = (task.settings for task in tasks.values())
    assert data["replicate"] != reference["replicate"]
    # Its path is not used.
    shortened = {"path_members": 1, "path_length": data["simulation"]["path_interval"]}
    assert reference["simulation"] == data["simulation"] | shortened
    assert reference | {"replicate": 0, "simulation": None} == data | {"replicate": 0, "simulation": None}


@pytest.mark.parametrize(
    ("members", "times", "modelled", "expected"),
    [
        # As many as are held out, but enough for twice the model's 400 samples, and never more than the data.
        (500, 10, {"n_members": 40, "n_times": 10}, 100),
        (500, 10, {"n_members": 40, "n_times": 50}, 400),
        (500, 10, {"n_members": 4000, "n_times": 40}, 500),
        (60, 100, {"n_members": 20, "n_times": 1}, 20),
    ],
)
def test_reference_is_as_large_as_the_noise_floor_needs(members, times, modelled, expected):
    simulation = {"n_members": members, "n_times": times, "path_members": 4}
    tasks = plan({"simulation": simulation, "langevin": {**modelled, "path_members": 4}}).tasks["simulate_trajectory"]
    (reference,) = (task for key, task in tasks.items() if "reference" in key)
    assert reference.settings["simulation"]["n_members"] == expected


@pytest.mark.parametrize(("interval", "times"), [(5.0, 100), (10.0, 100), (2.5, 200), (0.5, 400)])
def test_reference_is_as_long_as_its_independent_samples_need(interval, times):
    # 10 000 samples of 200 members, which the double well takes 5 units of time apart.
    simulation = {"n_members": 1000, "n_times": 400, "sample_interval": interval}
    tasks = plan({"simulation": simulation, "langevin": {"n_members": 500, "n_times": 20}}).tasks["simulate_trajectory"]
    (reference,) = (task for key, task in tasks.items() if "reference" in key)
    assert reference.settings["simulation"]["n_times"] == times


def test_until_trajectory_plans_the_data_and_their_description_alone():
    tasks = plan({"until": "trajectory"}).tasks
    assert {stage: len(own) for stage, own in tasks.items() if own} == {
        "simulate_trajectory": 1, "describe_trajectory": 1,
    }  # fmt: skip


def shards_of(the_plan: Plan):
    return [task for task in the_plan.tasks["simulate_trajectory"].values() if task.is_shard]


def test_shards_share_the_members_and_are_merged_in_order():
    sharded = plan({"simulation": {"n_members": 500, "path_members": 8, "shards": 3}})
    (row,) = sharded.rows
    merged = row.tasks["trajectory"]
    assert merged.stage == "merge_shards"
    shards = shards_of(sharded)
    simulations = [task.settings["simulation"] for task in shards]
    assert [(s["n_members"], s["path_members"]) for s in simulations] == [(167, 3), (167, 3), (166, 2)]
    assert [task.settings["shard"] for task in shards] == [0, 1, 2]
    # In everything else they are the simulation as a whole.
    whole = merged.settings["simulation"]
    assert (whole["n_members"], whole["path_members"], whole["shards"]) == (500, 8, 3)
    for s in simulations:
        assert s | {"n_members": 500, "path_members": 8} == whole
    assert merged.inputs == {
        f"shard{k}_{name}": task.outputs[name] for k, task in enumerate(shards) for name in ("samples", "path")
    }
    # The noise floor needs no shards.
    (reference,) = (task for task in sharded.tasks["simulate_trajectory"].values() if not task.is_shard)
    assert reference.settings["simulation"]["shards"] == 1


def test_every_shard_has_a_seed_of_its_own():
    tasks = shards_of(plan({"simulation": {"n_members": 400, "path_members": 4, "shards": 4}, "replicates": 2}))
    assert len(tasks) == 8
    seeds = {tuple(seed_sequence(t.settings["seed"], t.stage, t.key).generate_state(4)) for t in tasks}
    assert len(seeds) == 8


def test_what_follows_does_not_care_whether_there_were_shards_but_for_the_data():
    assert renamed({"simulation": {"shards": 1}}) == set()
    assert renamed({"simulation": {"shards": 2}}) == SIMULATED


def test_sigmas_share_the_shards():
    both = plan({"estimator": {"sigma": [0.1, 0.2]}, "simulation": {"shards": 3}})
    assert len(shards_of(both)) == 3 and len(both.tasks["merge_shards"]) == 1


RING = {
    "system": {"name": "kuramoto_sivashinsky"},
    "simulation": {"n_members": 100, "n_times": 20},
    "until": "score",
}


def test_numbers_of_points_share_the_simulation_and_its_description():
    several = plan(RING | {"data": {"points": [4, 8], "shifts": [1, 16]}})
    counts = {stage: len(tasks) for stage, tasks in several.tasks.items() if tasks}
    assert counts == {
        "simulate_trajectory": 1, "describe_trajectory": 1, "estimate_cells": 4, "fit_score": 4, "evaluate_score": 4,
    }  # fmt: skip
    assert RunResults(several).drawn["trajectories"] == ["wells0"]


def test_a_trajectory_is_shown_by_the_first_block_that_uses_it():
    drawn = RunResults(plan(RING | {"data": {"points": 4}}, RING | {"data": {"points": 8}}, {})).drawn
    assert drawn["trajectories"] == ["wells0", "wells2"]
    assert drawn["figures"] == ["wells0", "wells1", "wells2"]
    drawn = RunResults(plan({"until": "trajectory"}, {})).drawn
    assert drawn["figures"] == ["wells1"] and drawn["trajectories"] == ["wells0"]


def builtins_only(value) -> bool:
    if type(value) is dict:
        return all(type(k) is str and builtins_only(v) for k, v in value.items())
    if type(value) is list:
        return all(builtins_only(v) for v in value)
    return type(value) in (str, int, float, bool, type(None))


def test_parameters_of_tasks_are_builtins_and_complete():
    tasks = plan({"estimator": {"method": ["kgmm", "gmm_network"]}}).all_tasks()
    assert [task.stage for task in tasks] == sorted((task.stage for task in tasks), key=list(STAGES).index)
    for task in tasks:
        assert builtins_only(task.settings)
        assert json.loads(json.dumps(task.settings)) == task.settings
        assert len(task.fingerprint) == 16
        assert all(task.key in path for path in (*task.outputs.values(), task.receipt, task.done))


def test_inputs_of_tasks_are_outputs_of_others():
    everything = plan({"estimator": {"method": ["kgmm", "gmm_network"], "sigma": [0.1, 0.2]}})
    outputs = [path for task in everything.all_tasks() for path in task.outputs.values()]
    assert len(outputs) == len(set(outputs))
    for task in everything.all_tasks():
        assert set(task.inputs.values()) <= set(outputs)
    sample = everything.rows[0].tasks["sample"]
    assert set(sample.inputs) == {"trajectory_samples", "trajectory_path", "score"}
    # What a task waits for are the tasks whose files it reads.
    done = {path: task.done for task in everything.all_tasks() for path in task.outputs.values()}
    for task in everything.all_tasks():
        assert set(task.awaited) == {done[path] for path in task.inputs.values()}


def test_depth_is_the_length_of_the_chain_of_parents():
    (row,) = plan().rows
    depths = {role: task.depth for role, task in row.tasks.items()}
    assert depths == {
        "trajectory": 0,
        "description": 1,
        "cells": 1,
        "score": 2,
        "evaluation": 3,
        "sample": 3,
        "comparison": 4,
        "mobility": 4,
        "sample_fitted": 5,
        "comparison_fitted": 6,
    }


def test_unknown_task_is_named():
    with pytest.raises(KeyError, match="fit_score/x is not part of the plan of run 'test'"):
        plan().task("fit_score", "x")


def test_table_has_every_setting_and_every_key():
    one = plan({"replicates": 2})
    first, second = plan_records(one)
    assert first["estimator.sigma"] == 0.1 and first["system.name"] == "double_well"
    assert first["network.hidden"] == "[128, 64]"
    assert (first["replicate"], second["replicate"]) == (0, 1)
    assert first["key.score"] == keys(one)["score"]
    assert len(to_csv(one).splitlines()) == 3
    assert one.resolved["experiments"][0]["langevin"]["n_members"] == 4000


def test_plan_is_the_same_in_another_process():
    code = (
        "import json, sys; from kgmm.jobs.plan import Plan; plan = Plan(json.load(sys.stdin));"
        "print(json.dumps([[t.key, t.settings, t.fingerprint] for t in plan.all_tasks()]))"
    )
    raw = {"name": "test", "experiments": [{**BLOCK, "name": "wells0"}]}
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(raw), capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout) == [[task.key, task.settings, task.fingerprint] for task in plan().all_tasks()]


def test_planning_imports_nothing_heavy():
    code = (
        "import sys, yaml, kgmm; from kgmm.jobs.plan import Plan;"
        "Plan(yaml.safe_load(open('config/config.yaml')));"
        "heavy = ('torch', 'sklearn', 'scipy', 'xarray', 'matplotlib', 'pandas', 'netCDF4');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_seeds_depend_on_seed_stage_and_key_only():
    def words(*arguments):
        return tuple(seed_sequence(*arguments).generate_state(4))

    assert words(1, "fit_score", "a") == words(1, "fit_score", "a")
    others = {words(1, "fit_score", "a"), words(2, "fit_score", "a"), words(1, "x", "a"), words(1, "fit_score", "b")}
    assert len(others) == 4
    # Fixed for all time: results on disk depend on it.
    assert words(1, "fit_score", "a")[0] == 742960650
