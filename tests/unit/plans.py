"""Plans of small configurations, and the keys of their tasks."""

import copy

from kgmm.jobs.plan import Plan

BLOCK = {
    "name": "wells",
    "system": {"name": "double_well"},
    "simulation": {"n_members": 500, "n_times": 10},
    "estimator": {"sigma": 0.1},
}


def plan(*changes: dict, **run) -> Plan:
    """A plan of one block per change; nested settings are merged into ``BLOCK``."""
    blocks = []
    for number, change in enumerate(changes or ({},)):
        block = {**copy.deepcopy(BLOCK), "name": f"wells{number}"}
        for key, value in change.items():
            block[key] = {**block.get(key, {}), **value} if isinstance(value, dict) else value
        blocks.append(block)
    return Plan({"name": "test", "experiments": blocks, **run})


def renamed(*changes: dict, **run) -> set[str]:
    """Roles of the tasks whose keys differ between the plain block and a changed one."""
    plain, changed = keys(plan()), keys(plan(*changes, **run))
    return {role for role in plain | changed if plain.get(role) != changed.get(role)}


def keys(of: Plan, row: int = 0) -> dict[str, str]:
    """Keys of the tasks of a row by their role."""
    return {role: task.key for role, task in of.rows[row].tasks.items()}


FITTED = {"mobility", "sample_fitted", "comparison_fitted"}
MODELS = {"sample", "comparison"} | FITTED
AFTER_CELLS = {"cells", "score", "evaluation"} | MODELS
SIMULATED = {"trajectory", "description"} | AFTER_CELLS
