"""Simulation against a peer and against the random-number generator, and the memory of a large one.

Run: ``python benchmarks/simulation.py`` (needs the extra ``benchmark``: torchsde). Rates are medians of five runs in
one process with two threads, in millions of member-steps per second; pairs alternate. The memory is that of a process
of its own that simulates and writes 1e8 samples. Prints Markdown tables.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from kgmm import get_system
from kgmm.sde.simulation import record, stationary_ensemble

RUNS = 5
DT, SAVE_EVERY = 0.005, 20
# Members as in the run of the paper, and steps for a second or two.
SIZES = {
    "reduced_triad": (12_500, 1_500),
    "asymmetric_potential": (12_500, 1_000),
    "lorenz63": (10_000, 1_000),
    "lorenz96": (2_500, 300),
    "kuramoto_sivashinsky": (1_000, 600),
}


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def row(label: str, amount: float, times: list[float], ratio: str) -> None:
    rates = sorted(amount / t / 1e6 for t in times)
    print(f"| {label} | {statistics.median(rates):.2f} | {rates[0]:.2f}–{rates[-1]:.2f} | {ratio} |", flush=True)


class TorchsdeLorenz63(torch.nn.Module):
    """The same equation as its users write it for torchsde: a state has shape ``(n_members, 3)`` there."""

    noise_type, sde_type = "diagonal", "ito"

    def f(self, t, state):
        x, y, z = state.unbind(dim=1)
        return torch.stack((10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z), dim=1)

    def g(self, t, state):
        return torch.full_like(state, 5.0)


def against_torchsde(n_members: int = 10_000, n_steps: int = 200) -> None:
    import torchsde

    system = get_system("lorenz63")
    ensemble = stationary_ensemble(system, n_members=n_members, seed=0, dt=DT, scheme="euler_maruyama")
    theirs, times = TorchsdeLorenz63(), torch.arange(0, n_steps + 1, SAVE_EVERY) * DT
    start = ensemble.state.T.contiguous()

    def ours() -> None:
        list(record(ensemble, system, n_steps // SAVE_EVERY, SAVE_EVERY * DT))

    @torch.no_grad()
    def peer() -> None:
        torchsde.sdeint(theirs, start, times, method="euler", dt=DT)

    ours(), peer()
    pairs = [(timed(ours), timed(peer)) for _ in range(RUNS)]
    amount = n_members * n_steps
    ratio = statistics.median(b / a for a, b in pairs)
    row(f"lorenz63, {n_members} members, Euler–Maruyama, saved every {SAVE_EVERY}", amount, [a for a, _ in pairs],
        f"{ratio:.1f} × torchsde")  # fmt: skip
    row("the same, torchsde", amount, [b for _, b in pairs], "1")


def against_generator(name: str, n_members: int, n_steps: int) -> None:
    system = get_system(name)
    ensemble = stationary_ensemble(system, n_members=n_members, seed=0, burn_in=0.0)
    noise, generator = torch.empty(system.dimension, n_members), torch.Generator().manual_seed(0)

    def ours() -> None:
        ensemble.advance(n_steps)

    def bound() -> None:
        for _ in range(n_steps):
            noise.normal_(generator=generator)

    ours()
    pairs = [(timed(ours), timed(bound) if system.stochastic else float("nan")) for _ in range(RUNS)]
    share = statistics.median(b / a for a, b in pairs)
    ratio = f"{share:.2f} of the generator's bound" if system.stochastic else "no noise"
    label = f"{name}, {n_members} members, {system.defaults.scheme}"
    row(label, n_members * n_steps, [a for a, _ in pairs], ratio)


LARGE = """
import resource, sys, time
from kgmm import get_system
from kgmm.sde.recording import write_samples_and_path
from kgmm.sde.simulation import record, stationary_ensemble
system = get_system("asymmetric_potential")
settings = dict(n_members=50_000, n_times=2_000, sample_interval=0.05)
settings |= dict(path_members=64, path_interval=0.05, path_length=200.0)
start = time.time()
ensemble = stationary_ensemble(system, n_members=settings["n_members"], seed=0)
write_samples_and_path(
    ensemble, lambda n, interval: record(ensemble, system, n, interval), settings, samples=sys.argv[1] + "/samples.nc",
    path=sys.argv[1] + "/path.nc", variables=system.variables, attributes={},
)
print(f"{time.time() - start:.0f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")
"""


def memory_of_large() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", LARGE, folder]
        seconds, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
    print("\n| 1e8 samples of the 2-d potential | seconds | peak memory, MB | written, MB |\n|---|---|---|---|")
    print(f"| 50 000 members × 2 000 times, 10 steps apart, and effective size | {seconds} | {peak} | {size:.0f} |")


def main() -> None:
    torch.set_num_threads(2)
    print("| what | median, M member-steps/s | range | ratio |\n|---|---|---|---|")
    against_torchsde()
    for name, size in SIZES.items():
        against_generator(name, *size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory {peak:.0f} MB, torch {torch.__version__}, {torch.get_num_threads()} threads.")
    memory_of_large()


if __name__ == "__main__":
    main()
