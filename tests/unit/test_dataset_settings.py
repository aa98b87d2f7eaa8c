"""Data from a file in a configuration: refused before any job or planned, and looked at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kgmm.config import dataset_facts as facts_module
from kgmm.config.dataset_facts import dataset_facts
from kgmm.config.parsing import ConfigError, parse_config
from kgmm.data.experiment_data import ExperimentData
from kgmm.data.observation import smallest_min_probability
from kgmm.data.options import ReadingOptions
from kgmm.data.trajectory import write_trajectory
from kgmm.jobs.plan import Plan
from kgmm.score.kgmm import KGMM

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder, in which nothing is known of any file."""
    monkeypatch.chdir(tmp_path)
    dataset_facts.cache_clear()
    yield tmp_path
    dataset_facts.cache_clear()


def save(values, name="x.npy"):
    np.save(name, values)
    return name


def raw(system=None, defaults=None, **block):
    system = {"kind": "dataset", "name": "mine", "path": "x.npy", "time_step": 1.0} | (system or {})
    return {"name": "test", "defaults": defaults or {}, "experiments": [{"name": "block", "system": system, **block}]}


def experiments(system=None, **settings):
    return parse_config(raw(system, **settings))[1]


def refusal(system=None, **settings) -> str:
    with pytest.raises(ConfigError) as error:
        parse_config(raw(system, **settings))
    message = str(error.value)
    assert "\n" not in message and message.startswith("experiments[0] (block)")
    return message


# What is accepted.


def test_data_from_a_file_take_the_place_of_a_system():
    save(RNG.standard_normal((1000, 2)))
    (experiment,) = experiments({"variables": ["a", "b"]})
    assert experiment.simulation is None
    found = experiment.system.facts
    assert (found.n_members, found.n_times, found.variables, found.time_step) == (1, 1000, ["a", "b"], 1.0)
    assert 400 < found.effective_size <= 1000  # within four standard errors of 23 % in its reciprocal


def test_simulation_among_the_defaults_is_for_the_other_blocks():
    save(RNG.standard_normal((1000, 2)))
    config = raw(defaults={"simulation": {"n_members": 500}})
    config["experiments"].append({"name": "other", "system": {"name": "double_well"}})
    own, other = parse_config(config)[1]
    assert own.simulation is None and other.simulation.n_members == 500


def test_lists_of_variables_and_of_files_multiply_out():
    save(RNG.standard_normal((1000, 2)))
    save(RNG.standard_normal((1000, 2)), "y.npy")
    several = experiments({"path": ["x.npy", "y.npy"], "variables": [["a", "b"], ["c", "d"]]})
    assert [(e.system.path, e.system.variables) for e in several] == [
        ("x.npy", ["a", "b"]), ("x.npy", ["c", "d"]), ("y.npy", ["a", "b"]), ("y.npy", ["c", "d"]),
    ]  # fmt: skip
    (single,) = experiments({"variables": ["a", "b"]})
    assert single.system.variables == ["a", "b"]


# What is refused.


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ({"path": "none.csv"}, "the data file none.csv does not exist"),
        ({"path": "x.xlsx"}, "x.xlsx has the suffix '.xlsx': known are"),
        ({"path": 3}, "system.path is 3: input should be a valid string"),
        ({"time_step": 0.0}, "system.time_step is 0.0: input should be greater than 0"),
        ({"time_step": None}, "x.npy has no time coordinate 'time': give time_step"),
        ({"variables": []}, "system.variables is []: list should have at least 1 item"),
        ({"variables": ["a"]}, "variables names 1 columns: x.npy has 2"),
        ({"variables": "a"}, "system.variables is 'a': input should be a valid list"),
        ({"varables": ["a"]}, "system.varables is an unknown key: known here are time_step, time, member, missing"),
        ({"parameters": {}}, "system.parameters is an unknown key"),
        ({"name": "My data"}, "system.name is 'My data': string should match pattern"),
    ],
)  # fmt: skip
def test_refusals_of_files_name_key_value_and_what_is_allowed(system, message):
    save(RNG.standard_normal((1000, 2)))
    assert message in refusal(system)


