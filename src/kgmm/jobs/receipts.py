"""Receipts: what a finished task was computed from, what it cost, and what its files look like.

Snakemake deletes the declared outputs of a job that fails or is killed. Declared is one empty file, so that receipts
and data of the tasks that were finished stay, and the next attempt does not repeat them.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from kgmm.jobs.costs import write_facts
from kgmm.jobs.damage import checksums_of
from kgmm.jobs.tasks import Task

BROKEN = "broken"


def write_receipt(task: Task, facts: dict) -> None:
    """Writes the receipt of a task whose files are complete.

    Parameters
    ----------
    facts : dict
        Status, reason, costs and versions. Code, stamps of inputs and outputs, and checksums of outputs are added.
    """
    facts = {"stage": task.stage, "key": task.key, "code": task.fingerprint, "threads": task.threads} | facts
    if facts["status"] != BROKEN:
        facts |= {"inputs": stamps_of(task.made_inputs), "outputs": stamps_of(task.outputs)}
        facts["checksums"] = checksums_of(task.outputs)
    write_facts(Path(task.receipt), facts)


def read_receipt(task: Task) -> dict | None:
    """The receipt of a task; ``None`` if there is none, or an unreadable one."""
    with suppress(OSError, ValueError):
        receipt = json.loads(Path(task.receipt).read_text())
        return receipt if isinstance(receipt, dict) else None
    return None


def is_broken(task: Task) -> bool:
    """Whether the last attempt at a task ended in an error that was not foreseen."""
    receipt = read_receipt(task)
    return receipt is not None and receipt.get("status") == BROKEN


def stamps_of(files: dict[str, str]) -> dict[str, list[int] | None]:
    """Size and time stamp of every file, which change when it is made anew; ``None`` where there is no file."""
    stamps = {}
    for name, path in sorted(files.items()):
        stamps[name] = None
        with suppress(OSError):
            stat = os.stat(path)
            stamps[name] = [stat.st_size, stat.st_mtime_ns]
    return stamps
