"""Rows of the plan, and how their settings are named and divided among stages."""

from __future__ import annotations

from dataclasses import dataclass, field

from kgmm.config.experiment import Experiment
from kgmm.jobs.tasks import Task


@dataclass
class Row:
    """An experiment and its tasks.

    Attributes
    ----------
    experiment : Experiment
        All settings.
    tasks : dict of Task
        By their role: ``trajectory``, ``description``, ``cells``, ``score``, ``evaluation``, ``race``; of the model
        with the identity mobility ``sample`` and ``comparison``; ``mobility``, and of the model with it
        ``sample_fitted`` and ``comparison_fitted``; ``restored``, data and model in the units of the file;
        ``response``, with the simulated ones of the system, ``truth``, and of the fitted model, ``response_model``.
    """

    experiment: Experiment
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def system(self) -> str:
        """Name of the system, or of the data in its place."""
        return self.experiment.system.name

    @property
    def method(self) -> str:
        """How the score of this experiment is estimated."""
        return self.experiment.estimator.method

    def file(self, role: str, output: str | None = None) -> str | None:
        """An output file of the task of that role, by default its only one; ``None`` if the row has no such task."""
        if role not in self.tasks:
            return None
        outputs = self.tasks[role].outputs
        return outputs[output] if output else next(iter(outputs.values()))


def stage_system(settings: dict) -> dict:
    """The system as the later stages know it: where the data came from is the business of the stage that read them."""
    kept = {name: value for name, value in settings["system"].items() if name not in ("path",)}
    return {"system": kept}


def replicate_label(settings: dict) -> str:
    """What tells the trajectories of a system apart for a reader."""
    return f"replicate={settings['replicate']}"


def shard_of(simulation: dict, shard: int) -> dict:
    """The part of one shard: its share of the members, of the samples and of the path."""
    own = {}
    for name in ("n_members", "path_members"):
        fewer, extra = divmod(simulation[name], simulation["shards"])
        own[name] = fewer + (shard < extra)
    return simulation | own


def score_label(settings: dict) -> str:
    """The same for scores."""
    return f"sigma={settings['estimator']['sigma']:g}-replicate={settings['replicate']}"
