"""Makes a run with failed results or claims exit non-zero, once its report is written."""

import csv
import sys
from pathlib import Path

import pandas as pd

from kgmm.config.stages import STAGES
from kgmm.jobs.logs import logged
from kgmm.tables.verification import unmet


def check_run(costs: str, verification: str, report: str, output: str) -> None:
    with open(costs, encoding="utf-8", newline="") as file:
        jobs = [job for job in csv.DictReader(file) if job["stage"] in STAGES or job["status"] == "failed"]
    failed = [job for job in jobs if job["status"] == "failed"]
    claims = pd.read_csv(verification).to_dict("records")
    missed = unmet(claims)
    lines = [f"  {job['stage']} {job['key']}: {job['reason']}" for job in failed]
    lines += [f"  {row['verdict']}: {row['claim']}: {row['measured']:.4g}, bar {row['bar']}" for row in missed]
    if lines:
        head = f"{len(failed)} of {len(jobs)} results failed"
        if claims:
            head += f", {len(missed)} of {len(claims)} claims do not hold"
        sys.exit(f"{head} (see {report}):\n" + "\n".join(lines))
    Path(output).write_text(
        f"{len(jobs)} results, none failed; {len(claims)} claims, all binding ones hold\n", encoding="utf-8"
    )


with logged(snakemake.log[0]):
    inputs = snakemake.input
    check_run(inputs.costs, inputs.verification, inputs.report, snakemake.output[0])
