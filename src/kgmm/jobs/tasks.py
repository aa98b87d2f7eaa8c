"""Tasks: one stage with all its settings, and its files, which all runs share in one store, results/store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kgmm.config.stages import STAGES
from kgmm.results import RESULTS

STORE = f"{RESULTS}/store"


def done_file(stage: str, key: str) -> str:
    """The one file of a task that Snakemake is told of: empty, written when everything else is complete."""
    return f"{STORE}/done/{stage}/{key}"


def receipt_file(stage: str, key: str) -> str:
    """What a task was computed from, and the volatile facts of its job."""
    return f"{STORE}/receipts/{stage}/{key}.json"


def output_file(stage: str, key: str, name: str) -> str:
    """An output of a task; what differs from run to run stands with the receipts."""
    return f"{STORE}/{'receipts' if name in STAGES[stage].volatile else stage}/{key}/{name}.nc"


def maker_of(path: str) -> tuple[str, str, str] | None:
    """Stage and key of the task that made a file of the store, and the name of the output: :func:`output_file` undone.

    ``None`` for files from outside, and for receipts.
    """
    file = Path(path)
    if not file.is_relative_to(STORE) or file.suffix != ".nc":
        return None
    stage, *key = file.relative_to(f"{STORE}/receipts" if "receipts" in file.parts else STORE).parent.parts
    return (stage, "/".join(key), file.stem) if stage in STAGES and key else None


def log_file(stage: str, key: str) -> str:
    """What the job of a task says."""
    return f"{RESULTS}/logs/{stage}/{key}.log"


@dataclass(frozen=True)
class Task:
    """A stage with all its settings.

    Attributes
    ----------
    stage : str
        Name of a stage in :data:`kgmm.config.stages.STAGES`.
    key : str
        ``<system>/<readable label>-<hash of all settings>``; a name only, nothing is parsed from it.
    settings : dict
        Built-in types only.
    inputs : dict of str
        Files by name.
    awaited : tuple of str
        Files of the tasks it builds on that say that these are done.
    fingerprint : str
        Hash of the code that the stage runs.
    threads : int
        Threads it computes with.
    depth : int
        Length of the longest chain of tasks that it builds on.
    generation : int
        How many tasks of its own stage are in such a chain: tasks of one stage and generation can share a job.
    """

    stage: str
    key: str
    settings: dict
    inputs: dict[str, str]
    awaited: tuple[str, ...]
    fingerprint: str
    threads: int
    depth: int = 0
    generation: int = 0

    @property
    def outputs(self) -> dict[str, str]:
        """Output files by name, see :func:`output_file`."""
        return {name: output_file(self.stage, self.key, name) for name in STAGES[self.stage].outputs}

    @property
    def made_inputs(self) -> dict[str, str]:
        """Inputs that other tasks make. A file from outside is known by its content, and may be copied and touched."""
        return self.inputs if self.awaited else {}

    @property
    def is_shard(self) -> bool:
        """Whether it is one of the parts into which work was divided to be spread over jobs."""
        return "shard" in self.settings

    @property
    def done(self) -> str:
        """See :func:`done_file`."""
        return done_file(self.stage, self.key)

    @property
    def receipt(self) -> str:
        """See :func:`receipt_file`: times, host, versions."""
        return receipt_file(self.stage, self.key)

    @property
    def log(self) -> str:
        """See :func:`log_file`."""
        return log_file(self.stage, self.key)


@dataclass(frozen=True)
class TaskList:
    """The tasks of one job, for its script.

    A type that Snakemake does not compare with that of an earlier run: bundling does not affect results. The settings
    of a task are in its key, and changed code changes its fingerprint, which is compared.
    """

    tasks: tuple[Task, ...]
