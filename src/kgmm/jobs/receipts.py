"""Receipts: what a finished task was computed from, what it cost, and what its files look like.

Snakemake deletes the declared outputs of a job that fails or is killed. Declared is one empty file, so that receipts
and data of the tasks that were finished stay, and the next attempt does not repeat them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from kgmm.jobs.costs import write_facts
from kgmm.jobs.tasks import Task

BROKEN = "broken"
NEVER = "it was never computed"
FORCED = "its stage is forced"


def write_receipt(task: Task, facts: dict) -> None:
    """Writes the receipt of a task whose files are complete.

    Parameters
    ----------
    facts : dict
        Status, reason, costs and versions. Code, inputs and outputs are added.
    """
    facts = {"stage": task.stage, "key": task.key, "code": task.fingerprint, "threads": task.threads} | facts
    if facts["status"] != BROKEN:
        facts |= {"inputs": _stamps(task.made_inputs), "outputs": _stamps(task.outputs)}
    write_facts(Path(task.receipt), facts)


def read_receipt(task: Task) -> dict | None:
    """The receipt of a task; ``None`` if there is none, or an unreadable one."""
    with suppress(OSError, ValueError):
        receipt = json.loads(Path(task.receipt).read_text())
        return receipt if isinstance(receipt, dict) else None
    return None


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
    if receipt.get("code") != task.fingerprint:
        return "its code has changed"
    if receipt.get("outputs") != _stamps(task.outputs):
        return "a file is missing or was changed"
    if receipt.get("inputs") != _stamps(task.made_inputs):
        return "an input has changed"
    return None


def is_broken(task: Task) -> bool:
    """Whether the last attempt at a task ended in an error that was not foreseen."""
    receipt = read_receipt(task)
    return receipt is not None and receipt.get("status") == BROKEN


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
        Path(task.done).unlink(missing_ok=True)
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


def _stamps(files: dict[str, str]) -> dict[str, list[int] | None]:
    """Size and time stamp of every file, which change when it is made anew; ``None`` where there is no file."""
    stamps = {}
    for name, path in sorted(files.items()):
        stamps[name] = None
        with suppress(OSError):
            stat = os.stat(path)
            stamps[name] = [stat.st_size, stat.st_mtime_ns]
    return stamps
