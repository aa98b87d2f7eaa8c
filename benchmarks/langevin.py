"""Rates of Langevin sampling against torchsde on the same model, and against what the matrix products alone allow.

Run: ``python benchmarks/langevin.py`` (needs the extra ``benchmark``: torchsde). Lorenz 63 (d = 3), network 128-64,
4000 members, two threads; medians of five runs, the two libraries in turns. The bound is the rate at which the measured
single-precision peak of a large matrix product would do the products of the network, once a step for Euler–Maruyama
and twice for Heun. Prints one Markdown table.
"""

from __future__ import annotations

import resource
import statistics
import time
from itertools import pairwise

import numpy as np
import torch

from kgmm import KGMM, LangevinModel, ScoreModel, simulate

RUNS = 5
N_MEMBERS = 4_000
N_STEPS = 200
DT = 0.01
SIZES = (3, 128, 64, 3)


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_flops(size: int = 2048) -> float:
    """Single-precision operations a second of a large matrix product, the best of ten."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    torch.mm(a, b)
    return 2 * size**3 / min(seconds(lambda: torch.mm(a, b)) for _ in range(10))


class TorchSDE(torch.nn.Module):
    """The same model as a user of torchsde writes it: a state has shape ``(n_members, 3)``."""

    noise_type = "diagonal"
    sde_type = "ito"

    def __init__(self, score: ScoreModel):
        super().__init__()
        self._score = score

    def f(self, t, y):
        return self._score.standardized(y)

    def g(self, t, y):
        return torch.full_like(y, 2**0.5)


def main() -> None:
    import torchsde

    torch.set_num_threads(2)
    samples = simulate("lorenz63", n_members=4_000, n_times=20, interval=0.5, seed=1).values.reshape(-1, 3)
    score = ScoreModel.fit(KGMM(0.08, 2e-3).fit(samples), hidden=SIZES[1:-1], max_iterations=100)
    model = LangevinModel(score)
    initial = samples[:N_MEMBERS].astype(float)
    ensembles = {s: model.ensemble(initial, dt=DT, scheme=s) for s in ("euler_maruyama", "heun")}
    start = torch.tensor(score.standardization.forward(initial), dtype=torch.float32)
    times = torch.linspace(0, N_STEPS * DT, 2)
    theirs = TorchSDE(score)

    def integrate_theirs():
        with torch.no_grad():
            torchsde.sdeint(theirs, start, times, method="euler", dt=DT)

    works = {name: (lambda e=e: e.advance(N_STEPS)) for name, e in ensembles.items()} | {"torchsde": integrate_theirs}
    for work in works.values():
        work()
    found = {name: [] for name in works}
    for _ in range(RUNS):
        for name, work in works.items():
            found[name].append(N_MEMBERS * N_STEPS / seconds(work) / 1e6)
    per_evaluation = 2 * sum(a * b for a, b in pairwise(SIZES))
    bound = peak_flops() / per_evaluation / 1e6
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    print("| what | median, M member-steps/s | range | × torchsde | share of the bound |\n|---|---|---|---|---|")
    labels = {
        "euler_maruyama": ("Euler–Maruyama", 1),
        "heun": ("Heun, two evaluations a step", 2),
        "torchsde": ("torchsde, Euler–Maruyama", 1),
    }
    for name, (label, evaluations) in labels.items():
        rates = sorted(found[name])
        share = medians[name] * evaluations / bound
        print(
            f"| {label} | {medians[name]:.2f} | {rates[0]:.2f}–{rates[-1]:.2f} | "
            f"{medians[name] / medians['torchsde']:.1f} | {share:.2f} |"
        )
    print(f"| the bound, one evaluation a step | {bound:.2f} | | | 1 |")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory {np.round(memory)} MB, torch {torch.__version__}, {torch.get_num_threads()} threads.")


if __name__ == "__main__":
    main()
