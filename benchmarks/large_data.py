"""Time and memory of estimates from large data: 10⁸ samples on disk, and the finest partition of sixteen dimensions.

Run: ``python benchmarks/large_data.py``. Every estimate is a process of its own, whose peak memory is that of the whole
process, libraries included. Two threads. Needs 1 GB of disk in the temporary folder. Prints one Markdown table.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

SIMULATE = """
import sys
from kgmm import get_system
from kgmm.sde.recording import write_samples_and_path
from kgmm.sde.simulation import record, stationary_ensemble
system = get_system("asymmetric_potential")
settings = dict(n_members=50_000, n_times=2_000, sample_interval=0.05)
settings |= dict(path_members=64, path_interval=0.05, path_length=5.0)
ensemble = stationary_ensemble(system, n_members=settings["n_members"], seed=0)
write_samples_and_path(
    ensemble, lambda n, interval: record(ensemble, system, n, interval), settings, samples=sys.argv[1],
    path=sys.argv[1] + ".path", variables=system.variables, attributes={},
)
"""

START = """
import resource, sys, time
import numpy as np, torch
from kgmm import KGMM, Samples
from kgmm.data.trajectory import open_trajectory
torch.set_num_threads(2)
start = time.time()
"""

END = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{cells.cell_score_.partition.n_cells} | {time.time() - start:.0f} | {peak:.0f}")
"""

FROM_DISK = 'cells = KGMM(0.05, 1e-3, stopping="fixed", max_draws=2).fit(Samples(open_trajectory(sys.argv[1])))'

FINE = """
samples = np.random.default_rng(0).standard_normal((5_000_000, 16)).astype(np.float32)
cells = KGMM(0.1, 1e-6, stopping="fixed", max_draws=2, cells="constant").fit(samples)
"""


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    print("| estimate, two draws a sample | cells | seconds | peak memory, MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/samples.nc"
        run(SIMULATE, file)
        print(f"| 1e8 samples of the 2-d potential, from disk | {run(START + FROM_DISK + END, file)} |", flush=True)
    print(f"| 5e6 samples, d = 16, p_min = 1e-6, in memory | {run(START + FINE + END)} |")


if __name__ == "__main__":
    main()
