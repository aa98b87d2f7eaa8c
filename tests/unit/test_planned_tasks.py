"""Tasks of a plan: their settings, inputs and order, and the table of them; the same in every process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kgmm.config.stages import STAGES
from kgmm.jobs.plan_table import plan_records, to_csv
from tests.unit.plans import BLOCK, keys, plan

pytestmark = pytest.mark.usefixtures("at_the_root")

ROOT = Path(__file__).parents[2]


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
