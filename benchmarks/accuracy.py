"""Errors of the score on the two potential systems: cells, network, direct GMM score, control.

Run: ``python benchmarks/accuracy.py [replicates]`` (default 5). Errors are relative mean squares at held-out samples in
standardised coordinates; a replicate simulates anew. Prints one Markdown table.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from kgmm import KGMM, DirectGMM, ScoreModel, get_system, simulate
from kgmm.data.samples import as_samples
from kgmm.data.trajectory import split
from kgmm.score.evaluation import ScoreEvaluator

CASES = [
    # system, n_members, n_times, n_samples, sigma, p_min, options of KGMM, hidden, with mixture
    ("double_well", 12_500, 1, 10_000, 0.01, 0.02, {"min_draws": 64}, (40, 20), True),
    ("double_well", 12_500, 10, 100_000, 0.05, 0.005, {}, (40, 20), False),
    ("asymmetric_potential", 12_500, 100, 1_000_000, 0.05, 0.001, {"max_draws": 32}, (128, 64), False),
]


def center_error(cells: KGMM, system) -> float:
    mass = np.sqrt(cells.counts_)[:, None] * cells.cell_score_.standardization.scale
    exact = system.score(cells.centers_) * mass
    return float(np.square(cells.score_ * mass - exact).sum() / np.square(exact).sum())


def one_replicate(case, replicate: int) -> dict[str, float]:
    name, n_members, n_times, n_samples, sigma, p_min, options, hidden, with_mixture = case
    system = get_system(name)
    parts = split(simulate(system, n_members=n_members, n_times=n_times, seed=[7, replicate]), held_out=0.2)
    samples, held_out = as_samples(parts.training, n_samples), as_samples(parts.held_out, min(20_000, n_samples // 5))

    start = time.perf_counter()
    cells = KGMM(sigma, p_min, random_state=replicate, **options).fit(samples)
    clustered = time.perf_counter()
    network = ScoreModel.fit(cells, hidden=hidden, seed=replicate)
    fitted = time.perf_counter()
    scores = {"cells": cells.score_at, "network": network}
    if with_mixture:
        mixture = DirectGMM(sigma).fit(samples)
        scores |= {
            "direct GMM": mixture.score_at,
            "control network": ScoreModel.fit_mixture(mixture, samples, hidden=hidden, seed=replicate),
        }
    result = {"cells at centres, against s": center_error(cells, system)}
    evaluator = ScoreEvaluator(
        held_out, sigma=sigma, standardization=cells.cell_score_.standardization, system=system,
        rng=np.random.default_rng(replicate),
    )  # fmt: skip
    for method, score in scores.items():
        metrics = evaluator.evaluate(score).metrics
        result[f"{method}, against s"] = metrics["score_error"].value
        result[f"{method}, against s_σ"] = metrics["smoothed_score_error"].value
    result["smoothing bias"] = metrics["smoothing_bias"].value
    result["clustering and draws, s"] = clustered - start
    result["network fit, s"] = fitted - clustered
    return result


def main(replicates: int) -> None:
    print("| system | samples | σ | quantity | median | smallest | largest |\n|---|---|---|---|---|---|---|")
    for case in CASES:
        results = [one_replicate(case, replicate) for replicate in range(replicates)]
        for quantity in results[0]:
            values = [result[quantity] for result in results]
            print(
                f"| {case[0]} | {case[3]:.0e} | {case[4]} | {quantity} "
                f"| {np.median(values):.3g} | {min(values):.3g} | {max(values):.3g} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
