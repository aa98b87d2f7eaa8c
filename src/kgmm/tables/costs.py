"""One table of what every job cost, and whether its result is usable."""

from __future__ import annotations

import csv
import json
from pathlib import Path

_COLUMNS = (
    "stage", "key", "status", "reason", "wall_s", "startup_s", "cpu_s", "peak_memory_mb", "threads", "finished",
    "host", "python", "commit",
)  # fmt: skip


def collect_costs(receipts: list[str], output: str) -> None:
    """Writes a row for each of these receipts and records of pictures."""
    with open(output, "w", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(json.loads(Path(receipt).read_text()) for receipt in receipts)
