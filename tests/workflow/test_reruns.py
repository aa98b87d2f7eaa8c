"""What is computed again after a change, and what is not, with exact numbers of jobs."""

from __future__ import annotations

import copy
import os
import time

import pytest

from tests.workflow.tiny import ALL_STAGES, TINY

pytestmark = pytest.mark.workflow

# Of every run, whatever it holds: tables, figure and report follow their inputs.
OF_THE_RUN = {"collect_metrics": 1, "verify_claims": 1, "collect_costs": 1, "draw_figure": 1}
# Of every change that can be seen.
OF_THE_END = {"write_report": 1, "write_manifest": 1, "check_run": 1}
# What shows a trajectory, when it is described again.
OF_THE_DATA = {"describe_trajectory": 1, "collect_trajectories": 1, "draw_trajectory": 1}
# Pictures of a block, each a job whose costs are counted.
OF_THE_PICTURES = {"draw_figure": 1, "draw_trajectory": 1, "draw_training": 1}
# The statistics of the two models.
OF_THE_COMPARISONS = {"compare_model": 2}
# The model with the identity, and the one that keeps the clock.
OF_THE_MODELS = {"sample_langevin": 2, "estimate_mobility": 1} | OF_THE_COMPARISONS
# From the cells on.
OF_THE_SCORE = {"estimate_cells": 1, "fit_score": 1, "evaluate_score": 1} | OF_THE_MODELS


def with_pages(jobs: dict) -> dict:
    """The page of the fits follows them, and the last jobs follow any."""
    pages = {"draw_training": jobs["fit_score"]} if "fit_score" in jobs else {}
    return jobs | pages | (OF_THE_END if jobs else {})


def planned(project, change=lambda config: None):
    config = copy.deepcopy(TINY)
    change(config)
    return project.planned_jobs("--configfile", project.write_config("changed.yaml", config))


def with_setting(section, **values):
    return lambda config: config["experiments"][0].setdefault(section, {}).update(values)


def test_nothing_is_left_to_do(finished_tiny):
    assert planned(finished_tiny) == {}


def test_touching_sources_reruns_nothing(finished_tiny):
    for path in [*(finished_tiny.root / "src").rglob("*.py"), *(finished_tiny.root / "workflow").rglob("*.*")]:
        os.utime(path, (time.time() + 10, time.time() + 10))
    assert planned(finished_tiny) == {}


def test_a_second_sigma_reuses_the_trajectory(finished_tiny):
    jobs = planned(finished_tiny, with_setting("estimator", sigma=[0.2, 0.4]))
    assert jobs == with_pages(OF_THE_SCORE | OF_THE_RUN | {"write_plan": 1})


def test_more_langevin_steps_retrain_nothing(finished_tiny):
    jobs = planned(finished_tiny, lambda config: config["defaults"]["langevin"].update(n_times=7))
    # The reference for the noise floor is simulated anew, because a larger model asks for a larger one.
    new = {"simulate_trajectory": 1} | OF_THE_MODELS
    assert jobs == with_pages(new | OF_THE_RUN | {"write_plan": 1})
    # A finer path of the model asks for nothing.
    jobs = planned(finished_tiny, lambda config: config["defaults"]["langevin"].update(path_length=6.0))
    assert jobs == with_pages(OF_THE_MODELS | OF_THE_RUN | {"write_plan": 1})


def test_another_network_clusters_nothing(finished_tiny):
    jobs = planned(finished_tiny, with_setting("network", hidden=[6]))
    new = {"fit_score": 1, "evaluate_score": 1} | OF_THE_MODELS
    assert jobs == with_pages(new | OF_THE_RUN | {"write_plan": 1})


@pytest.mark.parametrize(
    ("module", "old", "new", "expected"),
    [
        # A comment is no change.
        ("langevin/ensemble.py", "_BOX_MARGIN = 0.5", "_BOX_MARGIN = 0.5  # half", {}),
        (
            "langevin/ensemble.py", "_BOX_MARGIN = 0.5", "_BOX_MARGIN = 0.6",
            OF_THE_MODELS | OF_THE_RUN,
        ),
        (
            "score/training.py", '"maxcor": 20', '"maxcor": 19',
            {"fit_score": 1, "evaluate_score": 1} | OF_THE_MODELS | OF_THE_RUN,
        ),
        (
            "statistics/comparison.py", "(2 * deviation)", "(3 * deviation)",
            {"evaluate_score": 1} | OF_THE_COMPARISONS | OF_THE_DATA | OF_THE_RUN,
        ),
        (
            # Effective sizes are stored with the samples.
            "data/blocks.py", "varies = variance > 1e-6", "varies = variance > 2e-6",
            {"simulate_trajectory": 2} | OF_THE_SCORE | OF_THE_DATA | OF_THE_RUN,
        ),
        (
            "statistics/description.py", "_PATH_POINTS = 1500", "_PATH_POINTS = 1400",
            OF_THE_DATA | {"collect_costs": 1},
        ),
        (
            # One kind of figure is drawn again, and not the others.
            "figures/kinds/trajectory.py", "_MAX_VARIABLES = 4", "_MAX_VARIABLES = 5",
            {"draw_trajectory": 1, "collect_costs": 1},
        ),
        (
            "figures/style.py", "_RASTER_DPI = 160", "_RASTER_DPI = 170",
            {"draw_figure": 1, "draw_trajectory": 1, "draw_training": 1, "collect_costs": 1},
        ),
        # What every job runs on: its seeds change all results, its log none.
        (
            "jobs/seeds.py", 'f"{stage}/{key}"', 'f"{key}/{stage}"',
            {"simulate_trajectory": 2} | OF_THE_SCORE | OF_THE_DATA | OF_THE_RUN,
        ),
        ("jobs/logs.py", "setLevel(logging.INFO)", "setLevel(logging.DEBUG)", {}),
        ("jobs/run.py", "computed by an earlier attempt", "computed before", {}),
        # A method that is not used, and one that is: only its own fits.
        ("methods/dsm.py", "rank=3", "rank=2", {}),
        (
            "methods/kgmm.py", "drives_model=True", "drives_model=(True)", {}
        ),
        # No data from files in this run.
        ("data/common_step.py", "_STEP_TOLERANCE = 1e-3", "_STEP_TOLERANCE = 1e-2", {}),
        ("report/tables.py", '"–"', '"-"', OF_THE_END),
        # Another system's file is not this run's code.
        ("systems/ornstein_uhlenbeck.py", "decay2: float = 0.5", "decay2: float = 0.6", {}),
    ],
)  # fmt: skip
def test_editing_code_reruns_its_stage_and_what_follows(finished_tiny, module, old, new, expected):
    path = f"src/kgmm/{module}"
    original = (finished_tiny.root / path).read_text()
    try:
        (finished_tiny.root / path).write_text(original.replace(old, new))
        assert (finished_tiny.root / path).read_text() != original
        assert planned(finished_tiny) == with_pages(expected)
    finally:
        (finished_tiny.root / path).write_text(original)


def test_the_same_seed_gives_the_same_bytes(finished_tiny, new_project):
    other = new_project()
    other.snakemake("--configfile", other.write_config("tiny.yaml", TINY), "--cores", "1", *ALL_STAGES, check=True)
    assert other.hashes() == finished_tiny.hashes()
    assert len(other.hashes()) >= 8


def test_another_seed_gives_other_files(finished_tiny):
    jobs = planned(finished_tiny, lambda config: config.update(seed=2))
    assert jobs["simulate_trajectory"] == 2  # the data, and the reference for the noise floor
