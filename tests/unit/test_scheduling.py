"""How ``make test`` spreads the tests over processes."""

import re
from pathlib import Path

import pytest

from tests.scheduling import place_of, unit_of

TESTS = Path(__file__).parents[1]


def files_with(word: str) -> set[str]:
    """Files of tests that have a word, as in the names of tests."""
    found = (path for path in TESTS.glob("*/test_*.py") if re.search(rf"\b{word}\b", path.read_text()))
    return {f"tests/{path.relative_to(TESTS)}" for path in found if path != Path(__file__)}


@pytest.mark.parametrize("fixture", ["lab", "quick_run", "finished_sweep", "finished_tiny"])
def test_what_is_shared_and_slow_is_made_in_one_process(fixture):
    files = files_with(fixture)
    assert len(files) > 1 and len({unit_of(f"{file}::test_one[a::b]") for file in files}) == 1


def test_other_files_are_units():
    assert unit_of("tests/unit/test_race.py::test_a_race[a::b]") == "tests/unit/test_race.py"
    assert unit_of("tests/workflow/test_quick_run.py::test_it") != unit_of("tests/workflow/test_reruns.py::test_it")


def test_folders_with_long_files_come_first():
    folders = {path.parent.name for path in TESTS.glob("*/test_*.py")}
    places = {folder: place_of(f"tests/{folder}/test_it.py::test_it") for folder in folders}
    assert sorted(places, key=places.get) == ["slurm", "workflow", "report", "statistical", "unit"]
