"""Time and memory of ``kgmm inspect`` and ``kgmm model`` on files of 10⁵ states, from a cold start.

    python benchmarks/model_of_a_file.py [--repeats 3]

One variable is a double well, three are Lorenz 63; every repeat has other data, and a process and a folder of its own.
Prints a row for each command: median and range of the seconds, and the largest memory of the process.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

import kgmm

_STATES = 100_000
_SERIES = {"double_well": 0.05, "lorenz63": 0.02}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{'command':<28}{'seconds, median (range)':>28}{'largest memory, MB':>22}")
    _report("import kgmm", [_timed([sys.executable, "-c", "import kgmm"]) for _ in range(repeats)])
    command = [sys.executable, "-m", "kgmm.cli.main"]
    for system, interval in _SERIES.items():
        measured: dict[str, list] = {"inspect": [], "model": []}
        for repeat in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                file = _write(Path(folder), system, interval, repeat)
                measured["inspect"].append(_timed([*command, "inspect", str(file)]))
                measured["model"].append(_timed([*command, "model", str(file), "--output", f"{folder}/out"]))
        for name, times in measured.items():
            _report(f"kgmm {name} {system}", times)


def _write(folder: Path, system: str, interval: float, seed: int) -> Path:
    path = kgmm.simulate(system, n_members=1, n_times=_STATES, interval=interval, seed=seed)
    table = pd.DataFrame(path.values[0], columns=path["variable"].values)
    table.insert(0, "time", path["time"].values)
    file = folder / f"{system}.csv"
    table.to_csv(file, index=False)
    return file


def _timed(command: list[str]) -> tuple[float, float]:
    """Seconds of a command, and the largest memory of any command so far in MB."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    print(done.stdout[-400:], file=sys.stderr)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _report(name: str, times: list[tuple[float, float]]) -> None:
    seconds = [time for time, _ in times]
    spread = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"
    print(f"{name:<28}{spread:>28}{max(memory for _, memory in times):>22.0f}", flush=True)


if __name__ == "__main__":
    main()
