"""Makes a run with failed results exit non-zero, once its report is written."""

import csv
import sys
from pathlib import Path

from kgmm.pipeline.job import logged


def check_run(costs: str, report: str, output: str) -> None:
    with open(costs, newline="") as file:
        jobs = list(csv.DictReader(file))
    failed = [job for job in jobs if job["status"] == "failed"]
    if failed:
        lines = "\n".join(f"  {job['stage']} {job['key']}: {job['reason']}" for job in failed)
        sys.exit(f"{len(failed)} of {len(jobs)} results failed (see {report}):\n{lines}")
    Path(output).write_text(f"{len(jobs)} results, none failed\n")


with logged(snakemake.log[0]):
    check_run(snakemake.input.costs, snakemake.input.report, snakemake.output[0])
