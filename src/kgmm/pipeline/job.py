"""The context of a job: inputs, seed, log, atomic outputs, failed results and the record of costs."""

from __future__ import annotations

import glob
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.pipeline.failures import refuse_failed_inputs, write_failed
from kgmm.pipeline.records import write_record
from kgmm.pipeline.seeds import seed_sequence

logger = logging.getLogger("kgmm")


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
    _set_threads(task["threads"])
    _remove_leftovers(outputs.values())
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
            facts = {name: task[name] for name in ("stage", "key", "threads")}
            write_record(Path(snakemake.output.record), start, **facts, status=status, reason=reason)
        finally:
            for path in temporary.values():
                with suppress(OSError):
                    path.unlink()


def _remove_leftovers(outputs: Iterable[Path]) -> None:
    """Removes what an earlier attempt left unfinished when it was killed."""
    for path in outputs:
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            leftover.unlink()


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
def recorded(snakemake, stage: str, key: str):
    """:func:`logged`, with a record of the costs of a job that belongs to a run and not to the store."""
    start = time.time()
    with logged(snakemake.log[0]):
        yield
        facts = {"stage": stage, "key": key, "threads": snakemake.threads, "status": "ok", "reason": ""}
        write_record(Path(snakemake.output.record), start, **facts)


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
