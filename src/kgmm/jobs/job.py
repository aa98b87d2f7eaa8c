"""The context of a job: inputs, seed, log, atomic outputs, failed results and the record of costs."""

from __future__ import annotations

import glob
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.jobs import kept
from kgmm.jobs.failures import refuse_failed_inputs, write_failed
from kgmm.jobs.records import CostMeter, write_record
from kgmm.jobs.seeds import seed_sequence
from kgmm.jobs.tasks import Task

logger = logging.getLogger("kgmm")

_LOG_FORMAT = "%(asctime)s %(message)s"


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
    """Runs one stage under Snakemake, for the tasks in ``snakemake.params.tasks``.

    Outputs appear under their declared names only when complete. A :class:`ScientificFailure`, or an input that is a
    failed result, makes every output a file that says so, and the job succeeds. Inputs whose name starts with one of
    ``tolerated`` may be failed results: the stage deals with them.

    Of several tasks those that are finished stay finished, whatever becomes of the others: :mod:`kgmm.jobs.kept`.
    An error in one does not keep the rest from being done; the job fails in the end, with a :class:`RuntimeError`.
    """
    costs = CostMeter()
    tasks = snakemake.params.tasks.tasks
    with logged(snakemake.log[0]):
        if len(tasks) == 1:
            _run_task(compute, tasks[0], tolerated, costs)
            kept.unmark_broken(tasks[0])
        else:
            _run_bundle(compute, tasks, tolerated, costs, snakemake.log[0])


def _run_bundle(compute: Callable[[Job], None], tasks: tuple[Task, ...], tolerated, costs: CostMeter, log: str) -> None:
    broken = []
    for number, task in enumerate(tasks, 1):
        logger.info("%d of %d: %s", number, len(tasks), task.key)
        if kept.restore(task):
            logger.info("kept by an earlier attempt")
            costs.lap()
            continue
        try:
            with _logged_as_well(task.log):
                _run_task(compute, task, tolerated, costs)
        except Exception:
            kept.mark_broken(task)
            broken.append(task.key)
            costs.lap()
        else:
            kept.unmark_broken(task)
            kept.keep(task)
    if broken:
        raise RuntimeError(f"{len(broken)} of {len(tasks)} tasks broke ({', '.join(broken)}); the others are kept")
    for task in tasks:
        kept.forget(task)


def _run_task(compute: Callable[[Job], None], task: Task, tolerated: tuple[str, ...], costs: CostMeter) -> None:
    outputs = {name: Path(path) for name, path in task.outputs.items()}
    _set_threads(task.threads)
    _remove_leftovers(outputs.values())
    temporary = {name: path.with_name(f".{path.name}.{os.getpid()}.part") for name, path in outputs.items()}
    inputs = kept.input_stamps(task)
    job = Job(
        settings=task.settings,
        inputs=SimpleNamespace(**task.inputs),
        outputs=SimpleNamespace(**temporary),
        seed=seed_sequence(task.settings["seed"], task.stage, task.key),
    )
    try:
        status, reason = _compute(compute, job, tolerated)
        for name, path in outputs.items():
            temporary[name].replace(path)
        facts = {"stage": task.stage, "key": task.key, "threads": task.threads, "status": status, "reason": reason}
        write_record(Path(task.record), facts | costs.lap() | {"code": task.fingerprint, "inputs": inputs})
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
    costs = CostMeter()
    with logged(snakemake.log[0]):
        yield
        facts = {"stage": stage, "key": key, "threads": snakemake.threads, "status": "ok", "reason": ""}
        write_record(Path(snakemake.output.record), facts | costs.lap())


@contextmanager
def logged(path: str):
    """Sends log lines, and the traceback of an error, to a file."""
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, handlers=[_log_file(path)], force=True)
    with _traceback_logged():
        yield


@contextmanager
def _logged_as_well(path: str):
    """Sends log lines, and the traceback of an error, to one more file."""
    handler = _log_file(path)
    handler.setFormatter(logging.Formatter(_LOG_FORMAT))
    logging.getLogger().addHandler(handler)
    try:
        with _traceback_logged():
            yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


@contextmanager
def _traceback_logged():
    try:
        yield
    except BaseException:
        logger.error("%s", traceback.format_exc())
        raise


def _log_file(path: str) -> logging.FileHandler:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return logging.FileHandler(path, mode="w")


def _set_threads(threads: int) -> None:
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
