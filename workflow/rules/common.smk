# Helpers of the rules: everything they know comes from PLAN.

import re
from functools import cache
from pathlib import Path

from kgmm.config.axes import column_of, is_choice, shared_axis, value_of
from kgmm.jobs.tasks import LOG, OUTPUTS, RECORD, RESULTS, TaskList


wildcard_constraints:
    block=r"[a-z0-9_]+",


def keys_of(stage):
    """Constraint of a stage's key to those of the plan that no bundle takes: files of other runs are data like others."""
    return "|".join(re.escape(key) for key in PLAN.tasks[stage] if (stage, key) not in BUNDLED) or "(?!)"


def plan_csv():
    from kgmm.jobs.plan_table import to_csv

    return to_csv(PLAN)


def record(stage):
    """Pattern of the record of a stage's job: times, host and versions."""
    return RECORD.format(stage=stage, key="{key}")


def log_of(stage):
    return LOG.format(stage=stage, key="{key}")


def inputs_of(stage):
    """Input function of a stage: the outputs of the tasks it builds on."""

    def inputs(wildcards):
        return PLAN.task(stage, wildcards.key).inputs

    return inputs


def tasks_of(stage):
    """Parameter function of a stage: what its script is to do."""

    def tasks(wildcards):
        return TaskList((PLAN.task(stage, wildcards.key),))

    return tasks


def code_of(stage):
    """Parameter function of a stage: the fingerprint of its code, a change of which is a reason to run again."""

    def code(wildcards):
        return PLAN.task(stage, wildcards.key).fingerprint

    return code


def threads_of(stage):
    return getattr(PLAN.config.threads, stage)


def block_files(wildcards):
    """The results that the figure of a block of experiments is made from."""
    names = ("evaluation", "comparison", "comparison_fitted", "race", "times")
    return files_of(figure_sources(wildcards), names)


def score_files(wildcards):
    """The networks fitted in a block of experiments."""
    return files_of(figure_sources(wildcards), ("score",))


def files_of(sources, names):
    return sorted({source[name] for source in sources for name in names if source[name]})


def metric_files(wildcards):
    stages = ("evaluate_score", "compare_model", "compare_fitted")
    return [path for stage in stages for path in stage_files(stage)]


def description_files(wildcards):
    return stage_files("describe_trajectory")


def stage_files(stage):
    return sorted(path for task in PLAN.tasks[stage].values() for path in task.outputs.values())


def result_files(wildcards):
    """Every result in the store but the times of races, which differ from run to run."""
    paths = (path for task in PLAN.all_tasks() for path in task.outputs.values())
    return sorted(path for path in paths if "/records/" not in path)


def record_files(wildcards):
    return sorted(task.record for task in PLAN.all_tasks())


def run_targets():
    return [PLAN.path(name) for name in ("report.html", "manifest.json", "checked.txt")]


def row_source(row):
    """What a table or a figure needs to know of a row: its files, and the settings that tell rows apart."""
    experiment = row.experiment
    files = PLAN.row_files(row)
    settings = experiment.model_dump(mode="json")
    return {
        "block": experiment.name,
        "system": experiment.system.name,
        "method": experiment.estimator.method,
        "sigma": experiment.estimator.sigma,
        "min_probability": experiment.estimator.min_probability,
        "n_samples": experiment.data.n_samples,
        "replicate": experiment.replicate,
        "axes": {column_of(axis): value_of(axis, settings) for axis in PLAN.axes(experiment.name)},
        "score": files.get("fit_score.score"),
        "race": files.get("race_score.race"),
        "times": files.get("race_score.times"),
        "evaluation": files.get("evaluate_score.evaluation"),
        "comparison": files.get("compare_model.comparison"),
        "comparison_fitted": files.get("compare_fitted.comparison"),
    }


@cache
def metric_sources():
    return [row_source(row) for row in PLAN.rows]


def explored_files():
    """What the report's explorer is made from."""
    return files_of(explored_sources(), ("evaluation", "comparison", "comparison_fitted"))


def explored_sources():
    """Rows with curves to show; those of sweeps are too many."""
    return [source for source in metric_sources() if source["block"] not in PLAN.sweep_blocks]


def study_figures(study):
    """Figures of another run, if it has been done."""
    return sorted(str(path) for path in Path(RESULTS, study, "figures").glob("*.png"))


