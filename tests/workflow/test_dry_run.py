"""``snakemake -n`` on a fresh copy, for every configuration that is shipped."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.workflow

TABLES = {"write_plan": 1, "collect_metrics": 1, "collect_costs": 1, "write_report": 1, "check_run": 1}


@pytest.mark.parametrize(
    ("arguments", "jobs"),
    [
        (
            (),
            {
                "simulate_trajectory": 10, "estimate_cells": 11, "fit_score": 19, "evaluate_score": 11,
                "sample_langevin": 7, "compare_model": 7, "draw_figure": 5,
            },
        ),
        (
            ("--workflow-profile", "profiles/quick"),
            {
                "simulate_trajectory": 4, "estimate_cells": 3, "fit_score": 5, "evaluate_score": 3,
                "sample_langevin": 3, "compare_model": 3, "draw_figure": 2,
            },
        ),
    ],
    ids=["default", "quick"],
)  # fmt: skip
def test_jobs_of_a_fresh_copy(new_project, arguments, jobs):
    assert new_project().planned_jobs(*arguments) == jobs | TABLES
