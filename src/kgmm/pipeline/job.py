"""The context of a job: inputs, seed, log, atomic outputs, failed results and the record of costs."""

from __future__ import annotations

import json
import logging
import os
import platform
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.pipeline.failures import refuse_failed_inputs, write_failed
from kgmm.pipeline.seeds import seed_sequence

logger = logging.getLogger("kgmm")

_RECORDED_PACKAGES = ("kgmm", "torch", "numpy", "scipy", "xarray", "netCDF4", "snakemake")


@dataclass(frozen=True)
class Job:
    """What a stage's function is given.

    Attributes
    ----------
    settings : the stage's settings, from the plan.
    inputs : input files by name.
    outputs : where to write each output; the files are moved to their declared names when the function returns.
    seed : source of all randomness of the job.
    """

    settings: dict
    inputs: SimpleNamespace
    outputs: SimpleNamespace
    seed: np.random.SeedSequence

    @property
    def system(self):
        """The system of the task's settings; ``None`` where data from a file take its place."""
        from kgmm.systems import get_system

        system = self.settings["system"]
        return None if system["kind"] == "dataset" else get_system(system["name"], **system["parameters"])

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda"``."""
        import torch

        device = self.settings["device"]
        if device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        return device


def run_job(compute: Callable[[Job], None], snakemake, tolerated: tuple[str, ...] = ()) -> None:
    """Runs one stage under Snakemake.

    Outputs appear under their declared names only when complete. A :class:`ScientificFailure`, or an input that is a
    failed result, makes every output a file that says so, and the job succeeds. Inputs whose name starts with one of
    ``tolerated`` may be failed results: the stage deals with them.
    """
    start = time.time()
    task = snakemake.params.task
    outputs = {name: Path(path) for name, path in snakemake.output.items() if name != "record"}
    record = Path(snakemake.output.record)
    _set_threads(task["threads"])
    temporary = {name: path.with_name(f".{path.name}.{os.getpid()}.part") for name, path in outputs.items()}
    job = Job(
        settings=task["settings"],
        inputs=SimpleNamespace(**dict(snakemake.input.items())),
        outputs=SimpleNamespace(**temporary),
        seed=seed_sequence(task["settings"]["seed"], task["stage"], task["key"]),
    )
    with logged(snakemake.log[0]):
        try:
            status, reason = _compute(compute, job, tolerated)
            for name, path in outputs.items():
                temporary[name].replace(path)
            part = record.with_name(f".{record.name}.part")
            part.write_text(json.dumps(_facts(task, status, reason, start), indent=1) + "\n")
            part.replace(record)
        finally:
            for path in temporary.values():
                with suppress(OSError):
                    path.unlink()


def _compute(compute: Callable[[Job], None], job: Job, tolerated: tuple[str, ...]) -> tuple[str, str]:
    """Status and reason of the result; a failed result is written in place of the outputs."""
    try:
        refuse_failed_inputs(path for name, path in vars(job.inputs).items() if not name.startswith(tolerated))
        compute(job)
    except ScientificFailure as failure:
        logger.warning("failed result: %s", failure)
        for path in vars(job.outputs).values():
            write_failed(path, str(failure))
        return "failed", str(failure)
    return "ok", ""


@contextmanager
def logged(path: str):
    """Sends log lines, and the traceback of an error, to a file."""
    start_log(path)
    try:
        yield
    except BaseException:
        logger.error("%s", traceback.format_exc())
        raise


def start_log(path: str) -> None:
    """Sends log lines to a file."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handlers = [logging.FileHandler(path, mode="w")]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers, force=True)


def _set_threads(threads: int) -> None:
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)


def _facts(task: dict, status: str, reason: str, start: float) -> dict:
    import psutil

    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "stage": task["stage"],
        "key": task["key"],
        "status": status,
        "reason": reason,
        "wall_s": round(time.time() - start, 3),
        # From the start of the process to the first line of the stage: interpreter and imports.
        "startup_s": round(start - psutil.Process().create_time(), 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_memory_mb": round(usage.ru_maxrss / 1024, 1),
        "threads": task["threads"],
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
