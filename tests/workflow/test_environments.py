"""Where a run may stand: paths with blanks and umlauts, a checkout elsewhere, no locale, no hard links."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import Project
from tests.workflow.tiny import TINY

pytestmark = pytest.mark.workflow

_WITHOUT_LINKS = """
import os


def link(*arguments, **options):
    raise OSError(95, "Operation not supported")


os.link = link
"""


@pytest.fixture
def checkout(tmp_path) -> Project:
    root = tmp_path / "mein Prüfstand"
    root.mkdir()
    return Project.copy_of(Path(__file__).parents[2], root)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_beside_its_checkout(checkout, tmp_path):
    """Nothing is written into the checkout, which may be read-only; its results stand where it was asked for."""
    config = checkout.root / checkout.write_config("tiny.yaml", TINY)
    folder = tmp_path / "Läufe σ"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_WITHOUT_LINKS)
    environment = {name: value for name, value in checkout.environment.items() if name != "LANG"} | {"LC_ALL": "C"}
    environment["PYTHONPATH"] = f"{checkout.root / 'src'}:{folder}"
    before = contents(checkout.root)
    command = [sys.executable, "-m", "snakemake", "-s", str(checkout.root / "Snakefile"), "--directory", str(folder)]
    arguments = ["--configfile", str(config), "--cores", "2", "--", "all_describe_trajectory"]
    done = subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert contents(checkout.root) == before
    assert list(folder.glob("results/store/describe_trajectory/double_well/*/description.nc"))
