"""What jobs cost, and the versions they ran with; apart from the data, which stay the same from run to run."""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_RECORDED_PACKAGES = ("kgmm", "torch", "numpy", "scipy", "xarray", "netCDF4", "snakemake")


def write_facts(path: Path, facts: dict) -> None:
    """Writes facts as JSON, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(facts, indent=1) + "\n")
    part.replace(path)


class CostMeter:
    """Costs of the tasks that a process works on one after the other, the first of which bears those of its start."""

    def __init__(self):
        import psutil

        self._start = time.time()
        # From the start of the process to the first line of the stage: interpreter and imports.
        self._startup = self._start - psutil.Process().create_time()
        self._cpu = 0.0

    def lap(self) -> dict:
        """Costs since the last call, or since the start; memory is the largest so far."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        now, cpu = time.time(), usage.ru_utime + usage.ru_stime
        costs = {
            "wall_s": round(now - self._start, 3),
            "startup_s": round(self._startup, 3),
            "cpu_s": round(cpu - self._cpu, 3),
            "peak_memory_mb": round(usage.ru_maxrss / 1024, 1),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "host": platform.node(),
        }
        self._start, self._startup, self._cpu = now, 0.0, cpu
        return costs


@cache
def environment() -> dict:
    """Versions and commit of what runs."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": _versions(),
        "commit": commit(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _RECORDED_PACKAGES:
        with suppress(PackageNotFoundError):  # Snakemake is not needed for a model of a single file
            found[name] = version(name)
    return found


def commit() -> str:
    """Commit of the working tree, with ``+`` if it has changes; empty outside a checkout."""
    command = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    return ""
