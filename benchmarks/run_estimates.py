"""How well costs are estimated before a run, and the rates that fit a finished one.

    python benchmarks/run_estimates.py results/paper config/config.yaml [--fit]

Prints core seconds and megabytes by stage, estimated and measured; ``--fit`` prints ``RATES`` of kgmm.jobs.estimates.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import nnls

from kgmm.jobs import estimates
from kgmm.jobs.plan import Plan


def tasks_of(run: Path, config: Path) -> pd.DataFrame:
    """Work, estimated and measured cost of every task of a finished run of a configuration."""
    plan = Plan(yaml.safe_load(config.read_text()))
    costs = pd.read_csv(run / "costs.csv").set_index(["stage", "key"])
    experiments = estimates.experiments_of(plan)
    records = []
    for task in plan.all_tasks():
        experiment = experiments[task.stage, task.key]
        cost = costs.loc[(task.stage, task.key)]
        files = [Path(path) for path in task.outputs.values()]
        records.append(
            {
                "stage": task.stage, "kind": estimates.kind_of(task, experiment), "key": task.key,
                "work": estimates.work_of(task, experiment), "estimated": estimates.core_seconds(task, experiment),
                "measured": cost["wall_s"] * cost["threads"],
                "estimated_mb": estimates.disk_of(task, experiment) / 1e6,
                "measured_mb": sum(file.stat().st_size for file in files if file.exists()) / 1e6,
            }
        )  # fmt: skip
    return pd.DataFrame(records)


def fitted(tasks: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Seconds a task and nanoseconds a unit of work, not negative, by least squares: the long tasks count."""
    rates = {}
    for kind, own in tasks.groupby("kind", sort=False):
        matrix = np.stack([np.ones(len(own)), 1e-9 * own["work"].to_numpy()], axis=1)
        found, _ = nnls(matrix, own["measured"].to_numpy())
        rates[kind] = (float(f"{found[0]:.2g}"), float(f"{found[1]:.2g}"))
    return rates


def main() -> None:
    tasks = tasks_of(Path(sys.argv[1]), Path(sys.argv[2]))
    if "--fit" in sys.argv:
        print("RATES = {")
        for kind, (per_task, per_unit) in fitted(tasks).items():
            print(f'    "{kind}": ({per_task:g}, {per_unit:g}),')
        print("}")
    columns = ["estimated", "measured", "estimated_mb", "measured_mb"]
    table = tasks.groupby("stage", sort=False)[columns].sum()
    table.loc["all"] = table.sum()
    table["ratio"] = table["estimated"] / table["measured"]
    print(table.round(1).to_string())


if __name__ == "__main__":
    main()
