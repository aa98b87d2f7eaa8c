"""The plan as a table, one flat record per experiment, and as one sentence."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from kgmm.jobs.plan import Plan


def plan_records(plan: Plan) -> list[dict]:
    """One record per row of the plan: every setting by its dotted name, and the keys of its tasks by their role."""
    roles = list(dict.fromkeys(role for row in plan.rows for role in row.tasks))
    records = []
    for row in plan.rows:
        record = dict(_flatten(row.experiment.model_dump(mode="json")))
        keys = {role: row.tasks[role].key if role in row.tasks else "" for role in roles}
        records.append(record | {f"key.{role}": key for role, key in keys.items()})
    return records


def to_csv(plan: Plan) -> str:
    """The table as CSV text."""
    rows = plan_records(plan)
    columns = list(dict.fromkeys(column for record in rows for column in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def summary(plan: Plan) -> str:
    """One sentence: how much the run holds, and how much of it is there."""
    tasks = plan.all_tasks()
    done = {task.done for task in tasks if Path(task.done).exists()}
    n_rows = sum(done.issuperset(task.done for task in row.tasks.values()) for row in plan.rows)
    experiments = f"{len(plan.rows)} experiments, {n_rows} of them done"
    return f"{plan.name}: {experiments}; {len(tasks)} results, {len(done)} of them there"


def _flatten(settings: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if not isinstance(value, (dict, list)) else json.dumps(value)
