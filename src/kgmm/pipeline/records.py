"""Records of what jobs cost and ran with, kept apart from data so that these stay the same from run to run."""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

_RECORDED_PACKAGES = ("kgmm", "torch", "numpy", "scipy", "xarray", "netCDF4", "snakemake")


def write_record(path: Path, start: float, **facts) -> None:
    """Writes ``facts`` with the costs of this process, whose work began at ``start``; complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(facts | _costs(start), indent=1) + "\n")
    part.replace(path)


def _costs(start: float) -> dict:
    import psutil

    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "wall_s": round(time.time() - start, 3),
        # From the start of the process to the first line of the stage: interpreter and imports.
        "startup_s": round(start - psutil.Process().create_time(), 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_memory_mb": round(usage.ru_maxrss / 1024, 1),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "host": platform.node(),
        **environment(),
    }


def environment() -> dict:
    """Versions and commit of what runs."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version(name) for name in _RECORDED_PACKAGES},
        "commit": commit(),
    }


def commit() -> str:
    """Commit of the working tree, with ``+`` if it has changes; empty outside a checkout."""
    command = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    return ""
