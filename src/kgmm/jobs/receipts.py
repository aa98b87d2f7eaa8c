"""Receipts: what a finished task was computed from, what it cost, and what its files look like.

Snakemake deletes the declared outputs of a job that fails or is killed. Declared is one empty file, so that receipts
and data of the tasks that were finished stay, and the next attempt does not repeat them.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from kgmm.jobs.costs import write_facts
from kgmm.jobs.tasks import Task

# Status of a task that ended in an error, and of one whose file was damaged later: both are computed again.
BROKEN, DAMAGED = "broken", "damaged"


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
    return read_facts(task.receipt)


def read_facts(path: str | Path) -> dict | None:
    """The receipt in a file, see :func:`read_receipt`."""
    with suppress(OSError, ValueError):
        receipt = json.loads(Path(path).read_text(encoding="utf-8"))
        return receipt if isinstance(receipt, dict) else None
    return None


def is_broken(task: Task) -> bool:
    """Whether the last attempt at a task ended in an error that was not foreseen."""
    receipt = read_receipt(task)
    return receipt is not None and receipt.get("status") == BROKEN


def checksums_of(files: dict[str, str]) -> dict[str, str]:
    """SHA-256 of every file that is there, by its name among them."""
    found = {}
    for name, path in sorted(files.items()):
        with suppress(FileNotFoundError):
            found[name] = checksum(path)
    return found


def checksum(path: str | Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamps_of(files: dict[str, str]) -> dict[str, list[int] | None]:
    """Size and time stamp of every file, which change when it is made anew; ``None`` where there is no file."""
    stamps = {}
    for name, path in sorted(files.items()):
        stamps[name] = None
        with suppress(OSError):
            stat = os.stat(path)
            stamps[name] = [stat.st_size, stat.st_mtime_ns]
    return stamps
