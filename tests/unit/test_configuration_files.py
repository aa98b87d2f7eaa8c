"""What YAML allows in configuration files: anchors and merges are read, keys that stand twice are refused."""

import subprocess
from pathlib import Path

import pytest
import yaml

from kgmm.config.parsing import ConfigError, parse_config
from kgmm.config.repeated_keys import refuse_repeated_keys
from kgmm.jobs.plan import Plan

ROOT = Path(__file__).parents[2]

ANCHORS = """
name: anchors
experiments:
  - &first
    name: one
    system: {name: double_well}
    simulation: &simulation {n_members: 200, n_times: 5}
  - <<: *first
    name: two
    simulation: {<<: *simulation, n_members: 300}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text)
    return file


def test_anchors_and_merges_are_read(tmp_path):
    refuse_repeated_keys([write(tmp_path, ANCHORS)])
    one, two = Plan(yaml.safe_load(ANCHORS)).experiments
    assert (one.simulation.n_members, two.simulation.n_members, two.simulation.n_times) == (200, 300, 5)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("name: a\nname: b\n", 2, "name"),
        ("experiments:\n  - name: a\n    estimator:\n      sigma: 0.1\n      sigma: 0.2\n", 5, "sigma"),
        (ANCHORS.replace("name: two", "name: two\n    name: three"), 10, "name"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path, text, line, key):
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        refuse_repeated_keys([file])
    assert str(refused.value) == f"{file}, line {line}: {key!r} is there for the second time, and only one can count"


def test_nested_anchors_and_broken_files_take_no_time(tmp_path):
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    refuse_repeated_keys([write(tmp_path, "\n".join(lines))])
    refuse_repeated_keys([write(tmp_path, "name: ["), tmp_path / "gone.yaml", write(tmp_path, "")])


def test_large_values_are_told_by_their_beginning():
    nested = ["x"]
    for _ in range(30):
        nested = [nested] * 9
    with pytest.raises(
        ConfigError, match=r"experiments\.0 is \[.*\.\.\..*\]: input should be a valid dictionary"
    ) as told:
        parse_config({"name": "x", "experiments": nested})
    assert len(str(told.value)) < 5000


def test_all_files_that_are_shipped_hold_every_key_once():
    refuse_repeated_keys(ROOT.glob("config/**/*.yaml"))


@pytest.mark.parametrize(("target", "option"), [("sweep", "--configfile"), ("paper", "--workflow-profile")])
def test_make_takes_paths_with_blanks(target, option):
    given = ["SWEEP=config/my sweep.yaml", "PROFILE=my profile"]
    said = subprocess.run(["make", "-n", target, *given], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = {"--configfile": '"config/my sweep.yaml"', "--workflow-profile": '"profiles/my profile"'}
    assert f"{option} {paths[option]}" in said
