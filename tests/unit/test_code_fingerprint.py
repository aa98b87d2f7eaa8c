"""The fingerprint of a stage changes with the code it runs and with nothing else."""

import json
from pathlib import Path

import pytest

from kgmm.config.stages import STAGES
from kgmm.jobs import fingerprint
from kgmm.jobs.fingerprint import stage_fingerprint

STAGE = '''"""What it does."""
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
    """A small library in place of the real one."""
    for name, text in FILES.items():
        path = tmp_path / "kgmm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "kgmm/stages").mkdir()
    (tmp_path / "kgmm/stages/fit.py").write_text(STAGE)
    monkeypatch.setattr(fingerprint, "_PACKAGE", tmp_path / "kgmm")
    monkeypatch.setattr(fingerprint, "_CACHE", tmp_path / "modules.json")
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
    return stage_fingerprint("fit", *extra)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("kgmm/stages/fit.py", "+ 1", "+ 2"),
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
        ("kgmm/stages/fit.py", '"""What it does."""', '"""What it does, in other words."""\n# and a comment'),
        ("kgmm/stages/fit.py", '    """Runs."""\n', ""),
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


def test_public_names_of_the_real_package_lead_to_their_modules(package):
    (package / "kgmm/stages/fit.py").write_text("from kgmm import KGMM\n")
    (package / "kgmm/score.py").unlink()
    (package / "kgmm/score").mkdir()
    (package / "kgmm/score/kgmm.py").write_text("VALUE = 1\n")
    forget()
    assert "kgmm.score.kgmm" in fingerprint.closure(("kgmm.stages.fit",))


def test_what_was_parsed_is_remembered_until_the_file_changes(package):
    before = current(package)
    fingerprint.remember_modules()
    known = json.loads((package / "modules.json").read_text())
    assert str(package / "kgmm/score.py") in known
    forget()
    fingerprint._parsed()[str(package / "kgmm/score.py")]["digest"] = "remembered"
    assert stage_fingerprint("fit") != before  # what is remembered is believed
    edit(package / "kgmm/score.py", "train(x)", "train( x )")
    fingerprint._module_at.cache_clear()
    fingerprint.stage_fingerprint.cache_clear()
    fingerprint.module_fingerprint.cache_clear()
    assert stage_fingerprint("fit") == before  # another size: parsed anew, the same code


def closure(stage: str) -> set[str]:
    return fingerprint.closure((f"kgmm.stages.{stage}",))


def test_stages_of_the_workflow_see_the_modules_they_run():
    forget()
    cells = closure("estimate_cells")
    assert {"kgmm.score.kgmm", "kgmm.score.partition", "kgmm.score.moments", "kgmm.data.standardization"} <= cells
    assert "kgmm.data.trajectory" in cells
    assert not {"kgmm.langevin.model", "kgmm.score.model", "kgmm.score.network"} & cells
    assert not {"kgmm.systems.base", "kgmm.score.partition"} & (cells ^ closure("estimate_cells"))
    assert "kgmm.score.partition" not in closure("simulate_trajectory")


@pytest.mark.parametrize("stage", list(STAGES))
def test_whatever_can_change_a_result_counts_for_every_stage(stage):
    """Seeds and threads are set in ``jobs/job.py``; logs, receipts and progress change no result."""
    forget()
    assert {"kgmm.jobs.job", "kgmm.jobs.seeds"} <= closure(stage)
    assert not {"kgmm.jobs.run", "kgmm.jobs.logs", "kgmm.jobs.receipts", "kgmm.progress"} & closure(stage)
