"""What a sweep of 300 experiments spends outside computation, with many tasks in a job and with one.

Run in the project's folder: ``python benchmarks/sweep_overhead.py [FOLDER] [ROWS_PER_JOB ...]``. Each value of
``rows_per_job`` (default: 24) is a run of its own, from nothing, in a copy of the project under FOLDER. Prints one
Markdown table. Core time is counted twice: as that of the jobs' processes, and as all cores for the whole run.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
CONFIG = {
    "name": "overhead",
    "defaults": {"langevin": {"n_members": 1000, "n_times": 20, "path_length": 20.0}},
    "experiments": [
        {
            "name": "asymmetric_potential",
            "system": {"name": "asymmetric_potential"},
            "simulation": {"n_members": 5000, "n_times": 40},
            "estimator": {
                "sigma": [0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15, 0.2],
                "min_probability": [0.001, 0.0012, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.007, 0.01],
            },
            "mobility": {"method": "identity"},
            "replicates": 3,
        }
    ],
}


def main(folder: str = tempfile.gettempdir(), *rows_per_job: str) -> None:
    print(
        "| tasks in a job | jobs | computation, core-s | of an experiment | of the jobs' core time | wall, s "
        "| of all cores |"
    )
    print("|---|---|---|---|---|---|---|")
    for rows in rows_per_job or ("24",):
        root = Path(tempfile.mkdtemp(dir=folder))
        for name in ("Snakefile", "workflow", "profiles", "src"):
            source = PROJECT / name
            shutil.copytree(source, root / name) if source.is_dir() else shutil.copy(source, root / name)
        (root / "config.yaml").write_text(yaml.safe_dump(CONFIG | {"rows_per_job": int(rows)}))
        start = time.perf_counter()
        command = [sys.executable, "-m", "snakemake", "--configfile", "config.yaml"]
        environment = os.environ | {"PYTHONPATH": str(root / "src")}
        done = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True)
        wall = time.perf_counter() - start
        (n_jobs,) = (line.split()[0] for line in done.stderr.splitlines() if line.endswith(" jobs"))
        with open(root / "results/overhead/costs.csv", newline="") as file:
            jobs = list(csv.DictReader(file))
        computing, starting = (sum(float(job[c]) for job in jobs) for c in ("wall_s", "startup_s"))
        print(
            f"| {rows} | {n_jobs} | {computing:.0f} | {computing / 300:.1f} s | "
            f"{computing / (computing + starting):.0%} | {wall:.0f} | {computing / (wall * os.cpu_count()):.0%} |",
            flush=True,
        )
        shutil.rmtree(root)


if __name__ == "__main__":
    main(*sys.argv[1:])
