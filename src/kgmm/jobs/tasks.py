"""Tasks: one stage with all its settings, and where its files are: for all runs in one store, results/store."""

from __future__ import annotations

from dataclasses import dataclass

RESULTS = "results"
_STORE = f"{RESULTS}/store"


def _trajectory(folder: str) -> dict[str, str]:
    """The two files of a trajectory: many members at long intervals, few at short ones."""
    return {name: f"{_STORE}/{folder}/{{key}}/{name}.nc" for name in ("samples", "path")}


# Outputs of each stage in the order of the stages; {key} is the task's key.
OUTPUTS = {
    "simulate_shard": _trajectory("shards"),
    "merge_shards": _trajectory("merged"),
    "simulate_trajectory": _trajectory("trajectories"),
    "import_dataset": _trajectory("datasets"),
    "describe_trajectory": {"description": f"{_STORE}/descriptions/{{key}}.nc"},
    "estimate_cells": {"cells": f"{_STORE}/cells/{{key}}.nc"},
    "prepare_cells": {"prepared": f"{_STORE}/prepared/{{key}}.nc"},
    "accumulate_moments": {"moments": f"{_STORE}/moments/{{key}}.nc"},
    "gather_cells": {"cells": f"{_STORE}/gathered/{{key}}.nc"},
    "fit_score": {"score": f"{_STORE}/scores/{{key}}.nc"},
    "evaluate_score": {"evaluation": f"{_STORE}/evaluations/{{key}}.nc"},
    # Times differ from run to run, and so stand with the records.
    "race_score": {"race": f"{_STORE}/races/{{key}}.nc", "times": f"{_STORE}/records/race_times/{{key}}.nc"},
    "sample_langevin": _trajectory("langevin"),
    "compare_model": {"comparison": f"{_STORE}/comparisons/{{key}}.nc"},
    "estimate_mobility": {"mobility": f"{_STORE}/mobilities/{{key}}.nc"},
    "sample_fitted": _trajectory("langevin_fitted"),
    "compare_fitted": {"comparison": f"{_STORE}/comparisons_fitted/{{key}}.nc"},
}
STAGES = tuple(OUTPUTS)
# Stages whose result is the trajectory that estimates are made from.
TRAJECTORY_STAGES = ("simulate_trajectory", "merge_shards", "import_dataset")
# Stages whose result is the cells of an estimate.
CELL_STAGES = ("estimate_cells", "gather_cells")
RECORD = f"{_STORE}/records/{{stage}}/{{key}}.json"
LOG = f"{RESULTS}/logs/{{stage}}/{{key}}.log"


@dataclass(frozen=True)
class Task:
    """A stage with all its settings.

    Attributes
    ----------
    key : ``<system>/<readable label>-<hash of all settings>``; a name only, nothing is parsed from it.
    settings : built-in types only.
    inputs : files by name.
    fingerprint : hash of the code that the stage runs.
    """

    stage: str
    key: str
    settings: dict
    inputs: dict[str, str]
    fingerprint: str
    threads: int

    @property
    def outputs(self) -> dict[str, str]:
        """Declared output files by name."""
        return {name: pattern.format(key=self.key) for name, pattern in OUTPUTS[self.stage].items()}

    @property
    def record(self) -> str:
        """File with the volatile facts of the job: times, host, versions."""
        return RECORD.format(stage=self.stage, key=self.key)

    @property
    def log(self) -> str:
        """File with what the job says."""
        return LOG.format(stage=self.stage, key=self.key)

    @property
    def files(self) -> list[str]:
        """Outputs, and the record as the last."""
        return [*self.outputs.values(), self.record]


@dataclass(frozen=True)
class TaskList:
    """The tasks of one job, for its script.

    A type that Snakemake does not compare with that of an earlier run: whether a task is computed alone or with others
    is no reason to compute it again. Its settings are in its key, and changed code changes the fingerprint.
    """

    tasks: tuple[Task, ...]

    @property
    def stage(self) -> str:
        """Stage of all of them."""
        return self.tasks[0].stage
