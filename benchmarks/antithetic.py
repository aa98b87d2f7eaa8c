"""What antithetic draws change: the network's error with independent draws and with pairs z, −z.

Run: ``python benchmarks/antithetic.py [replicates]`` (default 8). Double well, 10 000 independent samples, σ = 0.01,
p_min = 0.02, 64 draws a sample, 40-20 network; the partition is the same for both. Prints one Markdown table.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from kgmm import KGMM, ScoreModel, get_system, simulate
from kgmm.statistics.comparison import relative_error

N_SAMPLES, SIGMA, P_MIN, DRAWS = 10_000, 0.01, 0.02, 64


def cells_of_independent_draws(cells: KGMM, samples: np.ndarray, rng: np.random.Generator):
    """Centres, noise means and counts in standardised coordinates, over the cells of ``cells``."""
    n_cells = cells.cell_score_.partition.n_cells
    mu = cells.cell_score_.standardization.forward(samples)
    count, noise, position = np.zeros(n_cells), np.zeros(n_cells), np.zeros(n_cells)
    for _ in range(DRAWS):
        z = rng.standard_normal(mu.shape)
        x = mu + SIGMA * z
        cell = cells.cell_score_.partition.assign(torch.from_numpy(x)).numpy()
        count += np.bincount(cell, minlength=n_cells)
        noise += np.bincount(cell, weights=z[:, 0], minlength=n_cells)
        position += np.bincount(cell, weights=x[:, 0], minlength=n_cells)
    return (position / count)[:, None], (noise / count)[:, None], count


def main(replicates: int) -> None:
    system = get_system("double_well")
    errors = {name: [] for name in ("cells, pairs", "cells, independent", "network, pairs", "network, independent")}
    for replicate in range(replicates):
        data = simulate(system, n_members=2 * N_SAMPLES, n_times=1, seed=[11, replicate]).values[:, 0]
        samples, held_out = data[:N_SAMPLES], data[N_SAMPLES:]
        cells = KGMM(SIGMA, P_MIN, min_draws=DRAWS, max_draws=DRAWS, random_state=replicate).fit(samples)
        scale = cells.cell_score_.standardization.scale
        centers, noise, count = cells_of_independent_draws(cells, samples, np.random.default_rng(replicate))
        stderr = np.hypot(cells.cell_score_.estimates.stderr_draws, cells.cell_score_.estimates.stderr_data) / SIGMA
        common = {"hidden": (40, 20), "seed": replicate}
        independent = ScoreModel.fit_points(
            centers,
            -noise / SIGMA,
            count,
            sigma=SIGMA,
            standardization=cells.cell_score_.standardization,
            stderr=stderr,
            **common,
        )  # fmt: skip
        pairs = ScoreModel.fit(cells, **common)
        exact = system.score(held_out)
        label = cells.predict(held_out)
        errors["cells, pairs"].append(relative_error(cells.score_[label], exact).value)
        errors["cells, independent"].append(relative_error(-noise[label] / (SIGMA * scale), exact).value)
        errors["network, pairs"].append(relative_error(pairs(held_out), exact).value)
        errors["network, independent"].append(relative_error(independent(held_out), exact).value)
    print("| estimate, draws | median error | smallest | largest |\n|---|---|---|---|")
    for name, values in errors.items():
        print(f"| {name} | {np.median(values):.3g} | {min(values):.3g} | {max(values):.3g} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
