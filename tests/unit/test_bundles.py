"""Which tasks go together in one job."""

import json
from pathlib import Path

import pytest

from kgmm.jobs import kept
from kgmm.jobs.bundles import compose, read_bundles, write_bundles
from kgmm.jobs.plan import Plan
from tests.conftest import ROOT

BLOCK = {"name": "wells", "system": {"name": "double_well"}, "simulation": {"n_members": 200, "n_times": 5}}


def plan(n_sigmas: int, **block) -> Plan:
    sigma = [round(0.1 + 0.01 * k, 3) for k in range(n_sigmas)]
    settings = {"estimator": {"sigma": sigma, "min_probability": 0.05}, "until": "score"} | block
    return Plan({"name": "test", "experiments": [BLOCK | settings]}, ROOT / "workflow" / "scripts")


def finish(task) -> None:
    """Makes the files of a task, as its job would."""
    for path in task.files:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    Path(task.record).write_text(json.dumps({"code": task.fingerprint}))


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def sizes(bundles, stage: str) -> list[int]:
    return [len(bundle.tasks) for bundle in bundles if bundle.stage == stage]


def test_one_row_per_job_makes_no_bundles():
    assert compose(plan(5), rows_per_job=1, n_workers=1) == []


@pytest.mark.parametrize(
    ("n", "rows_per_job", "n_workers", "expected"),
    [
        (10, 4, 1, [3, 4, 3]),  # nearly equal
        (25, 24, 1, [12, 13]),
        (6, 24, 2, [3, 3]),  # no worker is idle
        (3, 24, 2, [2]),  # the one that would be alone has the rule of its stage
        (2, 24, 2, []),
    ],
)
def test_sizes(n, rows_per_job, n_workers, expected):
    bundles = compose(plan(n), rows_per_job, n_workers)
    assert sorted(sizes(bundles, "estimate_cells")) == sorted(expected)
    assert sizes(bundles, "simulate_trajectory") == []
    for bundle in bundles:
        assert {task.stage for task in bundle.tasks} == {bundle.stage}
        assert len({task.fingerprint for task in bundle.tasks}) == 1
        assert len(bundle.outputs) == len(set(bundle.outputs)) == sum(len(task.files) for task in bundle.tasks)


def test_cheap_and_dear_tasks_are_shared_out():
    """Trajectories alternate with their short reference runs, scores of one method stand side by side."""
    estimator = {"sigma": [0.2, 0.3, 0.4, 0.5], "min_probability": 0.05, "method": ["kgmm", "dsm"]}
    bundles = compose(plan(1, estimator=estimator, replicates=4, until="model"), rows_per_job=24, n_workers=2)
    references = [
        sum("reference" in task.key for task in bundle.tasks)
        for bundle in bundles
        if bundle.stage == "simulate_trajectory"
    ]
    rivals = [sum("/dsm-" in task.key for task in bundle.tasks) for bundle in bundles if bundle.stage == "fit_score"]
    assert references == [2, 2] and rivals == [8, 8]


def test_tasks_of_different_code_stay_apart():
    """The fingerprint of a simulation holds the code of its system."""
    blocks = [
        BLOCK
        | {"name": name, "system": {"name": name}, "replicates": 4, "until": "score"}
        | {"estimator": {"min_probability": 0.05}}
        for name in ("double_well", "reduced_triad")
    ]
    both = Plan({"name": "test", "experiments": blocks}, ROOT / "workflow" / "scripts")
    bundles = compose(both, rows_per_job=8, n_workers=1)
    assert sizes(bundles, "simulate_trajectory") == [4, 4]
    assert sizes(bundles, "estimate_cells") == [8]


def test_what_is_done_is_left_alone_and_what_follows_from_new_results_is_not():
    one = plan(6)
    everything = one.all_tasks()
    for task in everything:
        finish(task)
    assert compose(one, 24, 1) == []
    first, second = list(one.tasks["estimate_cells"].values())[:2]
    Path(first.outputs["cells"]).unlink()
    Path(second.record).write_text(json.dumps({"code": "older"}))
    bundles = compose(one, 24, 1)
    assert [bundle.stage for bundle in bundles] == ["estimate_cells", "fit_score", "evaluate_score"]
    assert bundles[0].tasks == (first, second)
    assert all(len(bundle.tasks) == 2 for bundle in bundles)


def test_tasks_of_an_interrupted_job_go_together_again_and_broken_ones_alone():
    one = plan(6)
    for task in one.all_tasks():
        finish(task)
    tasks = list(one.tasks["evaluate_score"].values())
    kept.keep(tasks[0])
    kept.keep(tasks[1])
    Path(tasks[2].record).unlink()
    Path(tasks[3].record).unlink()
    kept.mark_broken(tasks[3])
    (bundle,) = compose(one, 24, 1)
    assert bundle.tasks == tuple(tasks[:3])


def test_a_composition_is_read_as_it_was_written():
    one = plan(10)
    bundles = compose(one, 4, 1)
    write_bundles(bundles, "folder/bundles.json")
    again = read_bundles(plan(10), "folder/bundles.json")
    assert again == bundles and [b.name for b in again] == [b.name for b in bundles]
    assert len({bundle.name for bundle in bundles}) == len(bundles)


def test_what_follows_from_a_broken_task_holds_up_nothing():
    one = plan(6)
    tasks = list(one.tasks["fit_score"].values())
    kept.mark_broken(tasks[0])
    for bundle in compose(one, 24, 1):
        assert len(bundle.tasks) == (6 if bundle.stage == "estimate_cells" else 5)
        assert tasks[0] not in bundle.tasks and tasks[0].outputs["score"] not in bundle.inputs
