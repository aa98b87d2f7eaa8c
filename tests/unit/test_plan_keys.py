"""Which settings decide the keys of which tasks: results are shared wherever settings agree."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kgmm.jobs.plan import Plan
from kgmm.jobs.plan_table import records, to_csv
from kgmm.jobs.seeds import seed_sequence
from kgmm.jobs.tasks import STAGES

ROOT = Path(__file__).parents[2]
BLOCK = {
    "name": "wells",
    "system": {"name": "double_well"},
    "simulation": {"n_members": 500, "n_times": 10},
    "estimator": {"sigma": 0.1},
}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)  # the plan reads the scripts of the workflow


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
    """Stages whose keys differ between the plain block and a changed one."""
    plain, changed = plan().rows[0].keys, plan(*changes, **run).rows[0].keys
    return {stage for stage in STAGES if plain.get(stage) != changed.get(stage)}


ELSEWHERE = {"simulate_shard", "merge_shards", "import_dataset", "race_score"}
SCATTERED = {"prepare_cells", "accumulate_moments", "gather_cells"}
SIMULATED = set(STAGES) - ELSEWHERE - SCATTERED
FITTED = {"estimate_mobility", "sample_fitted", "compare_fitted"}
MODELS = {"sample_langevin", "compare_model"} | FITTED
AFTER_CELLS = {"estimate_cells", "fit_score", "evaluate_score"} | MODELS


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ({"estimator": {"sigma": 0.2}}, AFTER_CELLS),
        ({"estimator": {"min_probability": 0.05}}, AFTER_CELLS),
        ({"data": {"held_out": 0.3}}, AFTER_CELLS),
        ({"network": {"hidden": [8]}}, AFTER_CELLS - {"estimate_cells"}),
        ({"langevin": {"n_members": 100}}, MODELS),
        ({"mobility": {"window": 0.2}}, FITTED),
        ({"mobility": {"method": "identity"}}, FITTED),
        ({"mobility": {"identity": "physical"}}, MODELS),
        ({"evaluation": {"n_points": 500}}, {"evaluate_score"}),
        ({"simulation": {"n_members": 600}}, SIMULATED),
        ({"system": {"name": "asymmetric_potential"}}, SIMULATED),
        ({"first_replicate": 1}, SIMULATED),
        ({"until": "score"}, MODELS),
        ({"until": "trajectory"}, AFTER_CELLS),
        ({"until": "race"}, AFTER_CELLS | {"race_score"}),
        ({"race": {"seeds": 2}}, set()),
        ({"estimator": {"stopping": "fixed", "shards": 2}}, AFTER_CELLS | {"prepare_cells", "gather_cells"}),
        ({"evaluation": {"budget": True}}, {"evaluate_score"}),
        ({"title": "Other words"}, set()),
        ({"replicates": 3}, set()),
    ],
)
def test_a_setting_renames_what_depends_on_it_and_nothing_else(change, stages):
    assert renamed(change) == stages


def test_settings_of_the_run_rename_everything_or_nothing():
    assert renamed(seed=1) == SIMULATED
    assert renamed(device="cuda") == SIMULATED
    assert renamed(title="Other words", max_runs=50) == set()
    assert renamed(threads={"fit_score": 2}) == {"fit_score", "evaluate_score"} | MODELS
    assert renamed(defaults={"network": {"max_iterations": 400}}) == set()  # what is the default anyway


def test_two_amplitudes_share_the_simulation_and_its_reference():
    both = plan({"estimator": {"sigma": [0.1, 0.2]}})
    # The two simulations are the data and the reference for the noise floor; only the data are described.
    counts = dict.fromkeys(STAGES, 0) | dict.fromkeys(SIMULATED, 2) | {"describe_trajectory": 1}
    assert {stage: len(tasks) for stage, tasks in both.tasks.items()} == counts
    first, second = both.rows
    assert first.keys["simulate_trajectory"] == second.keys["simulate_trajectory"]
    assert first.keys["estimate_cells"] != second.keys["estimate_cells"]
    reference = [key for key in both.tasks["simulate_trajectory"] if "reference" in key]
    assert len(reference) == 1


def test_adding_rows_renames_nothing():
    alone = plan()
    more = plan({}, {"estimator": {"sigma": 0.2}}, {"network": {"hidden": [8]}}, {"first_replicate": 5})
    assert alone.rows[0].keys == more.rows[0].keys
    for stage in STAGES:
        assert set(alone.tasks[stage]) <= set(more.tasks[stage])
    in_front = plan({"estimator": {"sigma": 0.2}}, {})
    assert alone.rows[0].keys == in_front.rows[1].keys


def test_methods_are_evaluated_together_and_share_the_cells():
    methods = ["kgmm", "kgmm_cells", "gmm", "gmm_network"]
    rows = plan({"estimator": {"method": methods}}).rows
    assert len({row.keys["evaluate_score"] for row in rows}) == 1
    assert rows[0].keys["estimate_cells"] == rows[1].keys["estimate_cells"]
    assert [set(row.keys) for row in rows] == [
        SIMULATED,
        {"simulate_trajectory", "describe_trajectory", "estimate_cells", "evaluate_score"},
        {"simulate_trajectory", "describe_trajectory", "evaluate_score"},
        {"simulate_trajectory", "describe_trajectory", "fit_score", "evaluate_score"},
    ]
    # A further method is a matter of the evaluation alone.
    assert renamed({"estimator": {"method": methods}}) == {"evaluate_score"}


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


def test_until_trajectory_plans_the_data_and_their_description_alone():
    tasks = plan({"until": "trajectory"}).tasks
    assert {stage: len(own) for stage, own in tasks.items() if own} == {
        "simulate_trajectory": 1, "describe_trajectory": 1,
    }  # fmt: skip


def shards_of(the_plan: Plan):
    return list(the_plan.tasks["simulate_shard"].values())


def test_shards_share_the_members_and_are_merged_in_order():
    sharded = plan({"simulation": {"n_members": 500, "path_members": 8, "shards": 3}})
    (row,) = sharded.rows
    assert "simulate_trajectory" not in row.keys and "simulate_shard" not in row.keys
    merged = sharded.trajectory(row)
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
    (reference,) = sharded.tasks["simulate_trajectory"].values()
    assert reference.settings["simulation"]["shards"] == 1


def test_every_shard_has_a_seed_of_its_own():
    tasks = shards_of(plan({"simulation": {"n_members": 400, "path_members": 4, "shards": 4}, "replicates": 2}))
    assert len(tasks) == 8
    seeds = {tuple(seed_sequence(t.settings["seed"], t.stage, t.key).generate_state(4)) for t in tasks}
    assert len(seeds) == 8


def test_what_follows_does_not_care_whether_there_were_shards_but_for_the_data():
    assert renamed({"simulation": {"shards": 1}}) == set()
    assert renamed({"simulation": {"shards": 2}}) == SIMULATED | {"merge_shards"}


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
    assert several.trajectory_blocks == ["wells0"]


def test_a_trajectory_is_shown_by_the_first_block_that_uses_it():
    blocks = plan(RING | {"data": {"points": 4}}, RING | {"data": {"points": 8}}, {})
    assert blocks.trajectory_blocks == ["wells0", "wells2"]
    assert blocks.drawn_blocks == ["wells0", "wells1", "wells2"]
    assert plan({"until": "trajectory"}, {}).drawn_blocks == ["wells1"]
    assert plan({"until": "trajectory"}, {}).trajectory_blocks == ["wells0"]


def builtins_only(value) -> bool:
    if type(value) is dict:
        return all(type(k) is str and builtins_only(v) for k, v in value.items())
    if type(value) is list:
        return all(builtins_only(v) for v in value)
    return type(value) in (str, int, float, bool, type(None))


def test_parameters_of_tasks_are_builtins_and_complete():
    tasks = plan({"estimator": {"method": ["kgmm", "gmm_network"]}}).all_tasks()
    assert [task.stage for task in tasks] == sorted((task.stage for task in tasks), key=STAGES.index)
    for task in tasks:
        assert builtins_only(task.settings)
        assert json.loads(json.dumps(task.settings)) == task.settings
        assert len(task.fingerprint) == 16
        assert all(task.key in path for path in (*task.outputs.values(), task.record))


def test_inputs_of_tasks_are_outputs_of_others():
    everything = plan({"estimator": {"method": ["kgmm", "gmm_network"], "sigma": [0.1, 0.2]}})
    outputs = [path for task in everything.all_tasks() for path in task.outputs.values()]
    assert len(outputs) == len(set(outputs))
    for task in everything.all_tasks():
        assert set(task.inputs.values()) <= set(outputs)
    sample = everything.task("sample_langevin", everything.rows[0].keys["sample_langevin"])
    assert set(sample.inputs) == {"trajectory_samples", "trajectory_path", "score"}


def test_unknown_task_is_named():
    with pytest.raises(KeyError, match="fit_score/x is not part of the plan of run 'test'"):
        plan().task("fit_score", "x")


def test_table_has_every_setting_and_every_key():
    one = plan({"replicates": 2})
    first, second = records(one)
    assert first["estimator.sigma"] == 0.1 and first["system.name"] == "double_well"
    assert first["network.hidden"] == "[128, 64]"
    assert (first["replicate"], second["replicate"]) == (0, 1)
    assert first["key.fit_score"] == one.rows[0].keys["fit_score"]
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


def test_planning_imports_neither_torch_nor_scipy():
    code = (
        "import sys, yaml, kgmm; from kgmm.jobs.plan import Plan;"
        "Plan(yaml.safe_load(open('config/config.yaml')));"
        "print([m for m in ('torch', 'scipy', 'xarray', 'matplotlib', 'pandas', 'netCDF4') if m in sys.modules])"
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
