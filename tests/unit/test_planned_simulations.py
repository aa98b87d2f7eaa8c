"""Simulations in a plan: the reference of the noise floor, and shards."""

import pytest

from kgmm.jobs.plan import Plan
from kgmm.jobs.seeds import seed_sequence
from tests.unit.plans import SIMULATED, plan, renamed

pytestmark = pytest.mark.usefixtures("at_the_root")


# The reference.


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


# Shards.


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
