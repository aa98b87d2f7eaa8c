"""The tasks of a plan: made once for each distinct stage and setting, and named."""

from __future__ import annotations

import hashlib
import json

from kgmm.config.run import RunConfig
from kgmm.config.stages import STAGES
from kgmm.jobs.fingerprint import stage_fingerprint
from kgmm.jobs.tasks import Task


class TaskStore:
    """Tasks by stage and key.

    The key of a task is a readable label and a hash of its settings, its threads and the keys of its parents, so that
    experiments that agree so far share the task.
    """

    def __init__(self, config: RunConfig):
        self.tasks: dict[str, dict[str, Task]] = {stage: {} for stage in STAGES}
        self._common = {"seed": config.seed, "device": config.device}
        self._threads = config.threads

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
            known = self.tasks[stage][key] = self._task(stage, key, system, settings, threads, parents)
        elif known.settings != settings:
            raise RuntimeError(f"two tasks of {stage} have the key {key} by chance: choose another seed")
        return known

    def _task(
        self, stage: str, key: str, system: str, settings: dict, threads: int, parents: dict[str, Task | str]
    ) -> Task:
        inputs, tasks = {}, [parent for parent in parents.values() if isinstance(parent, Task)]
        for name, parent in parents.items():
            files = parent.outputs if isinstance(parent, Task) else {"": parent}
            inputs |= {name if len(files) == 1 else f"{name}_{output}": path for output, path in files.items()}
        simulated = settings.get("system", {}).get("kind") == "simulation"
        return Task(
            stage, key, settings, inputs,
            awaited=tuple(sorted({parent.done for parent in tasks})),
            fingerprint=stage_fingerprint(stage, f"kgmm.systems.{system}" if simulated else None),
            threads=threads,
            depth=1 + max((parent.depth for parent in tasks), default=-1),
        )  # fmt: skip
