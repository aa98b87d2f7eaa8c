"""A plan as the workflow's rules need it: what jobs await, compute, and ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from kgmm.config.stages import Stage
from kgmm.jobs.bundles import Bundles, compose
from kgmm.jobs.cluster import gpu_request, scaled
from kgmm.jobs.drawings import Drawing, drawings_of
from kgmm.jobs.estimates import estimate_run, refuse_excess, table, told
from kgmm.jobs.fingerprint import remember_modules, script_fingerprint
from kgmm.jobs.integrity import changed_files, forget_changed
from kgmm.jobs.plan import Plan
from kgmm.jobs.plan_table import summary, to_csv
from kgmm.jobs.reruns import FORCED, forget, synchronize
from kgmm.jobs.run_results import RunResults
from kgmm.jobs.tasks import TaskList


class RunPlan:
    """A run for its rules.

    Parameters
    ----------
    raw : dict
        Snakemake's configuration.
    scripts : str
        Folder of the workflow's scripts.

    Raises
    ------
    ConfigError
        In one sentence, if the configuration is unusable.
    """

    def __init__(self, raw: dict, scripts: str):
        self.plan = Plan(raw)
        self.results = RunResults(self.plan)
        self.bundles = Bundles([])
        self._scripts = scripts
        self._again: dict = {}
        self._changed: list[str] = []

    def introduction(self, *, by_stage: bool) -> str:
        """What the terminal shows first: the size of the run, what it will take, and what is made again and why.

        Parameters
        ----------
        by_stage : bool
            Whether what it will take is told of every stage.

        Raises
        ------
        ConfigError
            In one sentence, if it will take more than the limits of the configuration.
        """
        remember_modules()
        lines = [summary(self.plan)]
        due = estimate_run(self.plan)
        refuse_excess(due, self.plan.config.limits)
        if due:
            lines += [told(due), *([table(due)] if by_stage else [])]
        for reason, tasks in self._again.items():
            more = f", and {len(tasks) - 1} more" if len(tasks) > 1 else ""
            lines.append(f"computed again because {reason}: {tasks[0].stage} {tasks[0].key}{more}")
        if self._changed:
            more = f", and {len(self._changed) - 1} more" if len(self._changed) > 1 else ""
            lines.append(f"made anew because it is not as it was written: {self._changed[0]}{more}")
        return "\n".join(lines)

    def compose(self, n_workers: int, is_forced: Callable[[str], bool]) -> None:
        """Finds out what is to be computed, and composes the bundles of the run.

        Parameters
        ----------
        n_workers : int
            Jobs that can run at once.
        is_forced : callable
            Whether a stage is to run in any case, given its name.
        """
        self._again = synchronize(self.plan.all_tasks(), is_forced)
        self.bundles = compose(self.plan, self.plan.config.rows_per_job, n_workers)

    def compare_files(self, *, forget: bool) -> None:
        """Compares tables, pictures, report and manifest of the run with the checksums of when they were written.

        Parameters
        ----------
        forget : bool
            Whether those that differ are deleted, so that Snakemake makes them anew.
        """
        self._changed = changed_files([*self.tables, *self.figures(".png", ".pdf", ".nc"), *self.pages])
        if forget:
            forget_changed(self._changed)

    def load_bundles(self) -> None:
        """Takes the bundles that the main process of the run composed, which is what its jobs do."""
        self.bundles = Bundles.load(self.plan)

    def start(self) -> None:
        """Prepares for jobs: stores the bundles, and forgets what is to be computed in any case."""
        self.bundles.store(self.plan.name)
        forget(self._again.get(FORCED, []))

    def path(self, name: str) -> str:
        """A file of the run's own folder."""
        return self.plan.path(name)

    def keys_of(self, stage: Stage) -> str:
        """Regular expression for the keys of a stage's tasks that are to be computed and in no bundle.

        What is done has no rule: to Snakemake it is data like others, which costs it nothing.
        """
        tasks = self.plan.tasks[stage.name].values()
        keys = [task.key for task in tasks if not (Path(task.done).exists() or self.bundles.holds(task))]
        return "|".join(map(re.escape, keys)) or "(?!)"

    def awaited_by(self, stage: Stage) -> Callable:
        """Input function of a stage: the done files of what it builds on."""
        return lambda wildcards: self.bundles.done(self.plan.task(stage.name, wildcards.key).awaited)

    def done_of(self, stage: Stage) -> Callable:
        """Input function of a target: the done files of all tasks of a stage."""
        return lambda wildcards: self.bundles.done(task.done for task in self.plan.tasks[stage.name].values())

    def tasks_of(self, stage: Stage) -> Callable:
        """Parameter function of a stage: what its script is to compute."""
        return lambda wildcards: TaskList((self.plan.task(stage.name, wildcards.key),))

    def threads(self, stage: Stage) -> int:
        """Threads that a task of a stage computes with."""
        return getattr(self.plan.config.threads, stage.name)

    def resources(self, stage: Stage, profile: dict, n_tasks: int | None) -> dict:
        """Resources of a job of a stage, and those of the profile for the tasks of a bundle together."""
        return gpu_request(stage.name, self.plan.config.device) | {
            name: scaled(request, n_tasks) for name, request in profile.items()
        }

    def code(self, script: str) -> str:
        """Fingerprint of a script's code."""
        return script_fingerprint(f"{self._scripts}/{script}.py")

    @property
    def outstanding(self) -> list[str]:
        """Files that say that the tasks that are to be computed are done; of others Snakemake need not know."""
        return self.bundles.done(task.done for task in self.plan.all_tasks() if not Path(task.done).exists())

    def done(self, *roles: str) -> list[str]:
        """Files that say that the tasks of these roles are done; all tasks by default."""
        return self.bundles.done(self.results.done(*roles))

    @property
    def plan_table(self) -> str:
        """The plan as CSV text."""
        return to_csv(self.plan)

    @property
    def receipts(self) -> list[str]:
        """Receipts of all tasks, with their costs."""
        return sorted(task.receipt for task in self.plan.all_tasks())

    @cached_property
    def drawings(self) -> list[Drawing]:
        """The kinds of pictures of the run."""
        return drawings_of(self.results, self.bundles, self.path, self.code("draw"))

    @property
    def drawing_records(self) -> list[str]:
        """Records of the costs of all pictures."""
        return [drawing.record(name) for drawing in self.drawings for name in drawing.names]

    def figures(self, *suffixes: str) -> list[str]:
        """Files of all pictures."""
        files = [file for drawing in self.drawings for name in drawing.names for file in drawing.files(name)]
        return [file for file in files if file.endswith(suffixes)]

    @property
    def sweep_tables(self) -> dict[str, str]:
        """The tables of the sweeps, if the run holds any."""
        return {name: self.path(f"{name}.csv") for name in ("sweep", "best")} if self.results.sweeps else {}

    @property
    def tables(self) -> list[str]:
        """All tables of the run, and its configuration."""
        names = ("plan", "metrics", "trajectories", "races", "costs", "verification")
        return [
            self.path("config.yaml"),
            *map(self.path, (f"{name}.csv" for name in names)),
            *self.sweep_tables.values(),
        ]

    @property
    def pages(self) -> list[str]:
        """The report, and what the run consists of."""
        return [self.path(name) for name in ("report.html", "manifest.json")]

    @property
    def study_figures(self) -> list[str]:
        """Figures of other runs that the report shows."""
        return [figure for figures in self.results.studies.values() for figure in figures]
