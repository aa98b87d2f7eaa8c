"""Data from a file in a configuration: accepted, or refused before any job with key, value and what is allowed."""

from pathlib import Path

import numpy as np
import pytest

from kgmm.config.parsing import ConfigError, parse_config
from tests.unit.dataset_settings import experiments, raw, refusal, save

pytestmark = pytest.mark.usefixtures("nothing_known")
RNG = np.random.default_rng(0)


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
