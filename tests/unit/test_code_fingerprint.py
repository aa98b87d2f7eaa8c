"""The fingerprint of a stage changes with the code it runs and with nothing else."""

from pathlib import Path

import pytest

from kgmm.jobs import fingerprint
from kgmm.jobs.fingerprint import stage_fingerprint

SCRIPT = '''"""What it does."""
from kgmm.score import fit


def run(job):
    """Runs."""
    return fit(job) + 1
'''
FILES = {
    "score.py": "from kgmm.network import train\n\n\ndef fit(x):\n    return train(x)\n",
    "network.py": "from kgmm.progress import Progress\n\n\ndef train(x):\n    return 2 * x\n",
    "progress.py": "class Progress:\n    pass\n",
    "other.py": "VALUE = 1\n",
    "systems/__init__.py": "",
    "systems/wells.py": "DEPTH = 1\n",
    "__init__.py": "",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small library and a script, in place of the real ones."""
    for name, text in FILES.items():
        path = tmp_path / "kgmm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "stage.py").write_text(SCRIPT)
    monkeypatch.setattr(fingerprint, "_PACKAGE", tmp_path / "kgmm")
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """Files are read once per process."""
    for function in vars(fingerprint).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def current(package: Path, *extra: str) -> str:
    forget()
    return stage_fingerprint(package / "stage.py", extra)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("stage.py", "+ 1", "+ 2"),
        ("kgmm/score.py", "train(x)", "train(-x)"),
        ("kgmm/network.py", "2 * x", "3 * x"),  # imported by what the script imports
    ],
)
def test_editing_code_changes_it(package, name, old, new):
    before = current(package)
    edit(package / name, old, new)
    assert current(package) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("stage.py", '"""What it does."""', '"""What it does, in other words."""\n# and a comment'),
        ("stage.py", '    """Runs."""\n', ""),
        ("kgmm/network.py", "    return 2 * x", "    # doubles\n\n    return (2\n        * x)"),
        ("kgmm/other.py", "1", "2"),  # not imported
        ("kgmm/progress.py", "pass", "bar = 1"),  # without effect on results
        ("kgmm/systems/wells.py", "1", "2"),  # found by name only, and not named
    ],
)
def test_comments_docstrings_layout_and_other_modules_do_not(package, name, old, new):
    before = current(package)
    edit(package / name, old, new)
    assert current(package) == before


def test_docstring_where_there_was_none_does_not(package):
    before = current(package)
    edit(package / "kgmm/network.py", "def train(x):\n", 'def train(x):\n    """Trains."""\n')
    assert current(package) == before


def test_modules_found_by_name_count(package):
    before = current(package, "kgmm.systems.wells")
    assert before != current(package)
    edit(package / "kgmm/systems/wells.py", "1", "2")
    assert current(package, "kgmm.systems.wells") != before


@pytest.mark.parametrize(
    "statement",
    [
        "import kgmm.other",
        "from kgmm import other",
        "from kgmm.other import VALUE",
        "def later():\n    from kgmm.other import VALUE\n",
        "from .other import VALUE",
        "from . import other",
    ],
)
def test_every_form_of_import_is_followed(package, statement):
    edit(package / "kgmm/score.py", "from kgmm.network", f"{statement}\nfrom kgmm.network")
    before = current(package)
    edit(package / "kgmm/other.py", "1", "2")
    assert current(package) != before


def test_imports_for_types_only_are_not_followed(package):
    block = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from kgmm.other import VALUE\n"
    edit(package / "kgmm/score.py", "from kgmm.network", f"{block}from kgmm.network")
    before = current(package)
    edit(package / "kgmm/other.py", "1", "2")
    assert current(package) == before


def test_public_names_of_the_real_package_lead_to_their_modules(tmp_path):
    script = tmp_path / "stage.py"
    script.write_text("from kgmm import KGMM\n")
    forget()
    assert "kgmm.score.kgmm" in fingerprint._closure(script, ())
    assert {"kgmm.score.partition", "kgmm.score.moments"} <= fingerprint._closure(script, ())


def test_stages_of_the_workflow_see_the_modules_they_run():
    scripts = Path(__file__).parents[2] / "workflow" / "scripts"
    forget()
    cells = fingerprint._closure(scripts / "estimate_cells.py", ())
    assert {
        "kgmm.score.kgmm",
        "kgmm.score.partition",
        "kgmm.score.moments",
        "kgmm.data.standardization",
        "kgmm.data.trajectory",
    } <= cells
    assert not {"kgmm.langevin.model", "kgmm.score.model", "kgmm.score.network"} & cells
    assert "kgmm.score.partition" not in fingerprint._closure(scripts / "simulate_trajectory.py", ())
