"""The tasks of a plan: made once for each distinct stage and setting, and named."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import reduce
from operator import or_

from kgmm.config.run import RunConfig
from kgmm.config.stages import STAGES
from kgmm.jobs.fingerprint import modules_of, stage_fingerprint
from kgmm.jobs.tasks import Task


class TaskStore:
    """Tasks by stage and key.

    The key of a task is a readable label and a hash of its settings, its threads and the keys of its parents, so that
    experiments that agree so far share the task. Without ``with_code`` tasks have no fingerprint of their code.
    """

    def __init__(self, config: RunConfig, *, with_code: bool = True):
        self._with_code = with_code
        self.tasks: dict[str, dict[str, Task]] = {stage: {} for stage in STAGES}
        self._common = {"seed": config.seed, "device": config.device}
        self._threads = config.threads
        self._ancestors: dict[str, Counter[str]] = {}  # by done file: most tasks of each stage in one chain

    def add(self, stage: str, system: str, label: str, own: dict, **parents: Task | str) -> Task:
        """The task of a stage with the settings ``own``.

        Parameters
        ----------
        stage : str
            Name of the stage.
        system : str
            Name of the system or data set, the first part of the key.
        label : str
            What tells the tasks of a system apart for a reader.
        own : dict
            Settings, built-in types only.
        **parents : Task or str
            Tasks that it builds on, or files from outside, whose content ``own`` identifies.

        Raises
        ------
        RuntimeError
            If two tasks have the same key by chance.
        """
        settings = own | self._common
        threads = getattr(self._threads, stage)
        keys = {name: parent.key for name, parent in parents.items() if isinstance(parent, Task)}
        identity = json.dumps([stage, settings, threads, keys], sort_keys=True)
        key = f"{system}/{label}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
        known = self.tasks[stage].get(key)
        if known is None:
            known = self.tasks[stage][key] = self._task(stage, key, settings, threads, parents)
        elif known.settings != settings:
            raise RuntimeError(f"two tasks of {stage} have the key {key} by chance: choose another seed")
        return known

    def _task(self, stage: str, key: str, settings: dict, threads: int, parents: dict[str, Task | str]) -> Task:
        inputs, tasks = {}, [parent for parent in parents.values() if isinstance(parent, Task)]
        for name, parent in parents.items():
            files = parent.outputs if isinstance(parent, Task) else {"": parent}
            inputs |= {name if len(files) == 1 else f"{name}_{output}": path for output, path in files.items()}
        ancestors = reduce(or_, (self._ancestors[parent.done] for parent in tasks), Counter())
        task = Task(
            stage, key, settings, inputs,
            awaited=tuple(sorted({parent.done for parent in tasks})),
            fingerprint=stage_fingerprint(stage, *_found_by_name(stage, settings)) if self._with_code else "",
            threads=threads,
            depth=1 + max((parent.depth for parent in tasks), default=-1),
            generation=ancestors[stage],
        )  # fmt: skip
        self._ancestors[task.done] = ancestors + Counter([stage])
        return task


def _found_by_name(stage: str, settings: dict) -> list[str]:
    """Modules that a stage finds by their names: its system, its methods, and those of whole packages."""
    system = settings.get("system", {})
    modules = [f"kgmm.systems.{system['name']}"] if system.get("kind") == "simulation" else []
    methods = settings.get("methods", [settings["method"]] if "method" in settings else [])
    modules += [f"kgmm.methods.{method}" for method in methods]
    return modules + [name for package in STAGES[stage].finds for name in modules_of(f"kgmm.{package}")]
