"""One table of what every job cost, and whether its result is usable."""

import csv
import json
from pathlib import Path

from kgmm.jobs.job import logged

_COLUMNS = (
    "stage", "key", "status", "reason", "wall_s", "startup_s", "cpu_s", "peak_memory_mb", "threads", "finished",
    "host", "python", "commit",
)  # fmt: skip


def collect_costs(records: list[str], output: str) -> None:
    with open(output, "w", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(json.loads(Path(record).read_text()) for record in records)


with logged(snakemake.log[0]):
    collect_costs([*snakemake.input.records, *snakemake.input.drawings], snakemake.output.costs)
