"""From a configuration to experiments: multiplying out, and errors of one sentence."""

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kgmm.config.parsing import ConfigError, parse_config, read_config
from kgmm.config.schema import TABLE_END, TABLE_START, config_schema, keys_table

CONFIG = Path(__file__).parents[2] / "config"


def raw(*blocks: dict, **run) -> dict:
    blocks = blocks or ({},)
    named = [{"name": f"block{k}", "system": {"name": "double_well"}, **block} for k, block in enumerate(blocks)]
    return {"name": "test", "experiments": named, **run}


def rows(*blocks: dict, **run) -> list:
    return parse_config(raw(*blocks, **run))[1]


def refusal(*blocks: dict, **run) -> str:
    with pytest.raises(ConfigError) as error:
        parse_config(raw(*blocks, **run))
    message = str(error.value)
    assert "\n" not in message
    return message


def test_an_unknown_key_at_the_top_does_not_hide_other_mistakes():
    blocks = [
        {"name": "a", "system": {"name": "double_wel"}},
        {"name": "b", "system": {"name": "double_well"}, "sigma": 1},
    ]
    with pytest.raises(ConfigError) as error:
        parse_config({"name": "run", "experimnts": 3, "experiments": blocks})
    first, second, third = error.value.mistakes
    assert first.startswith("experimnts is an unknown key") and first.endswith("did you mean 'experiments'?")
    assert "did you mean 'double_well'?" in second and "experiments[1] (b).sigma is an unknown key" in third
    with pytest.raises(ConfigError) as error:
        parse_config({"name": "run", "experimnts": 3})
    assert len(error.value.mistakes) == 2


def test_all_mistakes_are_listed_at_once():
    first = {"estimator": {"sigmma": 1.0, "max_draws": 0}, "network": {"hidden": "wide"}}
    with pytest.raises(ConfigError) as error:
        parse_config(raw(first, {}, {"system": {"name": "double_wel"}}))
    message = str(error.value)
    heading, *mistakes = message.splitlines()
    assert heading == "4 mistakes:" and len(error.value.mistakes) == len(mistakes) == 4
    assert any("sigmma is an unknown key" in line and line.endswith("did you mean 'sigma'?") for line in mistakes)
    assert any("estimator.max_draws is 0" in line for line in mistakes)
    assert any("network.hidden" in line for line in mistakes)
    assert "experiments[2] (block2).system.name" in mistakes[-1]


def test_nothing_is_proposed_for_a_key_like_no_other():
    assert "did you mean" not in refusal({"estimator": {"zzz": 1}})


def test_a_block_without_lists_is_one_experiment_with_the_defaults_of_its_system():
    (row,) = rows({})
    assert (row.name, row.system.name, row.replicate) == ("block0", "double_well", 0)
    assert (row.simulation.scheme, row.simulation.dt, row.simulation.sample_interval) == ("heun", 0.005, 5.0)
    assert (row.estimator.sigma, row.until) == (0.05, "model")


def test_grid_multiplies_and_zip_pairs():
    axes = {"estimator": {"sigma": [0.1, 0.2, 0.3]}, "data": {"held_out": [0.2, 0.3, 0.4]}}
    grid, paired = rows(axes), rows({**axes, "mode": "zip"})
    values = [(s, h) for s in (0.1, 0.2, 0.3) for h in (0.2, 0.3, 0.4)]
    assert [(r.estimator.sigma, r.data.held_out) for r in grid] == values
    assert [(r.estimator.sigma, r.data.held_out) for r in paired] == [(0.1, 0.2), (0.2, 0.3), (0.3, 0.4)]


def test_replicates_are_numbered_from_the_first():
    found = rows({"replicates": 2, "first_replicate": 3, "estimator": {"sigma": [0.1, 0.2]}})
    assert [(r.estimator.sigma, r.replicate) for r in found] == [(0.1, 3), (0.1, 4), (0.2, 3), (0.2, 4)]


def test_a_setting_that_is_a_list_is_one_value_and_a_list_of_lists_several():
    assert [r.network.hidden for r in rows({"network": {"hidden": [32, 16]}})] == [[32, 16]]
    assert [r.network.hidden for r in rows({"network": {"hidden": [[32], [64, 32]]}})] == [[32], [64, 32]]


def test_systems_and_their_parameters_multiply_out_too():
    potential = {"name": "asymmetric_potential", "parameters": {"rotation": [0, 0.8]}}
    assert [r.system.parameters for r in rows({"system": potential})] == [{"rotation": 0}, {"rotation": 0.8}]
    several = rows({"system": [{"name": "double_well"}, {"name": "ornstein_uhlenbeck"}]})
    assert [r.simulation.sample_interval for r in several] == [5.0, 3.0]  # each with its own defaults


def test_settings_of_a_block_come_before_defaults_and_those_before_the_system():
    found = rows(
        {"estimator": {"sigma": 0.2}},
        {"simulation": {"dt": 0.01}},
        defaults={"estimator": {"sigma": 0.1, "max_draws": 8}, "simulation": {"n_members": 500, "dt": 0.0025}},
    )
    assert [(r.estimator.sigma, r.estimator.max_draws) for r in found] == [(0.2, 8), (0.1, 8)]
    assert [(r.simulation.dt, r.simulation.n_members) for r in found] == [(0.0025, 500), (0.01, 500)]


