"""The partition against scikit-learn's BisectingKMeans, the rate of draws, and the whole estimate.

Run: ``python benchmarks/clustering.py`` (needs the extra ``benchmark``: scikit-learn). A million states of Lorenz 63
blurred with σ = 0.05, as many clusters for both; ours is the median of three runs, theirs, which takes minutes, of
one. Two threads. Prints Markdown tables.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch
from sklearn.cluster import BisectingKMeans

from kgmm import KGMM, ScoreModel, simulate
from kgmm.data.standardization import Standardization
from kgmm.score.moments import accumulate_round, block_edges
from kgmm.score.partition import bisect

SIGMA = 0.05
DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def timed(work, runs: int = 3):
    """Median time and the last result."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def inertia(points: np.ndarray, cell: np.ndarray) -> float:
    """Sum of squared distances to the means of the cells."""
    counts = np.bincount(cell)
    sums = [np.bincount(cell, weights=column) for column in points.T]
    return float((points.astype(float) ** 2).sum() - sum((s**2 / counts).sum() for s in sums))


def samples() -> torch.Tensor:
    values = simulate("lorenz63", n_members=10_000, n_times=100, interval=0.5).values.reshape(-1, 3)
    return torch.from_numpy(Standardization.of(values).forward(values).astype(np.float32))


def against_scikit_learn(blurred: torch.Tensor, min_probability: float) -> None:
    build, partition = timed(lambda: bisect(blurred, 2 * min_probability))
    tree = partition.to(torch.float32)
    assign, cell = timed(lambda: tree.assign(blurred))
    peer = BisectingKMeans(partition.n_cells, bisecting_strategy="largest_cluster", random_state=0)
    peer_build, _ = timed(lambda: peer.fit(blurred.numpy()), runs=1)
    peer_assign, _ = timed(lambda: peer.predict(blurred.numpy()), runs=1)
    ratio = inertia(blurred.numpy(), cell.numpy()) / peer.inertia_
    print("| 1e6 points, d = 3 | cells | ours, s | scikit-learn, s | ratio |\n|---|---|---|---|---|")
    print(f"| build | {partition.n_cells} | {build:.2f} | {peer_build:.1f} | {peer_build / build:.0f} |")
    print(f"| assign | {partition.n_cells} | {assign:.2f} | {peer_assign:.1f} | {peer_assign / assign:.0f} |")
    print(f"| inertia, ours over theirs | {partition.n_cells} | | | {ratio:.3f} |\n", flush=True)


def draws(points: torch.Tensor, min_probability: float) -> None:
    partition = bisect(points[:250_000], 2 * min_probability)
    edges = block_edges(len(points), 20)
    print("| draws, d = 3 | cells | M draws/s |\n|---|---|---|")
    for device in DEVICES:
        tree = partition.to(torch.float32, device)
        for linear in (False, True):
            seconds, _ = timed(
                lambda tree=tree, linear=linear: accumulate_round(
                    points, edges, SIGMA, tree, round_index=0, entropy=0, linear=linear
                )
            )
            kind = f"{'linear' if linear else 'constant'} cells, p_min = {min_probability:g}, {device}"
            print(f"| {kind} | {tree.n_cells} | {2 * len(points) / seconds / 1e6:.1f} |")


def fits(points: torch.Tensor) -> None:
    """The whole estimate on every device: partition, sixteen draws, network."""
    print("\n| estimate of 1e6 samples, d = 3, p_min = 0.001 | cells, s | network, s |\n|---|---|---|")
    for device in DEVICES:
        cells, estimator = timed(
            lambda device=device: KGMM(SIGMA, 1e-3, stopping="fixed", max_draws=16, device=device).fit(points.numpy())
        )
        network, _ = timed(lambda device=device, cells=estimator: ScoreModel.fit(cells, device=device))
        print(f"| {device} | {cells:.2f} | {network:.2f} |")


def main() -> None:
    torch.set_num_threads(2)
    points = samples()
    blurred = points + SIGMA * torch.randn(points.shape, generator=torch.Generator().manual_seed(0))
    draws(points, 1e-3)
    fits(points)
    if len(DEVICES) == 1:
        print("\nNo GPU: its columns are skipped.")
    print()
    against_scikit_learn(blurred, 1e-4)


if __name__ == "__main__":
    main()
