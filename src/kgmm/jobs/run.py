"""Runs tasks: the function of their stage, failed results, receipts and done files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path

from threadpoolctl import threadpool_limits

from kgmm.config.stages import STAGES
from kgmm.errors import ScientificFailure
from kgmm.jobs.costs import CostMeter, environment, write_facts
from kgmm.jobs.damage import refuse_damaged_inputs
from kgmm.jobs.failures import refuse_failed_inputs, write_failed
from kgmm.jobs.full_disk import full_disk_told
from kgmm.jobs.job import Job
from kgmm.jobs.logs import logged, logged_as_well
from kgmm.jobs.receipts import BROKEN, write_receipt
from kgmm.jobs.reruns import mark_done, why_due
from kgmm.jobs.tasks import Task

logger = logging.getLogger("kgmm")


def run_tasks(tasks: Sequence[Task], log: str, done: str) -> None:
    """Runs the tasks of one job, one after the other.

    A task that an earlier attempt finished is not computed again. An error in one does not keep the rest from being
    computed. Done files are written at the end.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks of one stage.
    log : str
        File with what the job says; of several tasks each has a file of its own besides.
    done : str
        The done file of the job.

    Raises
    ------
    RuntimeError
        If one of several tasks raised an error; the error itself if there is only one task.
    """
    _function_of(tasks[0].stage)  # imported before the clock of the first task starts
    costs = CostMeter()
    broken = []
    with logged(log):
        for number, task in enumerate(tasks, 1):
            if len(tasks) > 1:
                logger.info("%d of %d: %s", number, len(tasks), task.key)
            try:
                with logged_as_well(task.log) if len(tasks) > 1 else nullcontext():
                    run_task(task, costs)
            except Exception as error:
                with suppress(OSError):  # of a full disk; without a receipt the task is computed again as well
                    write_receipt(task, {"status": BROKEN, "reason": str(error)} | costs.lap())
                if len(tasks) == 1:
                    raise
                broken.append(task.key)
        if broken:
            raise RuntimeError(f"{len(broken)} of {len(tasks)} tasks broke ({', '.join(broken)}); the others are kept")
        for task in tasks:
            mark_done(task)
        Path(done).touch()


def run_task(task: Task, costs: CostMeter | None = None) -> None:
    """Computes one task in this process, unless its files are there already, and writes its receipt.

    A :class:`ScientificFailure`, or an input that is a failed result, makes every output a file that says so.
    """
    costs = costs or CostMeter()
    if why_due(task) is None:
        logger.info("computed by an earlier attempt")
        costs.lap()
        return
    Path(task.receipt).unlink(missing_ok=True)
    for path in task.outputs.values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with full_disk_told(task.receipt):
        status, reason = _compute(task)
        write_receipt(task, {"status": status, "reason": reason} | costs.lap() | environment())


def _compute(task: Task) -> tuple[str, str]:
    """Status and reason of the result; a failed result is written in place of the outputs."""
    stage, compute = STAGES[task.stage], _function_of(task.stage)
    refuse_damaged_inputs(task)
    try:
        refuse_failed_inputs(path for name, path in task.inputs.items() if not name.startswith(stage.tolerates))
        # Snakemake limits the threads of its jobs; in a process of the user's nothing else does.
        with threadpool_limits(task.threads, user_api="blas"):
            compute(Job.of(task))
    except ScientificFailure as failure:
        logger.warning("failed result: %s", failure)
        for path in task.outputs.values():
            write_failed(path, str(failure))
        return "failed", str(failure)
    for path in task.outputs.values():
        if not Path(path).exists():
            raise FileNotFoundError(f"{stage.name} did not write {path}")
    return "ok", ""


def _function_of(stage: str) -> Callable[[Job], None]:
    return getattr(import_module(f"kgmm.stages.{stage}"), stage)


@contextmanager
def recorded(record: str, log: str, name: str, key: str, threads: int = 1, costs: CostMeter | None = None):
    """:func:`logged`, with a record of the costs of a job that belongs to a run and not to the store.

    Yields the facts of the record: a job that deals with a failure sets their ``status`` and ``reason``.
    """
    costs = costs or CostMeter()
    facts = {"stage": name, "key": key, "threads": threads, "status": "ok", "reason": ""}
    with logged(log):
        yield facts
        write_facts(Path(record), facts | costs.lap() | environment())
