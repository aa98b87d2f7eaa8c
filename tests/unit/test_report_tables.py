"""Tables of the report: what is a replicate and what another setting, and bounds where a baseline was not as good."""

import numpy as np
import pandas as pd
import pytest

from kgmm.report.conclusions import conclusion
from kgmm.report.model_tables import clock_table, joint_table, mobility_table, model_table
from kgmm.report.tables import race_table, score_table


def metrics(**columns) -> pd.DataFrame:
    table = {"statistic": "score_error", "method": "kgmm", "sigma": 0.1, "min_probability": 0.01, "n_samples": 1000.0,
             "replicate": 0, "value": 1.0, "stderr": np.nan, "status": "ok", "variable": None}  # fmt: skip
    return pd.DataFrame(table | columns)


def error_of(row: dict) -> str:
    return row["score_error"]


def test_replicates_share_a_row():
    (row,) = score_table(metrics(replicate=[0, 1, 2], value=[1.0, 2.0, 5.0]))
    assert (row["sigma"], error_of(row), row["replicates"]) == ("0.1", "2 [1, 5]", 3)


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
    assert [error_of(row) for row in rows] == ["1", "2"]
    assert [row["sigma"] for row in rows] == labels


def test_settings_that_are_not_given_are_no_reason_to_leave_a_row_out():
    assert len(score_table(metrics(min_probability=[np.nan], n_samples=[np.nan]))) == 1


@pytest.mark.parametrize(("capped", "text"), [(0.0, "38 cells, 16 draws"), (1.0, "38 cells, 16 draws (cap)")])
def test_cells_say_what_ended_the_draws(capped, text):
    table = metrics(statistic=["score_error", "n_cells", "n_draws", "capped"], value=[1.0, 38.0, 16.0, capped])
    (row,) = score_table(table)
    assert row["diagnostics"] == text and row["replicates"] == 1
    assert score_table(metrics(value=[1.0]))[0]["diagnostics"] == "–"


def test_an_estimate_tells_its_own_error():
    (row,) = score_table(metrics(statistic=["score_error", "error_estimate"], value=[0.02, 0.0125], method="auto"))
    assert (row["method"], row["diagnostics"]) == ("automatic choice", "own estimate of the error 0.0125")


def test_race_gives_ratios_and_bounds():
    race = pd.DataFrame(
        {
            "statistic": "denoising_loss", "entry": "p_min 0.1, 20 iterations", "seconds": 2.0, "error": -0.3,
            "baseline": ["dsm", "dsm_antithetic"], "baseline_seconds": [np.inf, 30.0], "baseline_bound": [50.0, 60.0],
            "baseline_best": [-0.25, -0.4], "status": "ok",
        }
    )  # fmt: skip
    (row,) = race_table(race)
    assert row["dsm"] == "> 50.0 (reached -0.25)" and row["dsm_ratio"] == "> 25.0"
    assert row["dsm_antithetic"] == "30.0" and row["dsm_antithetic_ratio"] == "15.0"
    assert race_table(race.assign(status="failed")) == []


def model_metrics(mobility: str, variable: str = "x") -> pd.DataFrame:
    names = ["relative_entropy", "wasserstein", "mean", "standard_deviation", "decorrelation_time", "integrated_time",
             "autocorrelation_error", "autocorrelation_error_5", "autocorrelation_follows",
             "reversible_bound"]  # fmt: skip
    return metrics(
        statistic=names, value=np.arange(1.0, 11.0), stderr=0.1, data_value=5.0, floor=0.2, floor_stderr=0.1,
        variable=variable, mobility=mobility, effective_size_data=10.0, effective_size_model=20.0,
    )  # fmt: skip


