"""One table of what every job cost, and whether its result is usable."""

from __future__ import annotations

import csv
from pathlib import Path

from kgmm.errors import DamagedResult
from kgmm.jobs.receipts import read_facts

_COLUMNS = (
    "stage", "key", "status", "reason", "wall_s", "startup_s", "cpu_s", "peak_memory_mb", "threads", "finished",
    "host", "python", "commit",
)  # fmt: skip


def collect_costs(receipts: list[str], output: str) -> None:
    """Writes a row for each of these receipts and records of pictures."""
    with open(output, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_costs(receipt) for receipt in receipts)


def _costs(receipt: str) -> dict:
    facts = read_facts(receipt)
    if facts is None:
        Path(receipt).unlink(missing_ok=True)
        raise DamagedResult(f"{receipt} is gone or damaged; run again, and it is made anew with what follows from it")
    return facts
