"""A sweep end to end: stages are shared, values come and go, and a setting that fails is marked."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from tests.workflow.tiny import TINY

pytestmark = pytest.mark.workflow


def sweep(sigma: list[float], dt: list[float]) -> dict:
    config = copy.deepcopy(TINY) | {"name": "sweep", "rows_per_job": 4}
    (block,) = config["experiments"]
    block.update(figure="sweep", until="score")
    block["estimator"]["sigma"] = sigma
    block["simulation"].update(dt=dt, path_interval=0.5)
    return config


@pytest.fixture(scope="module")
def with_failures(new_project):
    """A sweep one of whose two time steps is too long, and what Snakemake said."""
    project = new_project()
    result = project.snakemake("--configfile", project.write_config("sweep.yaml", sweep([0.2, 0.3], [0.01, 0.5])))
    return project, result


def table(project, name: str) -> pd.DataFrame:
    return pd.read_csv(project.root / "results/sweep" / name)


def test_settings_that_fail_are_marked_and_the_rest_finishes(with_failures):
    project, result = with_failures
    assert result.returncode != 0 and "results failed (see results/sweep/report.html)" in result.stdout + result.stderr
    rows = table(project, "sweep.csv")
    failed = rows[rows["simulation.dt"] == 0.5]
    assert set(failed["status"]) == {"failed"} and set(failed["sigma"]) == {0.2, 0.3}
    assert failed["reason"].str.contains("dt = 0.5 left member").all()
    usable = rows[rows["simulation.dt"] == 0.01]
    assert set(usable["status"]) == {"ok"} and set(usable["sigma"]) == {0.2, 0.3}
    assert usable.loc[usable["statistic"] == "score_error", "value"].between(0, 10).all()
    assert (project.root / "results/sweep/sweeps/double_well.png").stat().st_size > 10_000
    report = (project.root / "results/sweep/report.html").read_text()
    assert "dt = 0.5 left member" in report


def test_axes_are_columns_of_the_metrics(with_failures):
    project, _ = with_failures
    metrics = table(project, "metrics.csv")
    assert metrics.groupby("simulation.dt")["status"].unique().map(list).to_dict() == {0.01: ["ok"], 0.5: ["failed"]}
    # The best setting of a problem, here of a time step, is among those that did not fail.
    assert set(table(project, "best.csv")["simulation.dt"]) <= {0.01}


def test_values_come_and_go(with_failures):
    project, _ = with_failures
    config = project.write_config("sweep.yaml", sweep([0.2, 0.3, 0.4], [0.01]))
    stages = ("simulate_trajectory", "estimate_cells", "fit_score", "evaluate_score")
    jobs = project.planned_jobs("--configfile", config)
    assert {stage: jobs.get(stage, 0) for stage in stages} == dict.fromkeys(stages, 1) | {"simulate_trajectory": 0}
    project.snakemake("--configfile", config, check=True)
    before = project.hashes()

    config = project.write_config("sweep.yaml", sweep([0.3], [0.01]))
    jobs = project.planned_jobs("--configfile", config)
    assert not set(stages) & set(jobs)
    said = project.snakemake("-n", "--configfile", config, check=True).stderr
    assert "sweep: 1 experiments, 1 of them done" in said
    project.snakemake("--configfile", config, check=True)
    assert set(table(project, "sweep.csv")["sigma"]) == {0.3}
    assert project.hashes() == before
