"""Which settings decide the keys of which tasks: results are shared wherever settings agree."""

import pytest

from kgmm.config.stages import STAGES
from kgmm.jobs.run_results import RunResults
from kgmm.jobs.seeds import seed_sequence
from tests.unit.plans import AFTER_CELLS, FITTED, MODELS, SIMULATED, keys, plan, renamed

pytestmark = pytest.mark.usefixtures("at_the_root")


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


def test_until_trajectory_plans_the_data_and_their_description_alone():
    tasks = plan({"until": "trajectory"}).tasks
    assert {stage: len(own) for stage, own in tasks.items() if own} == {
        "simulate_trajectory": 1, "describe_trajectory": 1,
    }  # fmt: skip


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


def test_seeds_depend_on_seed_stage_and_key_only():
    def words(*arguments):
        return tuple(seed_sequence(*arguments).generate_state(4))

    assert words(1, "fit_score", "a") == words(1, "fit_score", "a")
    others = {words(1, "fit_score", "a"), words(2, "fit_score", "a"), words(1, "x", "a"), words(1, "fit_score", "b")}
    assert len(others) == 4
    # Fixed for all time: results on disk depend on it.
    assert words(1, "fit_score", "a")[0] == 742960650
