"""The plan: experiments become tasks, one for each distinct stage and setting, shared wherever settings agree."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from kgmm.pipeline.config import parse_config
from kgmm.pipeline.fingerprint import stage_fingerprint
from kgmm.pipeline.settings import STAGES, Experiment, RunConfig

RESULTS = "results"
_SCRIPTS = Path("workflow/scripts")

# Outputs of each stage; {key} is the task's key. Files of all runs share one store.
OUTPUTS = {
    "simulate_trajectory": {
        "samples": f"{RESULTS}/store/trajectories/{{key}}/samples.nc",
        "path": f"{RESULTS}/store/trajectories/{{key}}/path.nc",
    },
    "estimate_cells": {"cells": f"{RESULTS}/store/cells/{{key}}.nc"},
    "fit_score": {"score": f"{RESULTS}/store/scores/{{key}}.nc"},
    "evaluate_score": {"evaluation": f"{RESULTS}/store/evaluations/{{key}}.nc"},
    "sample_langevin": {
        "samples": f"{RESULTS}/store/langevin/{{key}}/samples.nc",
        "path": f"{RESULTS}/store/langevin/{{key}}/path.nc",
    },
    "compare_model": {"comparison": f"{RESULTS}/store/comparisons/{{key}}.nc"},
}
RECORD = f"{RESULTS}/store/records/{{stage}}/{{key}}.json"

# Methods whose score drives a Langevin model; the others are rivals in the estimate of the score alone.
_MODELLED = ("kgmm",)

# The reference run for noise floors is one more replicate, far from those that a configuration counts.
_REFERENCE = 1_000_000


@dataclass(frozen=True)
class Task:
    """One job: a stage with all its settings.

    ``settings`` are built-in types only, so that Snakemake can compare them with those of an earlier run. Tasks with the
    same ``seed_key`` see the same random numbers.
    """

    stage: str
    key: str
    settings: dict
    inputs: dict[str, str]
    fingerprint: str
    threads: int
    seed_key: str

    @property
    def outputs(self) -> dict[str, str]:
        """Declared output files by name."""
        return {name: pattern.format(key=self.key) for name, pattern in OUTPUTS[self.stage].items()}

    @property
    def record(self) -> str:
        """File with the volatile facts of the job: times, host, versions."""
        return RECORD.format(stage=self.stage, key=self.key)

    @property
    def params(self) -> dict:
        """What a rerun depends on besides the input files."""
        return {
            "stage": self.stage,
            "key": self.key,
            "seed_key": self.seed_key,
            "settings": self.settings,
            "code": self.fingerprint,
            "threads": self.threads,
        }


@dataclass
class Row:
    """An experiment and the keys of its tasks by stage."""

    experiment: Experiment
    keys: dict[str, str] = field(default_factory=dict)


class Plan:
    """All experiments of a run and all their tasks.

    Attributes
    ----------
    config : the validated configuration; raw : as it was read.
    rows : experiments with the keys of their tasks.
    tasks : by stage and key.
    """

    def __init__(self, raw: dict):
        self.raw = json.loads(json.dumps(raw))
        self.config, experiments = parse_config(self.raw)
        self.tasks: dict[str, dict[str, Task]] = {stage: {} for stage in STAGES}
        self.rows = [self._plan_row(experiment) for experiment in experiments]

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

    def rows_of(self, block: str) -> list[Row]:
        """The rows of one block of experiments."""
        return [row for row in self.rows if row.experiment.name == block]

    def row_files(self, row: Row) -> dict[str, str]:
        """Every file of a row's tasks, as ``stage.output``."""
        files = {}
        for stage, key in row.keys.items():
            files.update({f"{stage}.{name}": path for name, path in self.tasks[stage][key].outputs.items()})
        return files

    def _plan_row(self, experiment: Experiment) -> Row:
        settings = experiment.model_dump(mode="json")
        system, estimator = settings["system"], dict(settings["estimator"])
        method = estimator.pop("method")
        sigma, replicate = estimator["sigma"], settings["replicate"]
        row = Row(experiment)

        def add(stage: str, label: str, own: dict, seed_key: str | None = None, **inputs: Task) -> Task:
            task = self._task(stage, system["name"], label, own, inputs, seed_key)
            row.keys[stage] = task.key
            return task

        simulation = {"system": system, "simulation": settings["simulation"]}
        noise = f"sigma={sigma:g}"
        trajectory = add("simulate_trajectory", f"replicate={replicate}", simulation | {"replicate": replicate})

        cells = score = None
        if method in ("kgmm", "kgmm_cells"):
            p_min = estimator["min_probability"]
            label = f"{noise}-pmin={'auto' if p_min is None else format(p_min, 'g')}-replicate={replicate}"
            cells = add(
                "estimate_cells",
                label,
                {"data": settings["data"], "estimator": estimator},
                trajectory=trajectory,
            )
        if method in ("kgmm", "gmm_network"):
            own = {"method": method, "network": settings["network"]}
            source = {"cells": cells}
            if method == "gmm_network":
                own |= {"data": settings["data"], "sigma": sigma}
                source = {"trajectory": trajectory}
            score = add("fit_score", f"{method}-{noise}-replicate={replicate}", own, **source)

        judged = {
            "method": method,
            "sigma": sigma,
            "data": settings["data"],
            "evaluation": settings["evaluation"],
        }
        parts = {"cells": cells, "score": score}
        add(
            "evaluate_score", f"{method}-{noise}-replicate={replicate}", judged | {"system": system},
            # All methods are judged at the same points with the same noise.
            seed_key=f"{trajectory.key}/{noise}",
            trajectory=trajectory, **{name: task for name, task in parts.items() if task is not None},
        )  # fmt: skip
        if experiment.until == "model" and method in _MODELLED:
            label = f"{method}-{noise}-replicate={replicate}"
            own = {"langevin": settings["langevin"], "data": settings["data"]}
            sample = add("sample_langevin", label, own, trajectory=trajectory, score=score)
            reference = self._task(
                "simulate_trajectory", system["name"], f"reference-{replicate}",
                simulation | {"replicate": _REFERENCE + replicate}, {},
            )  # fmt: skip
            add(
                "compare_model", label, {"system": system, "data": settings["data"]},
                trajectory=trajectory, reference=reference, sample=sample,
            )  # fmt: skip
        return row

    def _task(
        self,
        stage: str,
        system: str,
        label: str,
        own: dict,
        parents: dict[str, Task],
        seed_key: str | None = None,
    ) -> Task:
        settings = own | {"seed": self.config.seed, "device": self.config.device}
        threads = getattr(self.config.threads, stage)
        identity = {
            "settings": settings,
            "threads": threads,
            "parents": {n: t.key for n, t in parents.items()},
        }
        digest = hashlib.sha256(json.dumps([stage, identity], sort_keys=True).encode()).hexdigest()
        key = f"{system}/{label}-{digest[:8]}"
        if key not in self.tasks[stage]:
            inputs = {
                name if len(parent.outputs) == 1 else f"{name}_{output}": path
                for name, parent in parents.items()
                for output, path in parent.outputs.items()
            }
            by_name = (f"kgmm.systems.{system}",) if "system" in own else ()
            fingerprint = stage_fingerprint(_SCRIPTS / f"{stage}.py", by_name)
            self.tasks[stage][key] = Task(stage, key, settings, inputs, fingerprint, threads, seed_key or key)
        return self.tasks[stage][key]

    def table(self) -> list[dict]:
        """One flat record per row: every setting by its dotted name, and the keys of its tasks."""
        records = []
        for row in self.rows:
            record = dict(_flatten(row.experiment.model_dump(mode="json")))
            record |= {f"key.{stage}": row.keys.get(stage, "") for stage in STAGES}
            records.append(record)
        return records

    def to_csv(self) -> str:
        """The table as CSV text."""
        records = self.table()
        columns = list(dict.fromkeys(column for record in records for column in record))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue()

    @property
    def blocks(self) -> list[str]:
        """Names of the blocks of experiments, in order."""
        return [block.name for block in self.config.experiments]

    @property
    def resolved(self) -> dict:
        """The configuration with every default written out."""
        return resolved_config(self.config, self.rows)


def resolved_config(config: RunConfig, rows: list[Row]) -> dict:
    """What was run, with every default written out: the run's own settings and one entry per experiment."""
    own = config.model_dump(mode="json", exclude={"experiments", "defaults"})
    return own | {"experiments": [row.experiment.model_dump(mode="json") for row in rows]}


def _flatten(settings: dict, prefix: str = ""):
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if not isinstance(value, (dict, list)) else json.dumps(value)
