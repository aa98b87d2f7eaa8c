"""Which tasks go together in one job."""

from pathlib import Path

import pytest

from kgmm.jobs.bundles import Bundles, compose
from kgmm.jobs.plan import Plan
from kgmm.jobs.receipts import BROKEN, write_receipt
from kgmm.jobs.reruns import mark_done, synchronize

BLOCK = {"name": "wells", "system": {"name": "double_well"}, "simulation": {"n_members": 200, "n_times": 5}}


def plan(n_sigmas: int, **block) -> Plan:
    sigma = [round(0.1 + 0.01 * k, 3) for k in range(n_sigmas)]
    settings = {"estimator": {"sigma": sigma, "min_probability": 0.05}, "until": "score"} | block
    return Plan({"name": "test", "experiments": [BLOCK | settings]})


def finish(task) -> None:
    """Makes the files of a task, as its job would."""
    for path in task.outputs.values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    write_receipt(task, {"status": "ok"})
    mark_done(task)


def breaks(task) -> None:
    """What an error in the job of a task leaves."""
    Path(task.done).unlink(missing_ok=True)
    write_receipt(task, {"status": BROKEN})


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def of_stage(bundles: Bundles, stage: str) -> list:
    return [bundle for bundle in bundles.all if bundle.stage == stage]


def sizes(bundles: Bundles, stage: str) -> list[int]:
    return [len(bundle.tasks) for bundle in of_stage(bundles, stage)]


def test_one_row_per_job_makes_no_bundles():
    assert compose(plan(5), rows_per_job=1, n_workers=1).all == []


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
    for bundle in bundles.all:
        assert {task.stage for task in bundle.tasks} == {bundle.stage}
        assert all(bundles.holds(task) for task in bundle.tasks)
    assert (
        len({bundle.name for bundle in bundles.all}) == len({bundle.done for bundle in bundles.all}) == len(bundles.all)
    )


def test_a_bundle_waits_for_one_file_of_each_job_before_it():
    bundles = compose(plan(6), rows_per_job=24, n_workers=2)
    cells, scores = of_stage(bundles, "estimate_cells"), of_stage(bundles, "fit_score")
    for bundle in scores:
        keys = {task.inputs["cells"] for task in bundle.tasks}
        before = [other for other in cells if keys & {task.outputs["cells"] for task in other.tasks}]
        assert bundles.awaited(bundle) == sorted(other.done for other in before)
    (trajectory,) = plan(6).tasks["simulate_trajectory"].values()
    # The trajectory is alone, and so has a file of its own.
    assert all(bundles.awaited(bundle) == [trajectory.done] for bundle in cells)


def test_cheap_and_expensive_tasks_are_shared_out():
    """Trajectories alternate with their short reference runs, scores of one method stand side by side."""
    estimator = {"sigma": [0.2, 0.3, 0.4, 0.5], "min_probability": 0.05, "method": ["kgmm", "dsm"]}
    bundles = compose(plan(1, estimator=estimator, replicates=4, until="model"), rows_per_job=24, n_workers=2)
    references = [
        sum("reference" in task.key for task in bundle.tasks) for bundle in of_stage(bundles, "simulate_trajectory")
    ]
    assert references == [2, 2]
    for method in ("kgmm", "dsm"):
        assert (
            sum(f"/{method}-" in task.key for bundle in of_stage(bundles, "fit_score") for task in bundle.tasks) == 16
        )


def test_models_of_one_stage_that_build_on_each_other_are_in_different_jobs():
    """The model with the fitted mobility follows from that with the identity: one stage, two generations."""
    one = plan(4, until="model")
    bundles = compose(one, rows_per_job=24, n_workers=1)
    identity, fitted = of_stage(bundles, "sample_langevin")
    assert {len(identity.tasks), len(fitted.tasks)} == {4}
    assert all("mobility" not in task.inputs for task in identity.tasks)
    assert all("mobility" in task.inputs for task in fitted.tasks)


def test_what_is_done_is_left_alone_and_what_follows_from_new_results_is_not():
    one = plan(6)
    for task in one.all_tasks():
        finish(task)
    assert compose(one, 24, 1).all == []
    first, second = list(one.tasks["estimate_cells"].values())[:2]
    Path(first.outputs["cells"]).unlink()
    Path(second.outputs["cells"]).write_text("changed")
    again = synchronize(one.all_tasks())
    # The scores of the two have lost an input, and so have to be computed again whatever becomes of the cells.
    assert again["a file is missing or was changed"] == [first, second]
    bundles = compose(one, 24, 1)
    assert [bundle.stage for bundle in bundles.all] == ["estimate_cells", "fit_score", "evaluate_score"]
    assert bundles.all[0].tasks == (first, second)
    assert all(len(bundle.tasks) == 2 for bundle in bundles.all)


def test_broken_tasks_and_what_follows_from_them_have_jobs_of_their_own():
    one = plan(6)
    for task in one.all_tasks():
        finish(task)
    scores = list(one.tasks["fit_score"].values())
    for task in scores[:3]:
        Path(task.outputs["score"]).unlink()
    breaks(scores[3])
    again = synchronize(one.all_tasks())
    assert again["a file is missing or was changed"] == scores[:3]
    assert again["it broke the last time"] == [scores[3]]
    first, second = compose(one, 24, 1).all
    assert first.tasks == tuple(scores[:3])
    assert second.stage == "evaluate_score" and len(second.tasks) == 3
    assert all(scores[3].outputs["score"] not in task.inputs.values() for task in second.tasks)


def test_a_composition_is_read_as_it_was_written():
    one = plan(10)
    bundles = compose(one, 4, 1)
    bundles.store("test")
    assert Bundles.load(plan(10)).all == bundles.all


def test_a_bundle_never_has_the_name_of_an_earlier_one():
    """Its done file of an earlier run would say that it is done."""
    one = plan(10)
    assert not {b.done for b in compose(one, 4, 1).all} & {b.done for b in compose(one, 4, 1).all}
