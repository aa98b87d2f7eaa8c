"""Bundles: jobs that take several tasks of one stage in one process, so that their work outweighs their start."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from kgmm.jobs import kept
from kgmm.jobs.plan import Plan
from kgmm.jobs.tasks import STAGES, Task

# A race has the machine for itself; several in a row would only keep others waiting. Shards are divided to be spread.
_ALONE = ("race_score", "simulate_shard", "accumulate_moments")


@dataclass(frozen=True)
class Bundle:
    """Tasks of one stage for one job; all are computed by the same code.

    Attributes
    ----------
    tasks : in the order in which they are computed.
    """

    stage: str
    tasks: tuple[Task, ...]

    @property
    def name(self) -> str:
        """Name of the rule and of the log: stage, number of tasks, and a hash of which."""
        digest = hashlib.sha256(json.dumps([task.key for task in self.tasks]).encode()).hexdigest()
        return f"{self.stage}_{len(self.tasks)}x_{digest[:8]}"

    @property
    def inputs(self) -> list[str]:
        """Input files of all tasks; files from outside, whose time stamps must not matter, are left out."""
        return sorted({path for task in self.tasks if task.stage != "import_dataset" for path in task.inputs.values()})

    @property
    def outputs(self) -> list[str]:
        """Declared output files of all tasks, with their records."""
        return [path for task in self.tasks for path in task.files]


def compose(plan: Plan, rows_per_job: int, n_workers: int) -> list[Bundle]:
    """Bundles of the tasks that are to be computed.

    Left to the rule of their stage are tasks that would be alone, and those that broke the last time, with all that
    follows from them: they would hold up the others.

    Parameters
    ----------
    rows_per_job : tasks in a bundle, at most.
    n_workers : jobs that can run at once: no fewer bundles than that are made, so that none of them is idle.
    """
    if rows_per_job == 1:
        return []
    bundles = []
    due: set[str] = set()  # files that are to be made
    doubtful: set[str] = set()  # those of them that may not come into being
    for stage in STAGES:
        tasks = [task for task in plan.tasks[stage].values() if _is_due(task, due)]
        due.update(path for task in tasks for path in task.files)
        alone = [task for task in tasks if kept.is_broken(task) or not doubtful.isdisjoint(task.inputs.values())]
        doubtful.update(path for task in alone for path in task.files)
        if stage in _ALONE:
            continue
        together = sorted((task for task in tasks if task not in alone), key=_code)
        for _, same in groupby(together, key=_code):
            bundles += [Bundle(stage, part) for part in _parts(tuple(same), rows_per_job, n_workers)]
    return bundles


def _code(task: Task) -> str:
    return task.fingerprint


def _parts(tasks: tuple[Task, ...], rows_per_job: int, n_workers: int) -> Iterator[tuple[Task, ...]]:
    """Parts of nearly equal size, of two tasks and more.

    Neighbours cost alike (one method, one dimension, one number of samples), or cheap and dear ones alternate (a
    trajectory, its reference run), so that they are dealt out to and fro.
    """
    n_parts = max(math.ceil(len(tasks) / rows_per_job), min(n_workers, len(tasks)))
    parts: list[list[Task]] = [[] for _ in range(n_parts)]
    for number, task in enumerate(tasks):
        turn, place = divmod(number, n_parts)
        parts[-1 - place if turn % 2 else place].append(task)
    return (tuple(part) for part in parts if len(part) > 1)


def _is_due(task: Task, due: set[str]) -> bool:
    """Whether a task has no result, or one of other code or of a job that was interrupted, or follows one that has not.

    Whatever else makes Snakemake compute a task again, it does so by the stage's own rule.
    """
    if any(path in due for path in task.inputs.values()) or kept.is_kept(task):
        return True
    if not all(Path(path).exists() for path in task.files):
        return True
    return json.loads(Path(task.record).read_text()).get("code") != task.fingerprint


def write_bundles(bundles: list[Bundle], path: str | Path) -> None:
    """Stores which tasks go together: jobs on other machines plan again, when some tasks are done already."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps([[bundle.stage, [task.key for task in bundle.tasks]] for bundle in bundles]))
    part.replace(path)


def read_bundles(plan: Plan, path: str | Path) -> list[Bundle]:
    """What :func:`write_bundles` stored."""
    stored = json.loads(Path(path).read_text())
    return [Bundle(stage, tuple(plan.task(stage, key) for key in keys)) for stage, keys in stored]
