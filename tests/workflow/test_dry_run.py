"""``snakemake -n`` on a fresh copy, for every configuration that is shipped."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.workflow

TABLES = {
    "write_plan": 1, "collect_metrics": 1, "collect_trajectories": 1, "collect_races": 1, "verify_claims": 1,
    "collect_costs": 1, "write_report": 1, "write_manifest": 1, "check_run": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "jobs"),
    [
        (
            ("--config", "rows_per_job=1"),
            {
                # Twelve blocks, and two races on the data of theirs; three on one double well, and four on one ring.
                # All but one are modelled, whose noise floors are simulations too. Four figures are of several blocks.
                # A job draws up to four pictures of a kind.
                "simulate_trajectory": 11 + 7, "describe_trajectory": 11, "draw_trajectory": 2, "estimate_cells": 17,
                "fit_score": 31, "evaluate_score": 23, "sample_langevin": 26, "compare_model": 26,
                "estimate_mobility": 13, "draw_figure": 5, "race_score": 2,
                "draw_training": 4,
            },
        ),
        (
            ("--workflow-profile", "profiles/quick"),
            {
                "simulate_trajectory": 4, "describe_trajectory": 2, "draw_trajectory": 1, "estimate_cells": 3,
                "fit_score": 5, "evaluate_score": 3, "sample_langevin": 6, "compare_model": 6,
                "estimate_mobility": 3, "draw_figure": 1, "draw_training": 1,
            },
        ),
        (
            # Ten tasks to a job, where so many can be computed at once. No SLURM is needed for this.
            ("--workflow-profile", "profiles/slurm"),
            {
                "simulate_trajectory": 2, "describe_trajectory": 2, "draw_trajectory": 2, "estimate_cells": 2,
                "fit_score": 4, "evaluate_score": 3, "sample_langevin": 4, "compare_model": 3,
                "estimate_mobility": 2, "draw_figure": 5, "race_score": 2,
                "draw_training": 4,
            },
        ),
        (
            ("--configfile", "config/sunspots.yaml"),
            {
                "import_dataset": 1, "describe_trajectory": 1, "draw_trajectory": 1, "estimate_cells": 1,
                "fit_score": 1, "evaluate_score": 1, "sample_langevin": 2, "compare_model": 2, "estimate_mobility": 1,
                "draw_figure": 1, "draw_training": 1,
                # The logarithm is undone.
                "restore_units": 1, "draw_restored": 1,
            },
        ),
        (
            ("--configfile", "config/paper-large.yaml"),
            {
                # Three blocks on one simulation of 16 shards, draws divided as well; no model of sixteen points.
                "simulate_trajectory": 16 + 1, "merge_shards": 1, "describe_trajectory": 1,
                "draw_trajectory": 1, "prepare_cells": 3, "accumulate_moments": 48, "gather_cells": 3, "fit_score": 3,
                "evaluate_score": 3, "sample_langevin": 4, "compare_model": 4, "estimate_mobility": 2,
                "draw_figure": 1, "draw_training": 1,
            },
        ),
        (
            ("--configfile", "config/scatter.yaml"),
            {
                "simulate_trajectory": 10, "merge_shards": 1, "describe_trajectory": 1, "draw_trajectory": 1,
                "prepare_cells": 1, "accumulate_moments": 10, "gather_cells": 1, "fit_score": 1, "evaluate_score": 1,
                "draw_figure": 1, "draw_training": 1,
            },
        ),
    ],
    ids=["default", "quick", "slurm", "sunspots", "paper-large", "scatter"],
)  # fmt: skip
def test_jobs_of_a_fresh_copy(new_project, arguments, jobs):
    project = new_project()
    if "config/sunspots.yaml" in arguments:
        project.write_example()
    assert project.planned_jobs(*arguments) == jobs | TABLES


# Of the stages of a score, and of a model with and without a mobility that is fitted.
_SCORE = ("simulate_trajectory", "describe_trajectory", "estimate_cells", "fit_score", "evaluate_score")
_MODEL = ("sample_langevin", "compare_model")
_FITTED = {"estimate_mobility": 2, "sample_langevin": 4, "compare_model": 2}


@pytest.mark.parametrize(
    ("name", "experiments", "jobs"),
    [
        # Two jobs for all tasks of a stage, one for each core; twice as many where they are more than 48.
        ("sigma", 96, dict.fromkeys(_SCORE + _MODEL, 4) | {"simulate_trajectory": 2, "describe_trajectory": 2}),
        ("n_samples", 63, dict.fromkeys(_SCORE, 2)),
        ("dimension", 72, dict.fromkeys(_SCORE, 2)),
        ("rayleigh", 15, dict.fromkeys(_SCORE, 2) | _FITTED),
        ("forcing", 12, dict.fromkeys(_SCORE, 2) | _FITTED),
    ],
)
def test_jobs_of_a_sweep(new_project, name, experiments, jobs):
    project = new_project()
    arguments = ("--configfile", f"config/sweeps/{name}.yaml", "--cores", "2")
    drawn = {"draw_trajectory": 1, "draw_sweep": 1, "collect_sweeps": 1}
    assert project.planned_jobs(*arguments) == jobs | drawn | TABLES
    said = project.snakemake("-n", *arguments, check=True).stderr
    assert f"{experiments} experiments, 0 of them done" in said


def test_lint_has_nothing_to_say_but_one(new_project):
    """Of every rule that it has no environment of its own, see CONTRIBUTING.md."""
    said = new_project().snakemake("--workflow-profile", "profiles/quick", "--lint")
    found = {line.strip() for line in (said.stdout + said.stderr).splitlines() if line.startswith("    * ")}
    assert found == {"* Specify a conda environment or container for each rule.:"}
