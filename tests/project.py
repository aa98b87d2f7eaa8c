"""A temporary copy of the project, and what tests do with it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

_COPIED = ("Snakefile", "workflow", "config", "profiles", "src", "examples")


@dataclass(frozen=True)
class Project:
    """A copy of the project in ``root`` that runs with its own copy of the library."""

    root: Path

    @classmethod
    def copy_of(cls, original: Path, root: Path) -> Project:
        for name in _COPIED:
            source = original / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy(source, root / name)
        return cls(root)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of child processes: the copy's library comes first, byte code is not shared."""
        return os.environ | {"PYTHONPATH": str(self.root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def snakemake(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "snakemake", *arguments]
        result = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        if check and result.returncode:
            raise AssertionError(f"{' '.join(command)} failed:\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}")
        return result

    def planned_jobs(self, *arguments: str) -> dict[str, int]:
        """Jobs by rule that a dry run announces, without the target rule."""
        output = self.snakemake("-n", *arguments, check=True)
        text = output.stdout + output.stderr
        if "Nothing to be done" in text:
            return {}
        table = re.search(r"^-+\s+-+\n(.*?)^total", text, flags=re.MULTILINE | re.DOTALL)
        rows = [line.split() for line in table.group(1).splitlines() if line.strip()]
        return {rule: int(count) for rule, count in rows if rule != "all"}

    def write_example(self) -> None:
        """Writes the observations of ``config/sunspots.yaml``."""
        subprocess.run([sys.executable, "examples/monthly_sunspots.py"], cwd=self.root, check=True, capture_output=True)

    def write_config(self, name: str, content: dict) -> str:
        path = self.root / "config" / name
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return f"config/{name}"

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces text that must be there exactly once."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new))

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every data file of the store; the records of costs are volatile and left out."""
        store = self.root / "results" / "store"
        return {
            str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(store.rglob("*.nc"))
        }
