"""Bundles: jobs that take several tasks of one stage in one process, so that their work outweighs their start."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kgmm.config.stages import STAGES
from kgmm.jobs.plan import Plan
from kgmm.jobs.receipts import is_broken
from kgmm.jobs.tasks import Task

_FOLDER = Path(".snakemake/bundles")


@dataclass(frozen=True)
class Bundle:
    """Tasks of one stage for one job.

    Attributes
    ----------
    name : str
        Name of the rule and of the log: stage, number of tasks, and a random number.
    stage : str
        Name of the stage.
    tasks : tuple of Task
        In the order in which they are computed; none builds on another.
    """

    name: str
    stage: str
    tasks: tuple[Task, ...]

    @classmethod
    def of(cls, stage: str, tasks: tuple[Task, ...]) -> Bundle:
        """A new bundle, whose name no other ever had: its done file of an earlier run would say that it is done."""
        return cls(f"{stage}_{len(tasks)}x_{secrets.token_hex(4)}", stage, tasks)

    @property
    def done(self) -> str:
        """The one file that Snakemake is told of, written when all tasks are done."""
        return str(_FOLDER / "done" / self.name)


class Bundles:
    """The bundles of a run, and the file that tells when each task is done."""

    def __init__(self, bundles: list[Bundle]):
        self.all = bundles
        self._done = {task.done: bundle.done for bundle in bundles for task in bundle.tasks}

    def done(self, files: Iterator[str]) -> list[str]:
        """The files to wait for in the place of done files of tasks: those of the bundles that tasks are in."""
        return sorted({self._done.get(file, file) for file in files})

    def awaited(self, bundle: Bundle) -> list[str]:
        """What the job of a bundle waits for."""
        return self.done(file for task in bundle.tasks for file in task.awaited)

    def holds(self, task: Task) -> bool:
        """Whether a task is in a bundle."""
        return task.done in self._done

    def store(self, name: str) -> None:
        """Stores which tasks go together, for the jobs of the run of that name: these plan again, on other machines."""
        path = _FOLDER / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps([[b.name, b.stage, [task.key for task in b.tasks]] for b in self.all]))
        part.replace(path)

    @classmethod
    def load(cls, plan: Plan) -> Bundles:
        """What :meth:`store` stored for the run of a plan."""
        stored = json.loads((_FOLDER / f"{plan.name}.json").read_text())
        return cls([Bundle(name, stage, tuple(plan.task(stage, key) for key in keys)) for name, stage, keys in stored])


def compose(plan: Plan, rows_per_job: int, n_workers: int) -> Bundles:
    """Bundles of the tasks that have no done file, see :func:`kgmm.jobs.receipts.synchronize`.

    Tasks that would be alone are left to the rule of their stage, and so are those that broke the last time, with all
    that follows from them: they would hold up the others.

    Parameters
    ----------
    plan : Plan
        The tasks.
    rows_per_job : int
        Tasks in a bundle, at most.
    n_workers : int
        Jobs that can run at once: no fewer bundles than that are made, so that none of them is idle.
    """
    if rows_per_job == 1:
        return Bundles([])
    groups: dict[tuple[str, int], list[Task]] = {}
    doubtful: set[str] = set()  # done files that may not come into being
    for task in sorted(plan.all_tasks(), key=lambda task: task.depth):
        if Path(task.done).exists():
            continue
        if is_broken(task) or not doubtful.isdisjoint(task.awaited):
            doubtful.add(task.done)
        elif not STAGES[task.stage].alone and not task.is_shard:
            groups.setdefault((task.stage, task.generation), []).append(task)
    return Bundles(
        [
            Bundle.of(stage, part)
            for (stage, _), tasks in groups.items()
            for part in _parts(tuple(tasks), rows_per_job, n_workers)
        ]
    )


def _parts(tasks: tuple[Task, ...], rows_per_job: int, n_workers: int) -> Iterator[tuple[Task, ...]]:
    """Parts of nearly equal size, of two tasks and more, filled in serpentine order.

    Neighbours cost alike (one method, one dimension, one number of samples), or cheap and expensive ones alternate (a
    trajectory, its reference run).
    """
    n_parts = max(math.ceil(len(tasks) / rows_per_job), min(n_workers, len(tasks)))
    parts: list[list[Task]] = [[] for _ in range(n_parts)]
    for number, task in enumerate(tasks):
        turn, place = divmod(number, n_parts)
        parts[-1 - place if turn % 2 else place].append(task)
    yield from (tuple(part) for part in parts if len(part) > 1)