def test_a_misspelt_kind_is_refused_with_both_kinds():
    message = refusal({"kind": "datset"})
    assert "kind is 'datset'" in message and "simulation" in message and "dataset" in message


def test_a_missing_path_is_named():
    config = raw()
    del config["experiments"][0]["system"]["path"]
    with pytest.raises(ConfigError, match=r"^experiments\[0\] \(block\)\.system\.path is missing$"):
        parse_config(config)


def test_values_that_no_density_has_are_refused():
    values = RNG.standard_normal((1000, 2))
    values[[17, 20], 1] = np.nan
    save(values)
    assert "x.npy holds 2 non-finite values, the first in 'x2' at time index 17" in refusal()
    values[:, 1] = 3.0
    save(values, "y.npy")
    assert "variable 'x2' of y.npy is constant (3): it has no density" in refusal({"path": "y.npy"})


@pytest.mark.parametrize("content", [b"", b"no array"])
def test_a_file_that_cannot_be_read_is_refused(content):
    Path("x.npy").write_bytes(content)
    assert "x.npy cannot be read" in refusal()


@pytest.mark.parametrize(
    "simulation",
    [
        {},
        {"n_members": 100},
        {"scheme": "heun", "dt": 0.1, "burn_in": 0.0, "sample_interval": 1.0, "path_interval": 1.0, "path_length": 9.0},
    ],
    ids=["empty", "a part", "complete"],
)
def test_a_simulation_of_data_is_refused(simulation):
    save(RNG.standard_normal((1000, 2)))
    assert "simulation is given: data from a file are not simulated" in refusal(simulation=simulation)


@pytest.mark.parametrize("data", [{"points": 2}, {"shifts": 2}, {"points": 1, "shifts": 2}])
def test_views_of_a_ring_are_refused_for_files(data):
    save(RNG.standard_normal((1000, 2)))
    assert "data.points and data.shifts are for systems on a ring: select variables of a file" in refusal(data=data)


@pytest.mark.parametrize("settings", [{"replicates": 2}, {"first_replicate": 1}])
def test_replicates_of_data_are_refused(settings):
    save(RNG.standard_normal((1000, 2)))
    assert "data from a file cannot be simulated again" in refusal(**settings)


