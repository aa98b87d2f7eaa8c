"""The results of a run, for its tables, figures and report, and the done files that say that they are there."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

from kgmm.config.axes import column_of, is_choice, value_of
from kgmm.jobs.plan import Plan
from kgmm.jobs.rows import Row
from kgmm.jobs.tasks import Task
from kgmm.results import RESULTS, ExperimentResult, Opening, Section, Sweep, TrajectoryResult

_COMPARED = ("evaluation", "comparison", "comparison_fitted", "response", "restored")


class RunResults:
    """What is made from the results of a plan."""

    def __init__(self, plan: Plan):
        self._plan = plan

    @cached_property
    def experiments(self) -> list[ExperimentResult]:
        """All experiments, in the order of the plan."""
        return [self._result(row) for row in self._plan.rows]

    @cached_property
    def _of_rows(self) -> dict[int, ExperimentResult]:
        return {id(row): result for row, result in zip(self._plan.rows, self.experiments)}

    def of_block(self, name: str) -> list[ExperimentResult]:
        """The experiments of a block, or of those of a figure over several."""
        return [self._of_rows[id(row)] for row in self._plan.rows_of(name)]

    @property
    def explored(self) -> list[ExperimentResult]:
        """Experiments with curves to show; those of sweeps are too many."""
        return [result for result in self.experiments if result.block not in self.sweep_blocks]

    @property
    def raced(self) -> list[ExperimentResult]:
        """Experiments that are races."""
        return [result for result in self.experiments if result.race]

    @cached_property
    def trajectories(self) -> list[TrajectoryResult]:
        """Every trajectory of the run with the first block that uses it."""
        found: dict[str, TrajectoryResult] = {}
        for row in self._plan.rows:
            file = row.file("description")
            experiment = row.experiment
            found.setdefault(file, TrajectoryResult(experiment.name, row.system, experiment.replicate, file))
        return list(found.values())

    @cached_property
    def sweeps(self) -> list[Sweep]:
        """The sweeps of the run."""
        sweeps = []
        for block in self.sweep_blocks:
            axes = self._plan.axes(block)
            sweeps.append(
                Sweep(
                    block,
                    self._plan.block(block).mode,
                    axes=tuple(column_of(axis) for axis in axes),
                    choices=tuple(column_of(axis) for axis in axes if is_choice(axis)),
                    problems=tuple(column_of(axis) for axis in axes if not is_choice(axis)),
                    results=tuple(self.of_block(block)),
                )
            )
        return sweeps

    @cached_property
    def sweep_blocks(self) -> list[str]:
        """Names of the blocks that are sweeps, in order."""
        return [block.name for block in self._plan.config.experiments if block.figure == "sweep"]

    @cached_property
    def drawn(self) -> dict[str, list[str]]:
        """Names of what each kind of picture is drawn for, by the folder of the pictures."""
        scored, fitted = self._blocks_with("evaluation", "race"), self._blocks_with("score")
        return {
            # Sweeps have figures of their own.
            "figures": [*self._not_sweeps(scored), *(figure.name for figure in self._plan.config.figures)],
            "trajectories": self._trajectory_blocks(),
            "training": self._not_sweeps(fitted),
            "restored": self._not_sweeps(self._blocks_with("restored")),
            "sweeps": self.sweep_blocks,
        }

    def kind_of_figure(self, name: str) -> str:
        """What is drawn for a block, or for several."""
        kinds = {figure.name: figure.kind for figure in self._plan.config.figures}
        return kinds.get(name) or self._plan.block(name).figure

    @property
    def opening(self) -> Opening:
        """The head of the report."""
        config = self._plan.config
        return Opening(
            abstract=config.abstract,
            findings=tuple(finding.model_dump(mode="json") for finding in config.findings),
            pictures=tuple(self._picture("figures", name) for name in config.head),
        )

    @property
    def sections(self) -> list[Section]:
        """The sections of the report, in the order of the configuration."""
        return [self._section(block) for block in self._plan.config.experiments]

    def done(self, *roles: str, block: str | None = None) -> list[str]:
        """Done files of the tasks of these roles (all by default), of one block or of all."""
        rows = self._plan.rows if block is None else self._plan.rows_of(block)
        tasks = (row.tasks[role] for row in rows for role in (roles or row.tasks) if role in row.tasks)
        return sorted({task.done for task in tasks})

    def restored_of(self, block: str) -> str:
        """File of the first model of a block in the units of the file."""
        rows = (row for row in self._plan.rows_of(block) if "restored" in row.tasks)
        return next(rows).file("restored")

    def description_of(self, block: str) -> str:
        """File of the description of a block's first trajectory."""
        return self._plan.rows_of(block)[0].file("description")

    @property
    def tasks(self) -> list[Task]:
        """All tasks of the run."""
        return self._plan.all_tasks()

    @property
    def files(self) -> list[str]:
        """Every result in the store but those that differ from run to run."""
        files = (file for task in self.tasks for file in task.outputs.values())
        return sorted(file for file in files if "/receipts/" not in file)

    @property
    def studies(self) -> dict[str, list[str]]:
        """Figures of the other runs that the report shows, as far as they have been done."""
        studies = self._plan.config.studies
        return {name: sorted(str(path) for path in Path(RESULTS, name, "figures").glob("*.png")) for name in studies}

    def _result(self, row: Row) -> ExperimentResult:
        experiment = row.experiment
        axes = self._plan.axes(experiment.name)
        settings = experiment.model_dump(mode="json") if axes else {}
        return ExperimentResult(
            block=experiment.name,
            system=row.system,
            method=row.method,
            sigma=experiment.estimator.sigma,
            min_probability=experiment.estimator.min_probability,
            n_samples=experiment.data.n_samples,
            replicate=experiment.replicate,
            title=self._title(experiment.name),
            axes={column_of(axis): value_of(axis, settings) for axis in axes},
            race=row.file("race", "race"),
            times=row.file("race", "times"),
            **{role: row.file(role) for role in ("score", *_COMPARED)},
        )

    def _section(self, block) -> Section:
        row = self._plan.rows_of(block.name)[0]

        def picture(folder: str) -> str | None:
            return self._picture(folder, block.name) if block.name in self.drawn[folder] else None

        return Section(
            name=block.name,
            title=self._title(block.name),
            system=row.system,
            see=block.see or "",
            observed=row.experiment.system.kind == "dataset",
            figure=picture("figures"),
            training=picture("training"),
            sweep=picture("sweeps"),
            trajectory=picture("trajectories"),
            restored=picture("restored"),
            joint=tuple(
                self._picture("figures", figure.name)
                for figure in self._plan.config.figures
                if figure.blocks[0] == block.name and figure.name not in self._plan.config.head
            ),
        )

    def _title(self, block: str) -> str:
        return self._plan.block(block).title or block.replace("_", " ")

    def _picture(self, folder: str, name: str) -> str:
        return self._plan.path(f"{folder}/{name}.png")

    def _not_sweeps(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self.sweep_blocks]

    def _blocks_with(self, *roles: str) -> list[str]:
        found = (row.experiment.name for row in self._plan.rows if any(role in row.tasks for role in roles))
        return list(dict.fromkeys(found))

    def _trajectory_blocks(self) -> list[str]:
        """Names of the blocks whose data no block before them has shown (replicates look alike), in order."""
        shown: dict[str, str] = {}
        for block in self._plan.config.experiments:
            task = self._plan.rows_of(block.name)[0].tasks["trajectory"]
            settings = {name: value for name, value in task.settings.items() if name != "replicate"}
            shown.setdefault(json.dumps(settings, sort_keys=True), block.name)
        return list(shown.values())
