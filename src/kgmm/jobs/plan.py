"""The plan: experiments become tasks, one for each distinct stage and setting, shared wherever settings agree."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

from kgmm.config.experiment import Experiment
from kgmm.config.parsing import axes_of, parse_config
from kgmm.config.run import Block
from kgmm.jobs.fingerprint import stage_fingerprint
from kgmm.jobs.rows import Row, replicate_label, score_label, shard_of, stage_system
from kgmm.jobs.tasks import CELL_STAGES, RESULTS, STAGES, TRAJECTORY_STAGES, Task

# Methods whose score drives a Langevin model; the others are rivals in the estimate of the score alone.
_MODELLED = ("kgmm",)
_NETWORKS = ("kgmm", "gmm_network", "dsm")

# The reference run for noise floors is one more replicate, far from those that a configuration counts.
_REFERENCE = 1_000_000


class Plan:
    """All experiments of a run and all their tasks. ``scripts`` is the folder of the stages' scripts.

    Attributes
    ----------
    config : the validated configuration.
    rows : experiments with the keys of their tasks.
    tasks : by stage and key.
    """

    def __init__(self, raw: dict, scripts: str | Path = "workflow/scripts"):
        self._scripts = Path(scripts)
        self.config, experiments = parse_config(raw)
        self._axes = {block.name: list(axes_of(block, self.config.defaults)) for block in self.config.experiments}
        self.tasks: dict[str, dict[str, Task]] = {stage: {} for stage in STAGES}
        self.rows = [self._plan_row(experiment) for experiment in experiments]
        self._plan_evaluations()

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

    def trajectory(self, row: Row) -> Task:
        """The task whose result the estimates of a row are made from."""
        return next(self._of(row, stage) for stage in TRAJECTORY_STAGES if stage in row.keys)

    def cells(self, row: Row) -> Task | None:
        """The task whose result are the cells of a row, if it has any."""
        return next((self._of(row, stage) for stage in CELL_STAGES if stage in row.keys), None)

    def row_files(self, row: Row) -> dict[str, str]:
        """Every file of a row's tasks, as ``stage.output``."""
        files = {}
        for stage, key in row.keys.items():
            files.update({f"{stage}.{name}": path for name, path in self.tasks[stage][key].outputs.items()})
        return files

    def _plan_row(self, experiment: Experiment) -> Row:
        row = Row(experiment)
        settings = experiment.model_dump(mode="json")
        trajectory = self._add_trajectory(row, settings)
        self._add(row, "describe_trajectory", replicate_label(settings), stage_system(settings), trajectory=trajectory)
        if experiment.until == "trajectory":
            return row
        if experiment.until == "race":
            self._add_race(row, settings, trajectory)
            return row
        if row.method in ("kgmm", "kgmm_cells"):
            self._add_cells(row, settings, trajectory)
        if row.method in _NETWORKS:
            self._add_score(row, settings, trajectory)
        if experiment.until == "model" and row.method in _MODELLED:
            self._add_model(row, settings, trajectory)
        return row

    def _add_trajectory(self, row: Row, settings: dict) -> Task:
        if row.experiment.system.kind == "dataset":
            facts = row.experiment.system.facts
            own = stage_system(settings) | {"content": facts.content}
            return self._add(row, "import_dataset", "data", own, data=row.experiment.system.path)
        own = {name: settings[name] for name in ("system", "simulation", "replicate")}
        n_shards = row.experiment.simulation.shards
        if n_shards == 1:
            return self._add(row, "simulate_trajectory", replicate_label(settings), own)
        shards = {}
        for shard in range(n_shards):
            label = f"{replicate_label(settings)}-shard={shard + 1}of{n_shards}"
            part = own | {"simulation": shard_of(settings["simulation"], shard), "shard": shard}
            shards[f"shard{shard}"] = self._task("simulate_shard", label, part, {}, row.system)
        return self._add(row, "merge_shards", replicate_label(settings), own, **shards)

    def _add_cells(self, row: Row, settings: dict, trajectory: Task) -> None:
        estimator = {name: value for name, value in settings["estimator"].items() if name != "method"}
        n_shards = estimator.pop("shards")
        p_min = estimator["min_probability"]
        label = f"{score_label(settings)}-pmin={'auto' if p_min is None else format(p_min, 'g')}"
        own = {"data": settings["data"], "estimator": estimator}
        if n_shards == 1:
            self._add(row, "estimate_cells", label, own, trajectory=trajectory)
            return
        prepared = self._add(row, "prepare_cells", label, own, trajectory=trajectory)
        shards = {}
        for shard in range(n_shards):
            part = {"data": settings["data"], "shard": shard, "n_shards": n_shards}
            name = f"{label}-shard={shard + 1}of{n_shards}"
            parents = {"trajectory": trajectory, "prepared": prepared}
            shards[f"shard{shard}"] = self._task("accumulate_moments", name, part, parents, row.system)
        self._add(row, "gather_cells", label, {"n_shards": n_shards}, prepared=prepared, **shards)

    def _add_score(self, row: Row, settings: dict, trajectory: Task) -> None:
        own = {"method": row.method, "network": settings["network"]}
        if row.method == "kgmm":
            parents = {"cells": self.cells(row)}
        else:
            own |= {"data": settings["data"], "sigma": settings["estimator"]["sigma"]}
            parents = {"trajectory": trajectory}
        self._add(row, "fit_score", f"{row.method}-{score_label(settings)}", own, **parents)

    def _add_race(self, row: Row, settings: dict, trajectory: Task) -> None:
        estimator = dict(settings["estimator"])
        for name in ("method", "min_probability", "shards"):
            del estimator[name]
        own = stage_system(settings) | {"estimator": estimator}
        own |= {name: settings[name] for name in ("data", "network", "langevin", "race")}
        self._add(row, "race_score", score_label(settings), own, trajectory=trajectory)

    def _add_model(self, row: Row, settings: dict, trajectory: Task) -> None:
        label = f"{row.method}-{score_label(settings)}"
        mobility = settings["mobility"]
        own = {"langevin": settings["langevin"], "data": settings["data"]}
        given = {"trajectory": trajectory, "score": self._of(row, "fit_score")}
        sample = self._add(row, "sample_langevin", label, own | {"identity": mobility["identity"]}, **given)
        compared = stage_system(settings) | {"data": settings["data"]}
        parents = {"trajectory": trajectory}
        if row.experiment.simulation is not None:
            parents["reference"] = self._reference(row, settings)
        self._add(row, "compare_model", label, compared, sample=sample, **parents)
        if mobility["method"] == "identity":
            return
        chosen = {"data": settings["data"], "mobility": mobility}
        estimate = self._add(row, "estimate_mobility", label, chosen, sample=sample, **given)
        fitted = self._add(row, "sample_fitted", label, own, sample=sample, mobility=estimate, **given)
        self._add(row, "compare_fitted", label, compared, sample=fitted, mobility=estimate, **parents)

    def _reference(self, row: Row, settings: dict) -> Task:
        """A fresh run of the true system, as large as its use, the noise floor, asks for."""
        simulation, data, langevin = row.experiment.simulation, row.experiment.data, row.experiment.langevin
        modelled = langevin.n_members * langevin.n_times / data.shifts
        n_members = max(round(data.held_out * simulation.n_members), math.ceil(2 * modelled / simulation.n_times), 20)
        own = {
            "system": settings["system"],
            "simulation": settings["simulation"]
            | {"n_members": min(n_members, simulation.n_members), "shards": 1}
            | {"path_members": 1, "path_length": simulation.path_interval},
            "replicate": _REFERENCE + settings["replicate"],
        }
        return self._task("simulate_trajectory", f"reference-{settings['replicate']}", own, {}, row.system)

    def _plan_evaluations(self) -> None:
        """One evaluation for all methods of experiments that agree in everything else: same points, same noise."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            if row.experiment.until in ("trajectory", "race"):
                continue
            settings = row.experiment.model_dump(mode="json", exclude={"name", "langevin", "mobility", "race", "until"})
            del settings["estimator"]["method"]
            groups.setdefault(json.dumps(settings, sort_keys=True), []).append(row)
        for rows in groups.values():
            settings = rows[0].experiment.model_dump(mode="json")
            parents = {"trajectory": self.trajectory(rows[0])}
            for row in rows:
                if self.cells(row) is not None:
                    parents["cells"] = self.cells(row)
                if "fit_score" in row.keys:
                    parents[f"score_{row.method}"] = self._of(row, "fit_score")
            own = stage_system(settings) | {name: settings[name] for name in ("data", "evaluation")}
            own |= {"sigma": settings["estimator"]["sigma"], "methods": sorted({row.method for row in rows})}
            own["trajectory"] = parents["trajectory"].key  # seeds the noise of the comparison
            if settings["evaluation"]["budget"]:
                own["network"] = settings["network"]
            for row in rows:
                self._add(row, "evaluate_score", score_label(settings), own, **parents)

    def _of(self, row: Row, stage: str) -> Task:
        return self.tasks[stage][row.keys[stage]]

    def _add(self, row: Row, stage: str, label: str, own: dict, **parents: Task | str) -> Task:
        """The task of a row in one stage; rows that agree in its settings share it."""
        task = self._task(stage, label, own, parents, row.system)
        row.keys[stage] = task.key
        return task

    def _task(self, stage: str, label: str, own: dict, parents: dict[str, Task | str], system: str) -> Task:
        """``parents`` are tasks, or files from outside, whose content ``own`` identifies."""
        settings = own | {"seed": self.config.seed, "device": self.config.device}
        threads = getattr(self.config.threads, stage)
        keys = {name: parent.key for name, parent in parents.items() if isinstance(parent, Task)}
        identity = [stage, settings, threads, keys]
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        key = f"{system}/{label}-{digest[:8]}"
        known = self.tasks[stage].get(key)
        if known is not None and known.settings != settings:
            raise RuntimeError(f"two tasks of {stage} have the key {key} by chance: choose another seed")
        if known is None:
            inputs = {}
            for name, parent in parents.items():
                files = parent.outputs if isinstance(parent, Task) else {"": parent}
                inputs |= {name if len(files) == 1 else f"{name}_{output}": path for output, path in files.items()}
            simulated = own.get("system", {}).get("kind") == "simulation"
            by_name = (f"kgmm.systems.{system}",) if simulated else ()
            fingerprint = stage_fingerprint(self._scripts / f"{stage}.py", by_name)
            self.tasks[stage][key] = Task(stage, key, settings, inputs, fingerprint, threads)
        return self.tasks[stage][key]

    @property
    def drawn_blocks(self) -> list[str]:
        """Names of the blocks with scores or a race to show, in order; sweeps have figures of their own."""
        return self._not_sweeps(self._blocks_with("evaluate_score", "race_score"))

    @property
    def sweep_blocks(self) -> list[str]:
        """Names of the blocks that are sweeps, in order."""
        return [block.name for block in self.config.experiments if block.figure == "sweep"]

    def _not_sweeps(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self.sweep_blocks]

    def kind_of_figure(self, name: str) -> str:
        """What is drawn for a block, or for several."""
        kinds = {figure.name: figure.kind for figure in self.config.figures}
        return kinds.get(name) or self.block(name).figure

    @property
    def trained_blocks(self) -> list[str]:
        """Names of the blocks with networks whose fits can be shown, in order; those of sweeps are too many."""
        return self._not_sweeps(self._blocks_with("fit_score"))

    def _blocks_with(self, *stages: str) -> list[str]:
        found = (row.experiment.name for row in self.rows if any(stage in row.keys for stage in stages))
        return list(dict.fromkeys(found))

    @property
    def trajectory_blocks(self) -> list[str]:
        """Names of the blocks whose data no block before them has shown (replicates look alike), in order."""
        shown: dict[str, str] = {}
        for block in self.config.experiments:
            task = self.trajectory(self.rows_of(block.name)[0])
            settings = {name: value for name, value in task.settings.items() if name != "replicate"}
            shown.setdefault(json.dumps(settings, sort_keys=True), block.name)
        return list(shown.values())

    @property
    def resolved(self) -> dict:
        """The configuration with every default written out, less what no result depends on."""
        own = self.config.model_dump(mode="json", exclude={"experiments", "defaults", "rows_per_job"})
        return own | {"experiments": [row.experiment.model_dump(mode="json") for row in self.rows]}
