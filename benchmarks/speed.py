"""Rates of simulation and of Langevin sampling, and what the random-number generator alone would allow.

Run: ``python benchmarks/speed.py``. All rates are medians of five runs in one process with two threads, in millions of
member-steps per second. Prints one Markdown table.
"""

from __future__ import annotations

import resource
import statistics
import time

import numpy as np
import torch

from kgmm import KGMM, LangevinModel, ScoreModel, get_system, simulate
from kgmm.sde.simulation import stationary_ensemble

RUNS = 5


def rate(work, amount: float) -> str:
    """Median rate of ``work`` in millions per second, with its range."""
    work()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    rates = sorted(amount / t / 1e6 for t in times)
    return f"{statistics.median(rates):.1f} | {rates[0]:.1f}–{rates[-1]:.1f}"


def simulation_rows():
    system = get_system("asymmetric_potential")
    for n_members, n_steps in ((1_000, 4_000), (10_000, 1_000)):
        for scheme in ("heun", "euler_maruyama"):
            ensemble = stationary_ensemble(system, n_members=n_members, seed=0, scheme=scheme, burn_in=0.0)
            yield (
                f"simulation, 2-d potential, {scheme}, {n_members} members",
                rate(lambda e=ensemble, n=n_steps: e.advance(n), n_members * n_steps),
            )
        noise = torch.empty(2, n_members)
        generator = torch.Generator().manual_seed(0)

        def draw(noise=noise, generator=generator, n_steps=n_steps):
            for _ in range(n_steps):
                noise.normal_(generator=generator)

        yield f"the generator alone, 2 × {n_members} normals a step", rate(draw, n_members * n_steps)


def langevin_rows():
    samples = simulate("asymmetric_potential", n_members=2_000, n_times=20, seed=1).values.reshape(-1, 2)
    score = ScoreModel.fit(KGMM(0.05, 5e-3).fit(samples), hidden=(128, 64), max_iterations=100)
    model = LangevinModel(score)
    for n_members, n_steps in ((1_000, 2_000), (4_000, 500)):
        for scheme in ("euler_maruyama", "heun"):
            ensemble = model.ensemble(samples[:n_members].astype(float), dt=0.01, scheme=scheme)
            yield (
                f"Langevin sampling, 128-64 network, {scheme}, {n_members} members",
                rate(lambda e=ensemble, n=n_steps: e.advance(n), n_members * n_steps),
            )


def main() -> None:
    torch.set_num_threads(2)
    print("| what | median, M member-steps/s | range |\n|---|---|---|")
    for label, value in (*simulation_rows(), *langevin_rows()):
        print(f"| {label} | {value} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory {np.round(peak)} MB, torch {torch.__version__}, {torch.get_num_threads()} threads.")


if __name__ == "__main__":
    main()
