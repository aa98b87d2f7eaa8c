"""Time to parse the Snakefile and plan, of a whole dry run, and of planning a sweep of 5 000 experiments.

Run in the project's folder: ``python benchmarks/planning.py``. Medians of five processes. Prints one Markdown table,
and how many jobs the sweep is.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

SWEEP = {
    "name": "planning",
    "experiments": [
        {
            "name": "asymmetric_potential",
            "figure": "sweep",
            "system": {"name": "asymmetric_potential"},
            "simulation": {"n_members": 5000, "n_times": 40},
            "estimator": {
                "sigma": [round(0.02 + 0.004 * k, 4) for k in range(50)],
                "min_probability": [round(0.001 + 0.0002 * k, 4) for k in range(50)],
            },
            "replicates": 2,
        }
    ],
}
ROWS_PER_JOB = 24
PLAN = (
    "from kgmm.config.parsing import read_config as read; from kgmm.jobs.plan import Plan; "
    "plan = Plan(read({path!r})); "
)
COUNT = (
    "from kgmm.jobs.bundles import compose; bundles = compose(plan, {rows}, 2); n_tasks = len(plan.all_tasks()); "
    "n_jobs = len(bundles.all) + n_tasks - sum(len(bundle.tasks) for bundle in bundles.all); "
    "print(f'{{len(plan.rows)}} experiments are {{n_tasks}} results in {{n_jobs}} jobs of {rows} tasks at most')"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sweep.yaml")
        path.write_text(yaml.safe_dump(SWEEP))
        commands = {
            "python and numpy, for comparison": [sys.executable, "-c", "import numpy"],
            "planning: configuration to tasks": [sys.executable, "-c", PLAN.format(path="config/config.yaml")],
            "planning 5 000 experiments": [sys.executable, "-c", PLAN.format(path=str(path))],
            "snakemake --version": [sys.executable, "-m", "snakemake", "--version"],
            "snakemake -n": [sys.executable, "-m", "snakemake", "-n", "--quiet"],
            f"snakemake -n, 5 000 experiments, {ROWS_PER_JOB} results in a job": [
                sys.executable, "-m", "snakemake", "-n", "--quiet", "--configfile", str(path),
                "--config", f"rows_per_job={ROWS_PER_JOB}",
            ],
        }  # fmt: skip
        print("| what | median, s | range, s |\n|---|---|---|")
        for label, command in commands.items():
            times = []
            for _ in range(5):
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                times.append(time.perf_counter() - start)
            print(f"| {label} | {statistics.median(times):.2f} | {min(times):.2f}–{max(times):.2f} |", flush=True)
        count = PLAN.format(path=str(path)) + COUNT.format(rows=ROWS_PER_JOB)
        print("\n" + subprocess.run([sys.executable, "-c", count], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