def test_models_with_identity_and_fitted_mobility_stand_beside_each_other():
    entries = metrics(
        statistic=["mobility", "mobility", "short_lag_exponent"], variable=["1,1", "1,2", None], mobility="slope",
        value=[1.5, -0.5, 0.9], stderr=[0.1, 0.1, np.nan], data_value=[1.4, np.nan, np.nan],
    )  # fmt: skip
    lost = metrics(statistic=["members_reset"], variable=[None], mobility="slope", value=3.0)
    table = pd.concat([model_metrics("identity"), model_metrics("slope"), entries, lost])
    rows = model_table(table)
    assert [(row["mobility"], row["variable"]) for row in rows] == [("Φ = I", "x"), ("Φ slope", "x")]
    assert [row["resets"] for row in rows] == ["–", 3]
    identity, fitted = clock_table(table)
    assert fitted["decorrelation"] == "5 → 5.00 ± 0.10 (floor 0.2)"
    assert (fitted["first"], fitted["five"]) == ("7.00 ± 0.10 (floor 0.2)", "8.00 ± 0.10 (floor 0.2)")
    assert fitted["follows"] == "9"
    (without,) = clock_table(model_metrics("slope").assign(floor=np.nan))
    assert (without["decorrelation"], without["five"]) == ("5 → 5.00 ± 0.10", "8.00 ± 0.10")
    assert fitted["bound"] == "10.00 ± 0.10"
    assert identity["mobility"] == "Φ = I"
    (row,) = mobility_table(table)
    assert row["mobility"] == "Φ slope"
    assert row["entries"] == "Φ1,1 = 1.50 ± 0.10 (exact 1.4); Φ1,2 = −0.50 ± 0.10"
    assert (row["exponent"], row["window"]) == ("0.9", "–")


def test_the_worst_pair_is_that_of_the_largest_difference_to_its_floor():
    pairs = metrics(
        statistic="joint_total_variation", variable=["x,y", "x,z"], mobility="state", value=[0.3, 0.2], stderr=0.01,
        floor=[0.29, 0.1], excess=[0.01, 0.1], excess_stderr=0.02, blurred_value=[0.3, 0.15],
    )  # fmt: skip
    rest = metrics(
        statistic=["sliced_wasserstein", "quantile_0.001", "quantile_0.999"], variable=["", "x", "x"],
        mobility="state", value=[0.02, -2.0, 3.0], stderr=0.1, floor=0.01, excess=[0.01, 0.1, 0.5], excess_stderr=0.1,
        data_value=[np.nan, -2.1, 2.5], blurred_value=0.0,
    )  # fmt: skip
    (row,) = joint_table(pd.concat([pairs, rest]))
    assert (row["pair"], row["total_variation"], row["floor"]) == ("x,z", "0.200 ± 0.010", "0.1")
    assert (row["excess"], row["blurred"], row["tail"]) == ("0.100 ± 0.020", "0.15", "0.999 of x")
    assert row["quantile"] == "2.5 → 3.00 ± 0.10" and row["sliced"] == "0.02 ± 0.10 (floor 0.01)"


def test_models_of_several_methods_are_told_apart():
    table = pd.concat([model_metrics("identity"), model_metrics("identity").assign(method="auto", value=2.0)])
    rows = model_table(table)
    assert [row["mobility"] for row in rows] == ["Φ = I, KGMM network", "Φ = I, automatic choice"]
    assert [row["wasserstein"] for row in rows] == ["2", "2"]
    assert [row["follows"] for row in clock_table(table)] == ["9", "2"]


def test_blocks_without_models_have_no_rows():
    nothing = metrics(mobility=[None])
    assert model_table(nothing) == clock_table(nothing) == mobility_table(nothing) == joint_table(nothing) == []


def test_a_conclusion_tells_at_which_amplitude_its_numbers_are():
    entropy = {"statistic": "relative_entropy", "mobility": "identity", "floor": 0.001, "excess": np.nan}
    table = metrics(sigma=[0.05, 0.5], value=[0.002, 0.1], **entropy)
    assert "0.1 nat at σ = 0.5 (noise floor 0.001), 0.002 at σ = 0.05." in conclusion(table)
    assert "nat (noise floor" in conclusion(table[:1]) and "σ" not in conclusion(table[:1])


@pytest.mark.parametrize(
    ("excess", "said"),
    [(-0.001, "at its floor."), (0.003, "at its floor."), (0.1, "0.1 above its floor (the blur alone makes 0.05).")],
)
def test_a_difference_within_its_error_is_none(excess, said):
    table = metrics(
        statistic=["relative_entropy", "joint_total_variation"], mobility="identity",
        floor=0.1, excess=[np.nan, excess],
        excess_stderr=0.002, blurred_value=0.15,
    )  # fmt: skip
    assert conclusion(table).endswith(f"total variation of the worst joint density {said}")
