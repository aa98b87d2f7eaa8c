"""The plan: experiments become tasks, one for each distinct stage and setting, shared wherever settings agree."""

from __future__ import annotations

from kgmm.config.experiment import Experiment
from kgmm.config.parsing import axes_of, parse_config
from kgmm.config.run import Block
from kgmm.config.stages import STAGES
from kgmm.jobs.experiment_tasks import plan_evaluations, plan_row
from kgmm.jobs.rows import Row
from kgmm.jobs.task_store import TaskStore
from kgmm.jobs.tasks import Task
from kgmm.results import RESULTS


class Plan:
    """All experiments of a run and all their tasks.

    Parameters
    ----------
    raw : dict
        The contents of a configuration file.
    with_code : bool
        Whether tasks carry the fingerprint of their code, which takes most of the time: an estimate needs none.

    Attributes
    ----------
    config : RunConfig
        The validated configuration.
    rows : list of Row
        Experiments with their tasks.
    tasks : dict
        Tasks by stage and key.

    Raises
    ------
    ConfigError
        In one sentence, if the configuration is unusable.
    """

    def __init__(self, raw: dict, *, with_code: bool = True):
        self.config, experiments = parse_config(raw)
        self._axes = {block.name: list(axes_of(block, self.config.defaults)) for block in self.config.experiments}
        store = TaskStore(self.config, with_code=with_code)
        self.rows = [plan_row(experiment, store) for experiment in experiments]
        plan_evaluations(self.rows, store)
        self.tasks = store.tasks

    @property
    def name(self) -> str:
        """Name of the run, and of its folder."""
        return self.config.name

    def path(self, name: str) -> str:
        """A file of the run's own folder."""
        return f"{RESULTS}/{self.name}/{name}"

    def task(self, stage: str, key: str) -> Task:
        """The task of that stage and key; ``KeyError`` names what is not part of the plan."""
        try:
            return self.tasks[stage][key]
        except KeyError:
            raise KeyError(f"{stage}/{key} is not part of the plan of run {self.name!r}") from None

    def all_tasks(self) -> list[Task]:
        """Every task, in the order of the stages."""
        return [task for stage in STAGES for task in self.tasks[stage].values()]

    def rows_of(self, name: str) -> list[Row]:
        """The rows of one block of experiments, or of those of a figure over several."""
        blocks = next((figure.blocks for figure in self.config.figures if figure.name == name), [name])
        return [row for row in self.rows if row.experiment.name in blocks]

    def block(self, name: str) -> Block:
        """The block of that name."""
        return next(block for block in self.config.experiments if block.name == name)

    def axes(self, name: str) -> list[str]:
        """Dotted names of the settings that the block of that name gives several values."""
        return self._axes[name]

    @property
    def experiments(self) -> list[Experiment]:
        """The experiments of all rows."""
        return [row.experiment for row in self.rows]

    @property
    def resolved(self) -> dict:
        """The configuration with every default written out, less what no result depends on."""
        own = self.config.model_dump(mode="json", exclude={"experiments", "defaults", "rows_per_job", "limits"})
        return own | {"experiments": [experiment.model_dump(mode="json") for experiment in self.experiments]}
