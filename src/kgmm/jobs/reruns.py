"""Which tasks are computed again, and why: receipts are compared with code, inputs and outputs as they are now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from kgmm.jobs.receipts import BROKEN, DAMAGED, read_receipt, stamps_of
from kgmm.jobs.tasks import Task

NEVER = "it was never computed"
FORCED = "its stage is forced"


def why_due(task: Task) -> str | None:
    """Why a task has to be computed; ``None`` if its files are there as its code made them from its inputs.

    This is the rule by which jobs are run again: code, inputs and outputs are compared with those of the receipt. The
    settings need no comparison, for they are in the key of the task.
    """
    receipt = read_receipt(task)
    if receipt is None:
        return NEVER
    if receipt.get("status") == BROKEN:
        return "it broke the last time"
    if receipt.get("status") == DAMAGED:
        return "a file was damaged or gone"
    if receipt.get("code") != task.fingerprint:
        return "its code has changed"
    if receipt.get("outputs") != stamps_of(task.outputs):
        return "a file is missing or was changed"
    if receipt.get("inputs") != stamps_of(task.made_inputs):
        return "an input has changed"
    return None


def synchronize(tasks: Iterable[Task], is_forced: Callable[[str], bool] = lambda stage: False) -> dict[str, list[Task]]:
    """Makes the done files of tasks agree with their receipts; returns the tasks to be computed again, by the reason.

    Snakemake knows nothing but done files: a task without one is computed. Whatever interrupted an earlier run, after
    this they say the truth. What builds on a task that is to be computed has none either.
    """
    again: dict[str, list[Task]] = {}
    due: set[str] = set()
    for task in sorted(tasks, key=lambda task: task.depth):
        reason = why_due(task) or (FORCED if is_forced(task.stage) else None)
        if reason is None and due.isdisjoint(task.awaited):
            if not Path(task.done).exists():
                mark_done(task)
            continue
        due.add(task.done)
        if Path(task.done).exists():  # where results can only be read, a plan is still to be had
            Path(task.done).unlink()
        if reason not in (None, NEVER):
            again.setdefault(reason, []).append(task)
    return again


def forget(tasks: Iterable[Task]) -> None:
    """Removes the receipts of tasks, which are computed again whatever their files are."""
    for task in tasks:
        Path(task.receipt).unlink(missing_ok=True)


def mark_done(task: Task) -> None:
    """Writes the done file, as old as the receipt: a task finished before is not newer than what follows it."""
    path = Path(task.done)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    stamp = os.stat(task.receipt).st_mtime_ns
    os.utime(path, ns=(stamp, stamp))