def correlated(n=4000, copies=4):
    """Every value several times in a row."""
    return np.repeat(RNG.standard_normal((n // copies, 1)), copies, axis=0)


def test_too_few_samples_for_p_min_are_refused_with_what_they_allow():
    save(correlated(), "y.npy")
    message = refusal({"path": "y.npy"}, estimator={"min_probability": 1e-3})
    found = dataset_facts("y.npy", None, ReadingOptions(time_step=1.0)).effective_size
    assert 450 < found < 2500  # of 4000: the reciprocal of 1000 has an error of 23 %
    assert message == (
        "experiments[0] (block): estimator.min_probability is 0.001: y.npy gives 3200 training samples, worth "
        f"{0.8 * found:.0f} independent ones, and 3200 samples allow no less than 0.0016 (5 samples per cell)"
    )
    (experiment,) = experiments({"path": "y.npy"}, estimator={"min_probability": 0.0016})
    assert experiment.estimator.min_probability == 0.0016


def allowed(message) -> float:
    return float(message.split("allow no less than ")[1].split(" ")[0])


@pytest.mark.parametrize("n_samples", [100, 101, 333, 700, 1024, 3000, 7777])
def test_the_p_min_that_a_message_allows_is_accepted(n_samples):
    """By the plan and by the estimator; a little less is refused by both."""
    save(RNG.standard_normal((10_000, 1)))
    least = allowed(refusal(data={"n_samples": n_samples}, estimator={"min_probability": 1e-5}))
    assert experiments(data={"n_samples": n_samples}, estimator={"min_probability": least})
    x = RNG.standard_normal((n_samples, 1))
    assert KGMM(0.2, least, max_draws=2, min_draws=2).fit(x).min_probability_ == least
    assert least <= 1.1 * 5 / n_samples
    less = 0.89 * least
    assert allowed(refusal(data={"n_samples": n_samples}, estimator={"min_probability": less})) == least
    with pytest.raises(ValueError, match="samples allow no less than"):
        KGMM(0.2, less, max_draws=2, min_draws=2).fit(x)


@pytest.mark.parametrize("n_samples", [100, 300, 700, 1024, 7777])
def test_the_p_min_that_the_estimator_allows_is_accepted(n_samples):
    x = RNG.standard_normal((n_samples, 1))
    with pytest.raises(ValueError) as error:
        KGMM(0.2, 1e-5).fit(x)
    assert KGMM(0.2, allowed(str(error.value)), max_draws=2, min_draws=2).fit(x).n_draws_ == 2


def test_what_is_allowed_is_rounded_up_by_less_than_a_tenth():
    for n in [*range(40, 5000), 12_345, 10**6, 10**8 + 1]:
        least = smallest_min_probability(n)
        assert n * float(f"{least:g}") >= 5  # as the message has it, and exactly as the checks compare
        assert least < 1.1 * 5 / n


def test_a_simulation_with_too_few_samples_says_so_in_its_own_words():
    block = {"name": "block", "system": {"name": "double_well"}, "simulation": {"n_members": 500, "n_times": 1}}
    block["estimator"] = {"min_probability": 1e-3}
    with pytest.raises(ConfigError) as error:
        parse_config({"name": "test", "experiments": [block]})
    assert "the simulation gives 400 training samples (400 members of 1), and 400 samples allow no less than" in str(
        error.value
    )
    block["estimator"] = {"min_probability": allowed(str(error.value))}
    assert parse_config({"name": "test", "experiments": [block]})[1]


def test_sizes_of_the_parts_are_looked_at():
    save(RNG.standard_normal((1000, 2)))
    assert "data.n_samples is 900: x.npy gives 800 training samples, worth" in refusal(data={"n_samples": 900})
    assert "data.held_out is 0.02: it leaves 10 samples, 20 are needed" in refusal(data={"held_out": 0.02})
    assert "estimator.n_blocks is 20: x.npy gives 10 training samples, worth" in refusal(data={"held_out": 0.99})
    save(RNG.standard_normal((40, 2)), "y.npy")
    message = refusal({"path": "y.npy"})
    assert "estimator.n_blocks is 20: y.npy gives 32 training samples, worth" in message
    assert "nan" not in message


def test_very_short_data_are_refused_with_numbers():
    save(RNG.standard_normal((10, 2)))
    with np.errstate(all="raise"):
        assert "nan" not in refusal()


@pytest.mark.parametrize("held_out", [0.55, 0.7])
def test_what_the_plan_accepts_the_estimator_fits(held_out):
    """p_min is chosen by itself: few training samples must not make it impossible."""
    values = RNG.standard_normal((200, 1))
    save(values)
    try:
        experiments(data={"held_out": held_out})
    except ConfigError:
        return
    assert len(KGMM(0.2).fit(values[: int((1 - held_out) * 200)]).counts_) >= 1


def test_few_independent_samples_are_warned_about_and_not_refused(caplog):
    save(np.repeat(RNG.standard_normal((200, 1)), 50, axis=0))
    experiments(estimator={"min_probability": 0.01})
    (record,) = caplog.records
    message = record.getMessage()
    assert "block: estimator.min_probability is 0.01, but x.npy gives 8000 training samples, worth" in message
    caplog.clear()
    experiments(estimator={"min_probability": 0.1})
    assert not caplog.records


# Facts are kept.


def facts(path="x.npy", variables=None, **options):
    """As in a new process."""
    dataset_facts.cache_clear()
    return dataset_facts(path, variables, ReadingOptions(**{"time_step": 1.0} | options))


@pytest.fixture
def inspections(monkeypatch):
    """Names of the files that were read through, in order."""
    seen = []
    inspect = facts_module._inspect

    def counted(series, path):
        seen.append(path)
        return inspect(series, path)

    monkeypatch.setattr(facts_module, "_inspect", counted)
    return seen


def test_a_file_is_read_once(inspections):
    save(RNG.standard_normal((1000, 2)))
    first = facts()
    assert facts() == facts() == first
    assert inspections == ["x.npy"]
    (kept,) = Path("results/store/datasets/facts").iterdir()
    assert json.loads(kept.read_text())["content"] == first.content


def test_within_a_process_the_file_is_not_even_looked_at_again(inspections):
    save(RNG.standard_normal((1000, 2)))
    experiments(estimator={"sigma": [0.1, 0.2, 0.3]})
    assert inspections == ["x.npy"]


def test_a_file_is_read_again_when_it_changes(inspections):
    # Every value several times: the sizes are below the number of samples, and so differ.
    save(np.hstack([correlated(1000), correlated(1000)]))
    first = facts()
    save(np.hstack([correlated(1000), correlated(1000)]))
    os.utime("x.npy", ns=(1, 1))
    second = facts()
    assert inspections == ["x.npy", "x.npy"]
    assert second.content != first.content and second.effective_size != first.effective_size
    save(RNG.standard_normal((1200, 2)))
    assert facts().n_times == 1200


def test_a_file_is_read_again_when_its_old_date_is_put_back(inspections):
    save(RNG.standard_normal((1000, 2)))
    first, stat = facts(), os.stat("x.npy")
    save(RNG.standard_normal((1000, 2)))
    os.utime("x.npy", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert facts().content != first.content
    assert len(inspections) == 2


def test_touching_a_file_changes_no_fact(inspections):
    save(RNG.standard_normal((1000, 2)))
    first = facts()
    os.utime("x.npy", ns=(1, 1))
    assert facts() == first
    assert len(inspections) == 2


def test_other_options_are_other_facts(inspections):
    save(RNG.standard_normal((1000, 2)))
    assert facts().time_step == 1.0
    assert facts(time_step=2.0).time_step == 2.0
    assert facts(variables=("a", "b")).variables == ["a", "b"]
    assert facts().variables == ["x1", "x2"]
    assert len(inspections) == 3


def test_nothing_is_kept_of_data_that_are_refused():
    values = RNG.standard_normal((1000, 2))
    values[3, 0] = np.inf
    save(values)
    with pytest.raises(ValueError, match="non-finite"):
        facts()
    assert not list(Path().rglob("*.json")) and not list(Path().rglob("*.part"))
    values[3, 0] = 0.0
    save(values)
    assert facts().n_times == 1000


def test_a_file_that_is_gone_is_refused_though_its_facts_are_kept():
    save(RNG.standard_normal((1000, 2)))
    facts()
    Path("x.npy").unlink()
    with pytest.raises(ValueError, match=r"the data file x.npy does not exist"):
        facts()


def test_planning_with_data_imports_no_torch():
    save(RNG.standard_normal((1000, 2)))
    code = (
        "import sys, json; from kgmm.config.parsing import parse_config; parse_config(json.load(sys.stdin));"
        "print([m for m in ('torch', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    for _ in range(2):  # the first time the file is read through, the second time not
        done = subprocess.run(
            [sys.executable, "-c", code], input=json.dumps(raw()), capture_output=True, text=True, check=True
        )
        assert "torch" not in done.stdout and "matplotlib" not in done.stdout


# The plan.


def plan(system=None, **settings):
    dataset_facts.cache_clear()
    return Plan(raw(system, **settings))


def keys(**settings):
    return {role: task.key for role, task in plan(**settings).rows[0].tasks.items()}


MODELS = {"sample", "comparison", "mobility", "sample_fitted", "comparison_fitted"}
FROM_DATA = {"trajectory", "description", "cells", "score", "evaluation"} | MODELS


def test_data_are_imported_and_not_simulated():
    save(RNG.standard_normal((1000, 2)))
    found = plan()
    (row,) = found.rows
    assert set(row.tasks) == FROM_DATA and len(found.all_tasks()) == len(FROM_DATA)
    (task,) = found.tasks["import_dataset"].values()
    assert task.inputs == {"data": "x.npy"}
    assert row.tasks["trajectory"] is task
    assert not any("reference" in name for name in row.tasks["comparison"].inputs)


def renamed(before, after):
    return {stage for stage in before | after if before.get(stage) != after.get(stage)}


def test_content_renames_what_is_made_of_the_data_and_place_and_time_do_not(folder):
    save(RNG.standard_normal((1000, 2)))
    before = keys()
    os.utime("x.npy", ns=(1, 1))
    assert keys() == before
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    Path("x.npy").rename(elsewhere / "y.npy")
    assert keys(system={"path": str(elsewhere / "y.npy")}) == before
    save(RNG.standard_normal((1000, 2)))
    assert renamed(before, keys()) == FROM_DATA


@pytest.mark.parametrize(
    ("system", "settings", "roles"),
    [
        ({"time_step": 2.0}, {}, FROM_DATA),
        ({"variables": ["a", "b"]}, {}, FROM_DATA),
        ({"name": "other"}, {}, FROM_DATA),
        ({}, {"data": {"held_out": 0.3}}, FROM_DATA - {"trajectory", "description"}),
        ({}, {"until": "trajectory"}, FROM_DATA - {"trajectory", "description"}),
        ({}, {"until": "score"}, MODELS),
        ({}, {"defaults": {"simulation": {"n_members": 500}}}, set()),
    ],
)
def test_a_setting_renames_what_depends_on_it_and_nothing_else(system, settings, roles):
    save(RNG.standard_normal((1000, 2)))
    assert renamed(keys(), keys(system=system, **settings)) == roles


# Which samples a job sees.


def written(name, n_members, n_times, n_features=4):
    member, time, variable = np.ogrid[:n_members, :n_times, :n_features]
    values = 1000.0 * member + 10.0 * time + variable
    write_trajectory(
        name, [values], n_members=n_members, n_times=n_times, variables=[f"u{k}" for k in range(n_features)],
        interval=1.0, attributes={},
    )  # fmt: skip
    return name


DATA = {"held_out": 0.2, "n_samples": None, "points": None, "shifts": 1}


def test_fit_and_comparison_see_different_members():
    path = written("t.nc", 20, 5)
    training, held_out = ExperimentData(path, DATA).training[:], ExperimentData(path, DATA).held_out()[:]
    assert training.shape == (80, 4) and held_out.shape == (20, 4)
    assert set(training[:, 0] // 1000) == set(range(16)) and set(held_out[:, 0] // 1000) == {16, 17, 18, 19}
    assert len(ExperimentData(path, DATA).held_out(7)) == 7
    assert len(ExperimentData(path, DATA).held_out(999)) == 20
    assert len(ExperimentData(path, DATA | {"n_samples": 33}).training) == 33


def test_jobs_see_the_observed_points_and_their_shifts():
    path = written("t.nc", 20, 5)
    data = DATA | {"points": 2, "shifts": 2}
    training = ExperimentData(path, data).training[:]
    assert training.shape == (160, 2)
    np.testing.assert_array_equal(training[0] % 10, [0, 2])
    np.testing.assert_array_equal(training[5] % 10, [2, 0])
    assert ExperimentData(path, data).variables == ["u0", "u2"]
    assert ExperimentData(path, DATA).variables == ["u0", "u1", "u2", "u3"]
    assert len(ExperimentData(path, data).held_out()) == 40


@pytest.mark.parametrize("n_members", [1, 30, 80, 300])
def test_members_of_a_model_start_at_training_states(n_members):
    path = written("t.nc", 20, 5)
    starts = ExperimentData(path, DATA).initial_states(n_members)
    assert starts.shape == (n_members, 4)
    training = {tuple(row) for row in ExperimentData(path, DATA).training[:]}
    assert {tuple(row) for row in starts} <= training
    assert len({tuple(row) for row in starts}) == min(n_members, 80)  # none twice before all are used


def test_deviations_are_those_of_the_file_in_a_run(tmp_path):
    """Every estimate standardises by itself: a run shows states in the units of the file, whatever is asked for."""
    from kgmm.data.datasets import open_series
    from kgmm.data.options import ReadingOptions

    x = 20 + 3 * np.random.default_rng(0).standard_normal((400, 1))
    np.save(tmp_path / "x.npy", x)
    settings = ReadingOptions(time_step=1.0, standardise=True).model_dump()
    stored = open_series(tmp_path / "x.npy", None, ReadingOptions.of(settings)).load().values
    read = open_series(tmp_path / "x.npy", None, ReadingOptions(**settings)).load().values
    np.testing.assert_allclose(stored.reshape(-1), x.ravel())
    np.testing.assert_allclose(read.reshape(-1), (x.ravel() - x.mean()) / x.std())
