"""Damaged results: files that are not as their job left them are found by checksums before they are read.

Size and time stamp, by which the plan tells what has changed without reading it, say nothing of a byte that a disk has
flipped, or of a file that was edited and dated back.
"""

from __future__ import annotations

from pathlib import Path

from kgmm.jobs.costs import write_facts
from kgmm.jobs.receipts import DAMAGED, checksum, read_facts
from kgmm.jobs.tasks import Task, done_file, maker_of, receipt_file


class DamagedResult(RuntimeError):
    """An input is not as its job wrote it."""


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
        maker = maker_of(path)
        if maker is None:
            continue
        stage, key, output = maker
        receipt = Path(receipt_file(stage, key))
        facts = read_facts(receipt) or {}
        known = facts.get("checksums", {}).get(output)
        if known is None or (Path(path).exists() and checksum(path) == known):
            continue
        damaged = "is damaged: its checksum is not that of the file that was written"
        what = damaged if Path(path).exists() else "is gone"
        write_facts(receipt, facts | {"status": DAMAGED, "reason": f"{path} {what}"})
        Path(done_file(stage, key)).unlink(missing_ok=True)
        raise DamagedResult(f"{path} {what}; run again, and it is made anew with what follows from it")
