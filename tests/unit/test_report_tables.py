"""Tables of the report: what is a replicate and what another setting, and bounds where a rival was not as good."""

import numpy as np
import pandas as pd
import pytest

from kgmm.report.tables import race_table, score_table


def metrics(**columns) -> pd.DataFrame:
    table = {"statistic": "score_error", "method": "kgmm", "sigma": 0.1, "min_probability": 0.01, "n_samples": 1000.0,
             "replicate": 0, "value": 1.0, "stderr": np.nan, "status": "ok", "variable": None}  # fmt: skip
    return pd.DataFrame(table | columns)


def test_replicates_share_a_row():
    (row,) = score_table(metrics(replicate=[0, 1, 2], value=[1.0, 2.0, 5.0]))
    assert (row["sigma"], row["score_error"], row["replicates"]) == ("0.1", "2 [1, 5]", 3)


@pytest.mark.parametrize(
    ("name", "values", "labels"),
    [
        ("sigma", [0.1, 0.5], ["0.1", "0.5"]),
        ("min_probability", [0.01, 0.1], ["0.1, p_min 0.01", "0.1, p_min 0.1"]),
        ("n_samples", [1000.0, 1e6], ["0.1, n 1·10³", "0.1, n 1·10⁶"]),
    ],
)
def test_other_settings_are_other_rows(name, values, labels):
    rows = score_table(metrics(**{name: values}, value=[1.0, 2.0]))
    assert [row["score_error"] for row in rows] == ["1", "2"]
    assert [row["sigma"] for row in rows] == labels


def test_settings_that_are_not_given_are_no_reason_to_leave_a_row_out():
    assert len(score_table(metrics(min_probability=[np.nan], n_samples=[np.nan]))) == 1


@pytest.mark.parametrize(("capped", "text"), [(0.0, "38, 16 draws"), (1.0, "38, 16 draws (cap)")])
def test_cells_say_what_ended_the_draws(capped, text):
    table = metrics(statistic=["score_error", "n_cells", "n_draws", "capped"], value=[1.0, 38.0, 16.0, capped])
    (row,) = score_table(table)
    assert row["cells"] == text and row["replicates"] == 1
    assert score_table(metrics(value=[1.0]))[0]["cells"] == "–"


def test_race_gives_ratios_and_bounds():
    race = pd.DataFrame(
        {
            "statistic": "denoising_loss", "entry": "p_min 0.1, 20 iterations", "seconds": 2.0, "error": -0.3,
            "rival": ["dsm", "dsm_antithetic"], "rival_seconds": [np.inf, 30.0], "rival_bound": [50.0, 60.0],
            "rival_best": [-0.25, -0.4], "status": "ok",
        }
    )  # fmt: skip
    (row,) = race_table(race)
    assert row["dsm"] == "> 50.0 (reached -0.25)" and row["dsm_ratio"] == "> 25.0"
    assert row["dsm_antithetic"] == "30.0" and row["dsm_antithetic_ratio"] == "15.0"
    assert race_table(race.assign(status="failed")) == []
