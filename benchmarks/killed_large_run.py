"""A run on 10⁸ samples from disk that is killed in the middle: what it loses, and what time and memory it takes.

    python benchmarks/killed_large_run.py [--samples 1e8] [--cores 1] [--folder DIR]

The workflow simulates the two-dimensional potential, writes the samples, and estimates cells and score from them. All
its processes are killed while cells are estimated; the same call then goes on. Needs 1 GB of disk for 10⁸ samples.
Prints time and memory of every job.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import yaml

ROOT = Path(__file__).parents[1]
_TIMES = 2000


def configuration(n_samples: float) -> dict:
    simulation = {
        "n_members": round(n_samples / _TIMES), "n_times": _TIMES, "sample_interval": 0.05, "path_members": 64,
        "path_length": 50.0,
    }  # fmt: skip
    block = {
        "name": "large", "system": {"name": "asymmetric_potential"}, "simulation": simulation,
        "estimator": {"sigma": 0.05, "min_probability": 1e-3, "stopping": "fixed", "max_draws": 2}, "until": "score",
    }  # fmt: skip
    return {"name": "large", "experiments": [block]}


def start(folder: Path, cores: int, *further: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--directory", str(folder)]
    arguments = ["--configfile", str(folder / "large.yaml"), "--cores", str(cores), *further]
    with (folder / "output.txt").open("a") as output:
        return subprocess.Popen(
            [*command, *arguments], cwd=folder, stdout=output, stderr=output, start_new_session=True
        )


def estimating(run: subprocess.Popen, receipts: Path) -> bool:
    """Whether samples are there and the job that reads them has begun to compute."""
    if run.poll() is not None:
        sys.exit("the run ended before it could be killed; see output.txt")
    if not list(receipts.glob("simulate_trajectory/*/replicate*")):
        return False
    log = receipts.parents[1] / "logs/estimate_cells"
    return any(log.rglob("*.log"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=float, default=1e8)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    folder = (options.folder or Path(tempfile.mkdtemp())).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "large.yaml").write_text(yaml.safe_dump(configuration(options.samples)), encoding="utf-8")
    receipts = folder / "results/store/receipts"
    begin = time.monotonic()
    run = start(folder, options.cores)
    while not estimating(run, receipts):
        time.sleep(0.2)
    time.sleep(3.0)
    children = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGKILL)
    for child in children:
        if child.is_running():
            child.kill()
    run.wait()
    killed = time.monotonic()
    before = {path: path.stat().st_mtime_ns for path in receipts.rglob("*.json")}
    if start(folder, options.cores, "--unlock").wait() or start(folder, options.cores).wait():
        sys.exit(f"the run did not go on; see {folder}/output.txt")
    kept = sum(path.stat().st_mtime_ns == stamp for path, stamp in before.items())
    print(f"killed after {killed - begin:.0f} s, went on for {time.monotonic() - killed:.0f} s; ", end="")
    print(f"{kept} of {len(before)} finished tasks were not computed again")
    print(pd.read_csv(folder / "results/large/costs.csv")[["stage", "wall_s", "peak_memory_mb"]].to_string(index=False))


if __name__ == "__main__":
    main()
