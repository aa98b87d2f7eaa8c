"""Time and memory of ``kgmm inspect`` and ``kgmm model`` on one file of 10⁷ states.

    python benchmarks/long_series.py [--states 1e7] [--folder DIR]

One variable, a skewed function of an Ornstein–Uhlenbeck process, twenty states in a decorrelation time, as NPY. Prints
seconds and the largest memory of each command, which is a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

_INTERVAL = 0.05


def write(file: Path, n_states: int) -> None:
    keep = np.exp(-_INTERVAL)
    noise = np.sqrt(1 - keep**2) * np.random.default_rng(0).standard_normal(n_states)
    x = lfilter([1.0], [1.0, -keep], noise)
    np.save(file, (x + 0.15 * x**2)[:, None])


def measured(*arguments: str) -> tuple[float, float]:
    """Seconds, and the largest memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "kgmm.cli.main", *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"kgmm {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=float, default=1e7)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "long.npy"
    write(file, round(options.states))
    rows = []
    for command, further in (("inspect", ()), ("model", ("--output", str(folder / "out")))):
        seconds, memory = measured(command, str(file), "--time-step", str(_INTERVAL), *further)
        rows.append(f"| `kgmm {command}`, {options.states:.0e} states | {seconds:.0f} | {memory:.0f} |")
    print("| command | seconds | largest memory, MB |", "|---|---|---|", *rows, sep="\n")


if __name__ == "__main__":
    main()
