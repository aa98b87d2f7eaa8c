"""The wheel by itself: what it declares is enough for the README's example, from another folder."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.workflow.test_documentation import python_block

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def wheel(new_project) -> Path:
    root = new_project().root
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (root / name).write_text((Path(__file__).parents[2] / name).read_text())
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (path,) = (root / "dist").glob("kgmm-*.whl")
    return path


def declared(path: Path) -> set[str]:
    """Names of the packages that the wheel needs without extras, and of all that these need."""
    with zipfile.ZipFile(path) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        lines = re.findall(r"^Requires-Dist: (.*)$", archive.read(metadata).decode(), flags=re.MULTILINE)
    found, pending = set(), lines
    while pending:
        requirement = Requirement(pending.pop())
        if requirement.name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        try:
            pending += distribution(requirement.name).requires or []
        except PackageNotFoundError:  # of another platform
            continue
        found.add(requirement.name)
    return found


def site_of(names: set[str], folder: Path) -> Path:
    """A folder with these installed packages and no others. (To install torch once more would take minutes.)"""
    folder.mkdir()
    for name in names:
        own = distribution(name)
        for top in {file.parts[0] for file in own.files if file.parts[0] not in ("..", "__pycache__")}:
            link = folder / top
            if not link.exists():
                link.symlink_to(own.locate_file(top))
    return folder


def run(code: str, wheel: Path, site: Path, folder: Path) -> subprocess.CompletedProcess:
    """Code in an interpreter that sees the standard library, the wheel and the packages in ``site``."""
    library = folder / "library"
    if not library.exists():
        zipfile.ZipFile(wheel).extractall(library)
    start = f"import sys; sys.path += [{str(library)!r}, {str(site)!r}]\n"
    return subprocess.run([sys.executable, "-I", "-S", "-c", start + code], cwd=folder, capture_output=True, text=True)


def test_the_readme_example_runs_with_what_the_wheel_declares(wheel, tmp_path):
    names = declared(wheel)
    assert {"torch", "pandas", "scikit-learn", "pydantic"} <= names and "snakemake" not in names
    done = run(python_block("README.md"), wheel, site_of(names, tmp_path / "site"), tmp_path)
    assert done.returncode == 0, done.stderr
    verdict, response = done.stdout.splitlines()
    assert verdict.startswith("The model can be used for densities, joint densities, time scales and tails, which are")
    # A push of the first variable moves its mean on; the second does not depend on it.
    first, second = map(float, response.strip("[] ").split())
    assert first > 5 * abs(second)


def test_what_is_not_declared_is_not_there(wheel, tmp_path):
    """Negative control: without one of them the package does not work."""
    site = site_of(declared(wheel) - {"pandas"}, tmp_path / "site")
    done = run("import kgmm; kgmm.compare", wheel, site, tmp_path)
    assert done.returncode != 0 and "No module named 'pandas'" in done.stderr