def test_lists_among_the_defaults_multiply_out_as_the_schema_says():
    assert [r.estimator.sigma for r in rows({}, defaults={"estimator": {"sigma": [0.1, 0.2]}})] == [0.1, 0.2]


@pytest.mark.parametrize("key", ["name", "replicate", "sistem"])
def test_unknown_keys_among_the_defaults_are_refused(key):
    assert key in refusal({}, defaults={key: 3})


def test_the_configuration_is_not_changed():
    given = raw({"estimator": {"sigma": [0.1, 0.2]}}, defaults={"data": {"held_out": 0.3}})
    before = copy.deepcopy(given)
    parse_config(given)
    assert given == before


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"estimator": {"sigmma": 1}}, "experiments[0] (block0).estimator.sigmma is an unknown key: known here are"),
        ({"sistem": {}}, "experiments[0] (block0).sistem is an unknown key: known here are name, system, simulation"),
        ({"system": {"name": "tripple_well"}}, "system.name: unknown system 'tripple_well': known are"),
        ({"system": {"name": "double_well", "parameters": {"a": 1.0}}}, "double_well has no parameter 'a'"),
        ({"estimator": {"sigma": -0.1}}, "estimator.sigma is -0.1: input should be greater than 0"),
        ({"estimator": {"sigma": "1e-5"}}, "is '1e-5': input should be a valid number (YAML reads 1e-5 as text: write"),
        ({"estimator": {"sigma": "small"}}, "estimator.sigma is 'small': input should be a valid number"),
        ({"estimator": {"sigma": []}}, "estimator.sigma is an empty list: at least one value is needed"),
        (
            {"estimator": {"method": "dsn"}},
            "unknown method 'dsn': known are kgmm, auto, kgmm_cells, stable, gmm_network, dsm, gmm; did you",
        ),
        ({"estimator": {"max_draws": 7}}, "estimator.max_draws is 7: input should be a multiple of 2"),
        ({"estimator": {"max_draws": 2}}, "estimator: min_draws is 4: it must not exceed max_draws = 2"),
        ({"estimator": {"sigma": float("nan")}}, "estimator.sigma is nan: input should be"),
        ({"estimator": {"max_draws": True}}, "estimator.max_draws is True: input should be a valid integer"),
        ({"estimator": {"max_draws": 8.0}}, "estimator.max_draws is 8.0: input should be a valid integer"),
        ({"network": {"hidden": []}}, "network.hidden is []: list should have at least 1 item"),
        ({"network": {"hidden": [0]}}, "network.hidden.0 is 0: input should be greater than or equal to 1"),
        (
            {"simulation": {"scheme": "rk5"}},
            "simulation.scheme: unknown scheme 'rk5': known are etdrk4, euler_maruyama, heun",
        ),
        ({"simulation": {"burn_in": 0.0049}}, "burn_in is 0.0049: it must be a whole multiple of 0.005"),
        ({"simulation": {"path_members": 99999}}, "path_members is 99999: at most n_members = 10000"),
        ({"data": {"n_samples": 900_000}}, "data.n_samples is 900000: the simulation gives 800000 training samples"),
        (
            {"estimator": {"min_probability": 1e-6}},
            "estimator.min_probability is 1e-06: the simulation gives 800000 training samples (8000 members of 100), "
            "and 800000 samples allow no less than 6.3e-06 (5 samples per cell)",
        ),
        (
            {"simulation": {"n_members": 200, "n_times": 1}},
            "data.held_out is 0.2: it leaves 40 samples, 100 are needed",
        ),
        (
            {"simulation": {"n_members": 20, "n_times": 1, "path_members": 4}},
            "estimator.n_blocks is 20: the simulation gives 16 training samples (16 members of 1), two per block are",
        ),
        ({"simulation": {"shards": 0}}, "simulation.shards is 0: input should be greater than or equal to 1"),
        ({"simulation": {"shards": 101}}, "simulation.shards is 101: at most path_members = 100 are possible"),
        (
            {"simulation": {"path_members": 2, "shards": 3}},
            "simulation.shards is 3: at most path_members = 2 are possible",
        ),
        ({"data": {"points": 1}}, "data.points is 1: the variables of double_well do not lie on a ring"),
        ({"data": {"shifts": 2}}, "data.shifts is 2: the variables of double_well do not lie on a ring"),
        (
            {"system": {"name": "kuramoto_sivashinsky"}, "data": {"points": 5}},
            "data.points is 5: it must divide the 64 variables of the ring",
        ),
        (
            {"system": {"name": "kuramoto_sivashinsky"}, "data": {"points": 128}},
            "data.points is 128: it must divide the 64 variables of the ring",
        ),
        (
            {"system": {"name": "kuramoto_sivashinsky"}, "data": {"points": 4, "shifts": 3}},
            "data.shifts is 3: it must divide the 64 variables of the ring",
        ),
        (
            {
                "system": {"name": "kuramoto_sivashinsky", "parameters": {"n_grid": 24}},
                "data": {"points": 4, "shifts": 16},
            },
            "data.shifts is 16: it must divide the 24 variables of the ring",
        ),
        ({"data": {"points": 0}}, "data.points is 0: input should be greater than or equal to 1"),
        ({"until": "data"}, "until is 'data': input should be 'trajectory', 'score', 'model' or 'race'"),
        ({"replicate": 3}, "experiments[0] (block0).replicate is 3: a block has no such key"),
        ({"mode": "product"}, "experiments.0.mode is 'product': input should be 'grid' or 'zip'"),
        ({"name": "Two Wells"}, "experiments.0.name is 'Two Wells': string should match pattern"),
        ({"estimator": 3}, "experiments[0] (block0).estimator is 3: input should be"),
    ],
)
def test_refusals_name_key_value_and_what_is_allowed(block, message):
    assert message in refusal(block)


