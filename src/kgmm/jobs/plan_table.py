"""The plan as a table, one flat record per experiment, and as one sentence."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from kgmm.jobs.plan import Plan
from kgmm.jobs.tasks import STAGES


def records(plan: Plan) -> list[dict]:
    """One record per row of the plan: every setting by its dotted name, and the keys of its tasks."""
    found = []
    for row in plan.rows:
        record = dict(_flatten(row.experiment.model_dump(mode="json")))
        found.append(record | {f"key.{stage}": row.keys.get(stage, "") for stage in STAGES})
    return found


def to_csv(plan: Plan) -> str:
    """The table as CSV text."""
    rows = records(plan)
    columns = list(dict.fromkeys(column for record in rows for column in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def summary(plan: Plan) -> str:
    """One sentence: how much the run holds, and how much of it is there."""
    tasks = plan.all_tasks()
    done = {(task.stage, task.key) for task in tasks if all(Path(path).exists() for path in task.files)}
    n_rows = sum(done.issuperset(row.keys.items()) for row in plan.rows)
    experiments = f"{len(plan.rows)} experiments, {n_rows} of them done"
    return f"{plan.name}: {experiments}; {len(tasks)} results, {len(done)} of them there"


def _flatten(settings: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if not isinstance(value, (dict, list)) else json.dumps(value)
