"""What a run will cost: every stage is counted, sizes count, and what is done does not."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from kgmm.config.limits import Limits
from kgmm.config.parsing import ConfigError
from kgmm.jobs.estimated_sizes import disk_of, memory_of
from kgmm.jobs.estimates import RATES, StageEstimate, estimate_run, refuse_excess, table, told
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
        (30.0, 20.0, "about 30 seconds of core time (fit score 30 s), 0.6 GB of memory a job, 20 MB of disk"),
        (900.0, 2500.0, "about 15 minutes of core time (fit score 15 min), 0.6 GB of memory a job, 2.5 GB of disk"),
        (20_000.0, 0.0, "about 5.6 hours of core time (fit score 6 h), 0.6 GB of memory a job, 0 MB of disk"),
    ],
)
def test_units_are_those_that_a_reader_would_choose(seconds, megabytes, text):
    assert told([StageEstimate("fit_score", 1, seconds, megabytes, 600.0)]) == f"to be done: {text}"


def test_data_from_a_file_are_estimated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(5000, 2)))
    system = {"kind": "dataset", "name": "own", "path": "x.npy", "time_step": 1.0}
    block = {"name": "own", "system": system, "estimator": {"sigma": 0.1, "method": "auto"}}
    plan = Plan({"name": "run", "experiments": [block | {"mobility": {"method": "choose"}}]})
    assert {one.stage for one in estimate_run(plan)} >= {"import_dataset", "fit_score", "estimate_mobility"}


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"simulation": {"n_times": 10_000}}, "simulate_trajectory"),
        ({"simulation": {"path_length": 10_000.0, "path_members": 1}}, "describe_trajectory"),
        ({"simulation": {"n_times": 10_000}}, "estimate_cells"),
        ({"langevin": {"n_times": 2000}}, "compare_model"),
    ],
)
def test_larger_sizes_take_more_memory(changes, stage):
    assert estimates(**changes)[stage].memory_mb > 1.2 * estimates()[stage].memory_mb


def test_the_run_of_the_paper_is_estimated_within_a_factor_of_two(tmp_path, monkeypatch):
    """Stage by stage: core time, the largest memory, and disk where it is worth naming."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(tmp_path)  # where nothing of it is done already
    measured = pd.read_csv(root / "docs/measured/paper-costs.csv", index_col="stage")
    plan = Plan(yaml.safe_load((root / "config/config.yaml").read_text()), with_code=False)
    found = {one.stage: one for one in estimate_run(plan)}
    for stage, row in measured.iterrows():
        one = found[stage]
        assert one.n_tasks == row["tasks"]
        assert 0.5 < one.core_s / row["core_s"] < 2, stage
        assert 0.5 < one.memory_mb / row["peak_memory_mb"] < 2, stage
        assert row["disk_mb"] < 10 or 0.5 < one.disk_mb / row["disk_mb"] < 2, stage


def test_a_long_file_is_estimated_within_a_factor_of_two():
    """10⁷ states of one variable as ``benchmarks/long_series.py`` measures them: 3.0 GB of memory, 257 MB of disk."""
    facts = SimpleNamespace(n_members=1, n_times=10_000_000, n_states=10_000_000, variables=("x",), effective_size=1e5)
    experiment = Plan({"name": "run", "experiments": [BLOCK]}).rows[0].experiment
    data = SimpleNamespace(kind="dataset", path="x.npy", facts=facts)
    experiment = experiment.model_copy(update={"system": data, "simulation": None})
    imported, described = (SimpleNamespace(stage=name) for name in ("import_dataset", "describe_trajectory"))
    assert 1.5e9 < max(memory_of(imported, experiment), memory_of(described, experiment)) < 6e9
    assert disk_of(imported, experiment) == pytest.approx(257e6, rel=0.1)


def test_every_stage_has_its_row():
    stages = list(estimates().values())
    lines = table(stages).splitlines()
    assert [line[:20].strip() for line in lines[1:]] == [one.stage.replace("_", " ") for one in stages]
    assert lines[0].split() == ["stage", "tasks", "steps", "core", "time", "memory", "disk"]


@pytest.mark.parametrize(("key", "limit"), [("core_hours", 0.001), ("memory_gb", 0.1), ("disk_gb", 1e-4)])
def test_what_is_estimated_is_limited_by_the_configuration(key, limit):
    stages = list(estimates().values())
    refuse_excess(stages, Limits())
    with pytest.raises(ConfigError, match=rf"the run would take about .* more than limits\.{key} = {limit:g} allows"):
        refuse_excess(stages, Limits(**{key: limit}))
