"""How well costs are estimated before a run, and the rates that fit a finished one.

    python benchmarks/run_estimates.py results/paper config/config.yaml [--fit] [--keep]

Prints core seconds, megabytes of disk and the largest memory by stage, estimated and measured; ``--fit`` prints
``RATES`` of kgmm.jobs.estimates, ``--keep`` writes what was measured to docs/measured, where a test compares it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import nnls

from kgmm.jobs import estimated_sizes, estimates
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
                "estimated_memory": estimated_sizes.memory_of(task, experiment) / 1e6,
                "measured_memory": cost["peak_memory_mb"],
                "estimated_mb": estimated_sizes.disk_of(task, experiment) / 1e6,
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
    stages = tasks.groupby("stage", sort=False)
    memory = stages[["estimated_memory", "measured_memory"]].max()
    table = stages[columns].sum().join(memory)
    table.insert(0, "tasks", stages.size())
    table.loc["all"] = table.sum()
    table.loc["all", memory.columns] = memory.max()
    table["ratio"] = table["estimated"] / table["measured"]
    print(table.round(1).to_string())
    if "--keep" in sys.argv:
        kept = table.loc[table.index != "all", ["tasks", "measured", "measured_memory", "measured_mb"]]
        kept.columns = ["tasks", "core_s", "peak_memory_mb", "disk_mb"]
        kept.round(1).to_csv(f"docs/measured/{Path(sys.argv[1]).name}-costs.csv")


if __name__ == "__main__":
    main()