def test_the_hint_about_numbers_is_given_only_where_it_helps():
    assert "YAML" not in refusal({"estimator": {"sigma": "small"}})
    value = yaml.safe_load("1e-5")
    assert "write 1.0e-5" in refusal({"estimator": {"sigma": value}})
    assert "write 1.0e-5" in refusal({"estimator": {"min_probability": value}})


def test_zip_with_unequal_lists_says_their_lengths():
    message = refusal({"mode": "zip", "estimator": {"sigma": [0.1, 0.2]}, "data": {"held_out": [0.2, 0.3, 0.4]}})
    assert message.endswith("lists must have equal lengths, but estimator.sigma has 2, data.held_out has 3")


def test_refusals_of_the_whole_run():
    assert "the name 'block0' is used by several blocks" in refusal({}, {"name": "block0"})
    assert "makes 3 experiments: max_runs leaves room for 2" in refusal({"replicates": 3}, max_runs=2)
    assert "makes 2 experiments: max_runs leaves room for 1" in refusal({}, {"replicates": 2}, max_runs=2)
    ring = {"name": "ring", "kind": "ring", "blocks": ["block0", "block1"]}
    parse_config(raw({}, {}, figures=[ring]))
    assert "figures[0].blocks names 'block1': the blocks are block0" in refusal({}, figures=[ring])
    assert "figures[0].name is 'block1'" in refusal({}, {}, figures=[ring | {"name": "block1"}])
    assert "seeds is an unknown key: known here are name, title, seed" in refusal(seeds=3)
    with pytest.raises(ConfigError, match="no configuration is given: pass --configfile"):
        parse_config({})
    with pytest.raises(ConfigError, match=r"^experiments is missing$"):
        parse_config({"name": "x"})


def test_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    for name, message in (("list", "holds no mapping"), ("broken", "cannot be read"), ("none", "cannot be read")):
        with pytest.raises(ConfigError, match=f"{name}.yaml {message}"):
            read_config(tmp_path / f"{name}.yaml")


def test_shifted_copies_count_as_training_samples():
    ring = {
        "system": {"name": "kuramoto_sivashinsky"},
        "simulation": {"n_members": 200, "n_times": 5},
        "data": {"points": 4, "shifts": 16, "n_samples": 12_800},
    }
    assert rows(ring)[0].data.n_samples == 160 * 5 * 16
    ring["data"]["n_samples"] += 1
    assert "the simulation gives 12800 training samples (160 members of 5 in 16 copies)" in refusal(ring)


@pytest.mark.parametrize("path", sorted(CONFIG.rglob("*.yaml")), ids=lambda p: p.name)
def test_configurations_of_the_project_are_valid(path, monkeypatch, tmp_path):
    # Paths of data sets begin where Snakemake runs.
    monkeypatch.chdir(tmp_path)
    if path.name == "sunspots.yaml":
        shutil.copytree(CONFIG.parent / "examples", tmp_path / "examples")
        subprocess.run([sys.executable, "examples/monthly_sunspots.py"], check=True)
    raw = read_config(path)
    if path.name == "claims.yaml":
        raw = read_config(CONFIG / "config.yaml") | raw
    config, experiments = parse_config(raw)
    assert {e.name for e in experiments} == {block.name for block in config.experiments}


def test_schema_file_is_that_of_the_models():
    import json

    assert json.loads((CONFIG / "schema.json").read_text()) == config_schema()


def test_readme_holds_the_table_of_keys():
    readme = (CONFIG / "README.md").read_text()
    assert readme.split(TABLE_START)[1].split(TABLE_END)[0].strip() == keys_table().strip()


def test_schema_allows_lists_where_blocks_do():
    schema = config_schema()
    assert schema["additionalProperties"] is False
    sigma = schema["$defs"]["EstimatorSettings"]["properties"]["sigma"]
    single, several = sigma["anyOf"]
    assert several == {"type": "array", "items": single, "minItems": 1}
    assert single["exclusiveMinimum"] == 0
    assert sigma["description"].startswith("Noise amplitude")
    assert not {"replicate"} & set(schema["$defs"]["Block"]["properties"])
