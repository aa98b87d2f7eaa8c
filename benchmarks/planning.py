"""Time to parse the Snakefile and plan, and of a whole dry run.

Run in the project's folder: ``python benchmarks/planning.py``. Medians of five processes. Prints one Markdown table.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python and numpy, for comparison": [sys.executable, "-c", "import numpy"],
    "planning: configuration to tasks": [
        sys.executable,
        "-c",
        "from kgmm.pipeline.config import read_config as read; from kgmm.pipeline.plan import Plan; "
        "Plan(read('config/config.yaml'))",
    ],
    "snakemake --version": [sys.executable, "-m", "snakemake", "--version"],
    "snakemake -n": [sys.executable, "-m", "snakemake", "-n", "--quiet"],
}


def main() -> None:
    print("| what | median, s | range, s |\n|---|---|---|")
    for label, command in COMMANDS.items():
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        print(f"| {label} | {statistics.median(times):.2f} | {min(times):.2f}–{max(times):.2f} |")


if __name__ == "__main__":
    main()
