"""Damaged results: files that are not as their job left them are found by checksums before they are read.

Size and time stamp, by which the plan tells what has changed without reading it, say nothing of a byte that a disk has
flipped, or of a file that was edited and dated back.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from kgmm.jobs.costs import write_facts
from kgmm.jobs.tasks import STORE, Task, done_file

# Status in the receipt of the task that made a damaged file: it is computed again.
DAMAGED = "damaged"


class DamagedResult(RuntimeError):
    """An input is not as its job wrote it."""


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


def refuse_damaged_inputs(task: Task) -> None:
    """Compares the inputs of a task with the checksums in the receipts of the tasks that made them.

    A task whose file differs is marked, so that the next call computes it again. Files from outside, and those of
    versions that kept no checksums, are not compared.

    Raises
    ------
    DamagedResult
        In one sentence, with what to do.
    """
    for path in task.made_inputs.values():
        maker = _maker(path)
        if maker is None:
            continue
        receipt, done, name = maker
        with suppress(OSError, ValueError):
            facts = json.loads(receipt.read_text())
            known = facts.get("checksums", {}).get(name)
            if known is None:
                continue
            missing = not Path(path).exists()
            if not missing and checksum(path) == known:
                continue
            what = "is gone" if missing else "is damaged: its checksum is not that of the file that was written"
            write_facts(receipt, facts | {"status": DAMAGED, "reason": f"{path} {what}"})
            done.unlink(missing_ok=True)
            raise DamagedResult(f"{path} {what}; run again, and it is made anew with what follows from it")


def _maker(path: str) -> tuple[Path, Path, str] | None:
    """Receipt and done file of the task that made a file of the store, and the name of the output."""
    file = Path(path)
    if not file.is_relative_to(STORE):
        return None
    stage, *key = file.relative_to(STORE).parent.parts
    if stage == "receipts" or not key:
        return None
    return (
        Path(STORE, "receipts", stage, *key[:-1], f"{key[-1]}.json"),
        Path(done_file(stage, "/".join(key))),
        file.stem,
    )
