"""One table of what every job cost, and whether its result is usable."""

import csv
import json
from pathlib import Path

from kgmm.jobs.logs import logged

_COLUMNS = (
    "stage", "key", "status", "reason", "wall_s", "startup_s", "cpu_s", "peak_memory_mb", "threads", "finished",
    "host", "python", "commit",
)  # fmt: skip


def collect_costs(receipts: list[str], output: str) -> None:
    with open(output, "w", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(json.loads(Path(receipt).read_text()) for receipt in receipts)


with logged(snakemake.log[0]):
    collect_costs([*snakemake.params.receipts, *snakemake.input.drawings], snakemake.output.costs)
