"""What a run will cost: every stage is counted, sizes count, and what is done does not."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from kgmm.jobs.estimates import RATES, StageEstimate, estimate_run, told
from kgmm.jobs.plan import Plan

BLOCK = {
    "name": "a", "system": {"name": "lorenz63"}, "simulation": {"n_members": 1000, "n_times": 100},
    "estimator": {"sigma": 0.05, "min_probability": 0.001}, "network": {"hidden": [64, 32]},
}  # fmt: skip


def estimates(**changes) -> dict[str, StageEstimate]:
    block = copy.deepcopy(BLOCK)
    for section, values in changes.items():
        block[section] = block.get(section, {}) | values
    return {stage.stage: stage for stage in estimate_run(Plan({"name": "run", "experiments": [block]}))}


def test_every_stage_of_a_run_is_estimated():
    plan = Plan({"name": "run", "experiments": [BLOCK]})
    found = estimates()
    assert {stage: one.n_tasks for stage, one in found.items()} == {
        stage: len(tasks) for stage, tasks in plan.tasks.items() if tasks
    }
    assert all(one.core_s > 0 for one in found.values())


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"simulation": {"n_members": 100_000}}, "simulate_trajectory"),
        ({"simulation": {"n_members": 100_000}}, "estimate_cells"),
        ({"estimator": {"min_draws": 64, "max_draws": 64}}, "estimate_cells"),
        ({"network": {"hidden": [256, 256]}}, "fit_score"),
        ({"langevin": {"n_members": 50_000}}, "sample_langevin"),
        ({"network": {"hidden": [256, 256]}}, "sample_langevin"),
        ({"langevin": {"n_members": 50_000}}, "compare_model"),
    ],
)
def test_larger_sizes_take_longer(changes, stage):
    assert estimates(**changes)[stage].core_s > 1.2 * estimates()[stage].core_s


def test_disk_is_that_of_the_states():
    members, times, path = 1000, 100, 100 * 100.0 / 0.01
    block = copy.deepcopy(BLOCK)
    block["simulation"] |= {"path_members": 100, "path_length": 100.0, "path_interval": 0.01}
    plan = Plan({"name": "run", "experiments": [block | {"until": "trajectory"}]})
    (simulated,) = (one for one in estimate_run(plan) if one.stage == "simulate_trajectory")
    assert simulated.disk_mb == pytest.approx(4 * 3 * (members * times + path) / 1e6)


def test_what_is_done_is_not_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = Plan({"name": "run", "experiments": [BLOCK]})
    for task in plan.tasks["simulate_trajectory"].values():
        done = tmp_path / task.done
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()
    assert "simulate_trajectory" not in {one.stage for one in estimate_run(plan)}


def test_every_rate_is_of_a_stage_and_not_negative():
    from kgmm.config.stages import STAGES

    assert {kind.split(",")[0] for kind in RATES} <= set(STAGES) and RATES
    assert all(per_task >= 0 and per_unit >= 0 and per_task + per_unit > 0 for per_task, per_unit in RATES.values())


@pytest.mark.parametrize(
    ("seconds", "megabytes", "text"),
    [
        (30.0, 20.0, "about 30 seconds of core time (fit score 30 s) and 20 MB of disk"),
        (900.0, 2500.0, "about 15 minutes of core time (fit score 15 min) and 2.5 GB of disk"),
        (20_000.0, 0.0, "about 5.6 hours of core time (fit score 6 h) and 0 MB of disk"),
    ],
)
def test_units_are_those_that_a_reader_would_choose(seconds, megabytes, text):
    assert told([StageEstimate("fit_score", 1, seconds, megabytes)]) == f"to be done: {text}"


def test_data_from_a_file_are_estimated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(5000, 2)))
    system = {"kind": "dataset", "name": "own", "path": "x.npy", "time_step": 1.0}
    block = {"name": "own", "system": system, "estimator": {"sigma": 0.1, "method": "auto"}}
    plan = Plan({"name": "run", "experiments": [block | {"mobility": {"method": "choose"}}]})
    assert {one.stage for one in estimate_run(plan)} >= {"import_dataset", "fit_score", "estimate_mobility"}