@cache
def sweep_sources():
    """The sweeps of the run: columns of their axes, by role, and their rows."""
    sweeps = []
    for block in PLAN.sweep_blocks:
        axes = PLAN.axes(block)
        sweeps.append(
            {
                "block": block,
                "mode": PLAN.block(block).mode,
                "axes": [column_of(axis) for axis in axes],
                "choices": [column_of(axis) for axis in axes if is_choice(axis)],
                "problems": [column_of(axis) for axis in axes if not is_choice(axis)],
                "rows": [source for source in metric_sources() if source["block"] == block],
            }
        )
    return sweeps


def sweep_axes(wildcards):
    """Columns that vary together in the sweep of a figure, in the order of the configuration."""
    (sweep,) = (sweep for sweep in sweep_sources() if sweep["block"] == wildcards.block)
    return shared_axis(sweep["axes"], sweep["mode"])


def sweep_files(wildcards):
    """The results that the best settings are chosen by."""
    return files_of([row for sweep in sweep_sources() for row in sweep["rows"]], ("evaluation", "comparison"))


def sweep_tables():
    """The tables of the sweeps, if the run holds any."""
    return {name: PLAN.path(f"{name}.csv") for name in ("sweep", "best")} if PLAN.sweep_blocks else {}


def race_sources():
    return [source for source in metric_sources() if source["race"]]


def race_files(wildcards):
    return files_of(race_sources(), ("race", "times"))


def figure_sources(wildcards):
    kind = PLAN.kind_of_figure(wildcards.block)
    return [row_source(row) | {"figure": kind} for row in PLAN.rows_of(wildcards.block)]


def training_sources(wildcards):
    """What tells the fits of a block apart, and nothing of what is made from them."""
    names = ("method", "sigma", "min_probability", "n_samples", "replicate", "score")
    return [{name: source[name] for name in names} for source in figure_sources(wildcards)]


# Folder of each kind of picture: the rule that draws them, and the blocks that have one, or the figures over several.
DRAWINGS = {
    "figures": ("draw_figure", PLAN.drawn_blocks + [figure.name for figure in PLAN.config.figures]),
    "trajectories": ("draw_trajectory", PLAN.trajectory_blocks),
    "training": ("draw_training", PLAN.trained_blocks),
    "sweeps": ("draw_sweep", PLAN.sweep_blocks),
}


def all_figures():
    return [PLAN.path(f"{folder}/{block}.png") for folder, (_, blocks) in DRAWINGS.items() for block in blocks]


def drawing_records():
    return [PLAN.path(f"records/{rule}/{block}.json") for rule, blocks in DRAWINGS.values() for block in blocks]


def description_of(wildcards):
    row = PLAN.rows_of(wildcards.block)[0]
    return PLAN.row_files(row)["describe_trajectory.description"]


def trajectory_sources():
    """Every trajectory of the run with the first block that uses it."""
    sources = {}
    for row in PLAN.rows:
        path = PLAN.row_files(row)["describe_trajectory.description"]
        sources.setdefault(
            path,
            {
                "block": row.experiment.name,
                "system": row.system,
                "replicate": row.experiment.replicate,
                "path": path,
            },
        )
    return list(sources.values())


def report_sections():
    """What the report needs to know of each block, in the order of the configuration."""
    sections = []
    for block in PLAN.config.experiments:
        row = PLAN.rows_of(block.name)[0]
        sections.append(
            {
                "name": block.name,
                "title": block.title or block.name.replace("_", " "),
                "system": row.system,
                "observed": row.experiment.system.kind == "dataset",
                "figure": PLAN.path(f"figures/{block.name}.png") if block.name in PLAN.drawn_blocks else None,
                "joint": [
                    PLAN.path(f"figures/{figure.name}.png")
                    for figure in PLAN.config.figures
                    if figure.blocks[0] == block.name
                ],
                "training": PLAN.path(f"training/{block.name}.png") if block.name in PLAN.trained_blocks else None,
                "sweep": PLAN.path(f"sweeps/{block.name}.png") if block.name in PLAN.sweep_blocks else None,
                "trajectory": (
                    PLAN.path(f"trajectories/{block.name}.png") if block.name in PLAN.trajectory_blocks else None
                ),
            }
        )
    return sections


def script_fingerprint(script):
    from kgmm.jobs.fingerprint import stage_fingerprint

    return stage_fingerprint(f"{SCRIPTS}/{script}.py")
