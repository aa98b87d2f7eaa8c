"""Constant against linear cells: error of the network on the asymmetric potential, by size of the cells and draws.

Run: ``python benchmarks/cells.py [replicates]`` (default 3). σ = 0.05, 128-64 network, errors are relative mean squares
against the exact smoothed score at held-out samples; a replicate simulates anew. Prints one Markdown table of medians.
"""

from __future__ import annotations

import sys

import numpy as np

from kgmm import KGMM, ScoreModel, get_system, simulate
from kgmm.data.samples import as_samples
from kgmm.data.trajectory import split
from kgmm.score.evaluation import ScoreEvaluator

SIGMA = 0.05
CASES = [  # samples, p_min, draws
    (10_000, 0.02, 64),
    (10_000, 0.001, 64),
    (100_000, 0.01, 64),
    (100_000, 0.001, 64),
    (800_000, 0.001, 8),
    (800_000, 0.001, 32),
]


def main(replicates: int) -> None:
    system = get_system("asymmetric_potential")
    parts = [split(simulate(system, n_members=12_500, n_times=100, seed=[9, r]), 0.2) for r in range(replicates)]
    print("| samples | p_min | draws | constant | linear |\n|---|---|---|---|---|")
    for n_samples, p_min, draws in CASES:
        errors = {"constant": [], "linear": []}
        for replicate, part in enumerate(parts):
            samples, held_out = as_samples(part.training, n_samples), as_samples(part.held_out, 10_000).astype(float)
            for kind, found in errors.items():
                cells = KGMM(SIGMA, p_min, cells=kind, stopping="fixed", max_draws=draws, random_state=replicate)
                model = ScoreModel.fit(cells.fit(samples), seed=replicate)
                evaluator = ScoreEvaluator(
                    held_out, sigma=SIGMA, standardization=cells.cell_score_.standardization, system=system,
                    rng=np.random.default_rng(replicate),
                )  # fmt: skip
                found.append(evaluator.smoothed_score_error(model).value)
        medians = " | ".join(f"{np.median(values):.2g}" for values in errors.values())
        print(f"| {n_samples:g} | {p_min:g} | {draws} | {medians} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
