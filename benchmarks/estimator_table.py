"""Error and time of every estimator of the score on two densities, dimension by number of samples.

Run: ``python benchmarks/estimator_table.py [--quick] [--output folder]``, two processes of one thread each. Errors are
``E|ŝ − s|²/E|s|²`` in standardised coordinates at 20 000 fresh samples, against the exact score. Times are CPU seconds
of one thread, so that another program on the machine does not count. Writes ``estimator_table.csv`` (every fit),
``estimator_table.md`` (medians and ranges) and a picture of error against time for each problem. Seeds come one after
the other, and ``--resume`` keeps the fits of a table that was stopped.

The φ⁴ chain is a polynomial of degree 4, which flatters an estimator that tries polynomials; the mixture of six
Gaussians is none. ``auto`` is the default of ``kgmm.fit_score``; ``auto, no polynomial`` the same without that family;
``kgmm`` the published method; ``dsm`` the baseline of ``strong_dsm.py``, its best setting chosen by the true error: of
the decays of the weights the longest fit has the one that was better before.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from gaussian_mixture import GaussianMixture
from strong_dsm import fit_dsm
from threadpoolctl import threadpool_limits

from kgmm import fit_score, get_system

SIGMA = 0.05
N_TEST = 20_000
DIMENSIONS, SIZES, SEEDS = (1, 2, 3, 4, 8, 16), (10_000, 100_000, 1_000_000), (0, 1, 2)
LARGE = 1_000_000  # of so many samples one seed is fitted, unless others are asked for: two minutes a cell
STEPS, DECAYS, LONG = (1000, 4000, 12_000), (0.01, 0.1), 4000
PROBLEMS = {"φ⁴ chain": lambda d: get_system("phi4_chain", n_variables=d), "mixture": GaussianMixture}
AIM, TARGET = (0.7, 0.25), (1.0, 0.5)  # error and time over the baseline's


def fits(X: np.ndarray, seed: int, steps: tuple[int, ...], error_of, known: dict[str, dict]):
    """Yields a row for every method in turn; those in ``known`` are not fitted again."""

    def timed(name, fit):
        if name in known:
            return known[name]
        start, wall = time.process_time(), time.perf_counter()
        model = fit()
        seconds, elapsed = time.process_time() - start, time.perf_counter() - wall
        return {
            "method": name, "error": error_of(model), "seconds": seconds, "wall": elapsed, "chosen": model.method,
            "own_estimate": model.error_estimate,
        }  # fmt: skip

    yield timed("auto", lambda: fit_score(X, random_state=seed))
    yield timed(
        "auto, no polynomial", lambda: fit_score(X, families=("spline", "radial", "network"), random_state=seed)
    )
    yield timed("kgmm", lambda: fit_score(X, SIGMA, method="kgmm", random_state=seed))
    decays = DECAYS
    for n in steps:
        found = [
            timed(f"dsm {n}, decay {decay:g}", lambda n=n, decay=decay: fit_dsm(X, SIGMA, n, decay, seed))
            for decay in decays
        ]
        yield from found
        if n >= LONG:
            decays = (decays[int(np.argmin([row["error"] for row in found]))],)


def one_cell(cell) -> list[dict]:
    problem, d, n, seed, steps, known = cell
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    system = PROBLEMS[problem](d)
    rng = np.random.default_rng([seed, d, n])
    X, test = system.sample(n, rng), system.sample(N_TEST, rng)
    exact = system.score(test)
    fit_score(X[:500], random_state=0)  # imports

    def error_of(model) -> float:
        scale = model.standardization.scale
        return float(np.square((model(test) - exact) * scale).sum() / np.square(exact * scale).sum())

    rows = []
    for found in fits(X, seed, steps, error_of, known):
        rows.append({"problem": problem, "d": d, "n": n, "seed": seed} | found)
        name, error, seconds = found["method"], found["error"], found["seconds"]
        print(
            f"{problem} d={d} n={n:.0e} seed={seed} {name}: {error:.5f} in {seconds:.2f} s", file=sys.stderr, flush=True
        )
    return rows


def stored(file: Path) -> list[dict]:
    """The rows of a table that was stopped."""
    kinds = {"d": int, "n": int, "seed": int, "error": float, "seconds": float, "wall": float}
    with file.open(newline="") as lines:
        return [{name: kinds.get(name, str)(text) for name, text in row.items()} for row in csv.DictReader(lines)]


def summary(rows: list[dict]) -> str:
    """The table: medians over seeds, ranges in brackets, the baseline at its best per seed; red cells are named."""
    lines = [
        "| problem | n | d | dsm, best | auto | without polynomial | kgmm | auto over dsm: error, time | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for problem, n, d in sorted({(row["problem"], row["n"], row["d"]) for row in rows}):
        cell = [row for row in rows if (row["problem"], row["n"], row["d"]) == (problem, n, d)]
        best = {name: _best_by_seed(cell, name) for name in ("dsm", "auto", "auto, no polynomial", "kgmm")}
        ratios = [
            (ours["error"] / baseline["error"], ours["seconds"] / baseline["seconds"])
            for ours, baseline in zip(best["auto"], best["dsm"])
        ]
        error, seconds = np.median(ratios, axis=0)
        texts = [_median_and_range(found) for found in best.values()]
        lines.append(
            f"| {problem} | {_power_of_ten(n)} | {d} | {' | '.join(texts)} | {error:.2g}, {seconds:.2f} "
            f"| {_verdict(error, seconds)} |"
        )
    return "\n".join(lines)


def _best_by_seed(cell: list[dict], name: str) -> list[dict]:
    """The fit of least error of each seed among those of a method, of the baseline with any settings."""
    same = [row for row in cell if row["method"] == name or (name == "dsm" and row["method"].startswith("dsm"))]
    seeds = sorted({row["seed"] for row in same})
    return [min((row for row in same if row["seed"] == seed), key=lambda row: row["error"]) for seed in seeds]


def _power_of_ten(n: int) -> str:
    exponent = round(np.log10(n))
    digits = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}" if n == 10**exponent else f"{n}"


def _median_and_range(found: list[dict]) -> str:
    errors, seconds = ([row[name] for row in found] for name in ("error", "seconds"))
    spread = f" [{min(errors):.2g}, {max(errors):.2g}]" if len(errors) > 1 else ""
    return f"{np.median(errors):.2g}{spread}, {np.median(seconds):.2g} s"


def _verdict(error: float, seconds: float) -> str:
    if error <= AIM[0] and seconds <= AIM[1]:
        return "aim"
    missed = [name for name, value, most in zip(("error", "time"), (error, seconds), TARGET) if value > most]
    return f"red: {' and '.join(missed)}" if missed else "target"


def draw(rows: list[dict], file: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    dimensions, sizes = sorted({row["d"] for row in rows}), sorted({row["n"] for row in rows})
    figure, axes = plt.subplots(
        len(sizes), len(dimensions), figsize=(2.6 * len(dimensions), 2.4 * len(sizes)), squeeze=False, sharey="row"
    )
    styles = {"auto": "o", "auto, no polynomial": "s", "kgmm": "^", "dsm": "x"}
    for i, n in enumerate(sizes):
        for j, d in enumerate(dimensions):
            axis = axes[i, j]
            for name, marker in styles.items():
                points = [
                    (row["seconds"], row["error"])
                    for row in rows
                    if (row["d"], row["n"]) == (d, n)
                    and (row["method"] == name or row["method"].startswith(name + " "))
                ]
                if points:
                    axis.loglog(*zip(*points), marker, label=name, fillstyle="none")
            axis.set_title(f"d = {d}, n = {n:.0e}", fontsize=9)
    axes[0, 0].legend(fontsize=7)
    figure.supxlabel("CPU seconds, one thread")
    figure.supylabel("relative mean square error of the score")
    figure.tight_layout()
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, up to 1e5 samples, d up to 8, fewer baselines")
    parser.add_argument("--output", type=Path, default=Path("results/score-table"))
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--dimensions", type=int, nargs="+", default=None)
    parser.add_argument("--sizes", type=float, nargs="+", default=None)
    parser.add_argument("--seeds", type=int, nargs="+", default=None)
    parser.add_argument("--steps", type=int, nargs="+", default=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="keep the fits that are there")
    options = parser.parse_args()
    dimensions = options.dimensions or ((1, 2, 4, 8) if options.quick else DIMENSIONS)
    sizes = [int(n) for n in options.sizes or (SIZES[:2] if options.quick else SIZES)]
    seeds = options.seeds or (SEEDS[:1] if options.quick else SEEDS)
    steps = options.steps or (STEPS[:2] if options.quick else STEPS)
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "estimator_table.csv"
    keys = [
        (problem, d, n, seed)
        for seed in seeds
        for n in sizes
        for problem in options.problems
        for d in dimensions
        if n < LARGE or seed == seeds[0] or options.seeds
    ]
    known: dict[tuple, list[dict]] = {}
    for row in stored(file) if options.resume and file.exists() else []:
        known.setdefault((row["problem"], row["d"], row["n"], row["seed"]), []).append(row)
    cells = [(*key, steps, {row["method"]: row for row in known.get(key, [])}) for key in keys]
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        for key, found in zip(keys, pool.map(one_cell, cells)):
            known[key] = found
            with file.open("w", newline="") as lines:
                writer = csv.DictWriter(lines, found[0])
                writer.writeheader()
                writer.writerows(row for rows in known.values() for row in rows)
    rows = [row for rows in known.values() for row in rows]
    table = summary(rows)
    (options.output / "estimator_table.md").write_text(table + "\n")
    print(table)
    for problem in options.problems:
        draw([row for row in rows if row["problem"] == problem], options.output / f"{problem}.png".replace(" ", "_"))


if __name__ == "__main__":
    main()
