"""What the function of a stage is given. Everything here can change a result, and so counts for every stage."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from kgmm.jobs.seeds import seed_sequence
from kgmm.jobs.tasks import Task


@dataclass(frozen=True)
class Job:
    """One task, for the function of its stage.

    Attributes
    ----------
    settings : dict
        The settings of the stage, from the plan.
    inputs : SimpleNamespace
        Input files by name.
    outputs : SimpleNamespace
        Where to write each output.
    seed : numpy.random.SeedSequence
        Source of all randomness of the task.
    """

    settings: dict
    inputs: SimpleNamespace
    outputs: SimpleNamespace
    seed: np.random.SeedSequence

    @classmethod
    def of(cls, task: Task) -> Job:
        """The job of a task, which computes with the threads of the task from now on."""
        if "torch" in sys.modules:
            import torch

            torch.set_num_threads(task.threads)
        return cls(
            settings=task.settings,
            inputs=SimpleNamespace(**task.inputs),
            outputs=SimpleNamespace(**task.outputs),
            seed=seed_sequence(task.settings["seed"], task.stage, task.key),
        )

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda"``."""
        import torch

        device = self.settings["device"]
        if device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        return device
