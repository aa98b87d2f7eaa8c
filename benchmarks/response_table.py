"""The table of docs/response.md from a finished ``make response``: errors of step responses, worst replicate.

python benchmarks/response_table.py [results/response/metrics.csv]
"""

from __future__ import annotations

import sys

import pandas as pd

_COLUMNS = {"score": "response_error_score", "gaussian": "response_error_gaussian", "model": "response_error_model"}


def main(path: str) -> None:
    metrics = pd.read_csv(path)
    print("| system, change | observable | score | quasi-Gaussian | fitted model | error of the simulations | checks |")
    print("|---|---|---|---|---|---|---|")
    for block, rows in metrics.groupby("block", sort=False):
        passed = rows.loc[rows["statistic"] == "response_checks_pass", "value"]
        correction = rows.loc[rows["statistic"] == "response_correction", "value"]
        for observable in ("mean", "variance"):
            own = rows[rows["variable"] == observable]
            cells = [_cell(own[own["statistic"] == statistic]) for statistic in _COLUMNS.values()]
            floor = own.loc[own["statistic"] == _COLUMNS["score"], "floor"].max()
            checks = f"{int(passed.sum())} of {len(passed)}, correction {100 * correction.max():.2g} %"
            print(f"| {block} | {observable} | {' | '.join(cells)} | {floor:.2g} | {checks} |")


def _cell(rows: pd.DataFrame) -> str:
    """The largest error of the replicates, with what noise explains of it."""
    rows = rows.dropna(subset=["value"])
    if rows.empty:
        return "–"
    worst = rows.loc[rows["value"].idxmax()]
    return f"{worst['value']:.3f} ± {worst['stderr']:.3f}"


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "results/response/metrics.csv")
