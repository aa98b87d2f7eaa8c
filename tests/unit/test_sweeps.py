"""Axes, tables and best settings of sweeps, on numbers made by hand."""

import numpy as np
import pandas as pd
import pytest

from kgmm.config.axes import as_written, column_of, is_choice, label_of, shared_axis, value_of
from kgmm.config.parsing import ConfigError, parse_config
from kgmm.statistics.sweep_summary import MEAN, SUMMARY, summarize
from kgmm.tables.best_setting import ENTROPY, LOSS, best_settings

BLOCK = {
    "name": "wells",
    "figure": "sweep",
    "system": {"name": "double_well"},
    "simulation": {"n_members": 500, "n_times": 10},
    "estimator": {"sigma": [0.1, 0.2], "min_probability": 0.05},
}


def refusal(**changes) -> str:
    with pytest.raises(ConfigError) as error:
        parse_config({"name": "run", "experiments": [BLOCK | changes]})
    return str(error.value)


def test_a_sweep_needs_an_axis_and_a_score():
    for estimator in ({"sigma": 0.1}, {"sigma": 0.1, "method": ["kgmm", "dsm"]}):
        assert "figure is 'sweep': a setting other than the method must be a list" in refusal(estimator=estimator)
    assert "until is 'trajectory': a sweep goes until 'score' or 'model'" in refusal(until="trajectory")


@pytest.mark.parametrize(
    ("axis", "column", "label", "choice"),
    [
        ("estimator.sigma", "sigma", "σ", True),
        ("data.n_samples", "n_samples", "training samples", False),
        ("network.hidden", "network.hidden", "hidden", True),
        ("system.parameters.n_variables", "system.parameters.n_variables", "dimension", False),
    ],
)
def test_names_and_roles_of_axes(axis, column, label, choice):
    assert (column_of(axis), label_of(column), is_choice(axis)) == (column, label, choice)


def test_values_of_axes_are_one_word():
    experiment = {"network": {"hidden": [40, 20]}, "system": {"parameters": {"rayleigh": 28.0}}}
    assert value_of("network.hidden", experiment) == "40-20"
    assert value_of("system.parameters.rayleigh", experiment) == 28.0
    assert [as_written(v) for v in (True, None, {"name": "lorenz63", "kind": "simulation"})] == [
        "true",
        None,
        "lorenz63",
    ]


def test_paired_lists_are_one_axis():
    assert shared_axis(["a", "method", "b"], "grid") == [["a"], ["b"]]
    assert shared_axis(["a", "method", "b"], "zip") == [["a", "b"]]
    assert shared_axis(["method"], "zip") == []


def metric(sigma, replicate, value, statistic="score_error", **more) -> dict:
    row = {
        "block": "wells", "method": "kgmm", "sigma": sigma, "replicate": replicate, "statistic": statistic,
        "variable": "", "mobility": "", "coordinates": "standardised", "units": "1", "value": value, "stderr": 0.5,
        "interval_low": np.nan, "interval_high": np.nan, "floor": np.nan, "status": "ok", "reason": "",
    }  # fmt: skip
    return row | more


def failure(sigma, replicate, reason, statistic="evaluation") -> dict:
    return metric(sigma, replicate, np.nan, statistic, status="failed", reason=reason, stderr=np.nan)


def table(*rows) -> pd.DataFrame:
    return summarize(pd.DataFrame(rows), {"wells": ["sigma"]})


def test_replicates_are_summarised_with_students_interval():
    (row,) = table(*(metric(0.1, k, value) for k, value in enumerate([1.0, 2.0, 3.0]))).to_dict("records")
    assert (row["value"], row["n_replicates"], row["status"]) == (2.0, 3, "ok")
    assert row["stderr"] == pytest.approx(1 / np.sqrt(3))
    # t(2) at 0.975 is 4.303
    assert row["interval_high"] - 2.0 == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4) == 2.0 - row["interval_low"]


def test_a_single_replicate_keeps_its_own_error():
    plain, boot = table(metric(0.1, 0, 1.0), metric(0.2, 0, 1.0, interval_low=0.4, interval_high=1.9)).to_dict(
        "records"
    )
    assert (plain["stderr"], plain["interval_low"]) == (0.5, pytest.approx(1 - 0.98))
    assert (boot["interval_low"], boot["interval_high"]) == (0.4, 1.9)


def test_failed_replicates_mark_their_setting_and_no_other():
    rows = table(
        metric(0.1, 0, 1.0), failure(0.1, 1, "diverged"), metric(0.2, 0, 1.0), metric(0.2, 1, 3.0),
        failure(0.4, 0, "no cells"), failure(0.4, 1, "no cells"),
    )  # fmt: skip
    by = {sigma: group.to_dict("records") for sigma, group in rows.groupby("sigma")}
    assert [(row["status"], row["n_failed"], row["reason"]) for row in by[0.1]] == [("partly failed", 1, "diverged")]
    assert [(row["status"], row["n_failed"], row["value"]) for row in by[0.2]] == [("ok", 0, 2.0)]
    assert [(row["statistic"], row["status"], row["reason"]) for row in by[0.4]] == [
        ("evaluation", "failed", "no cells")
    ]


def test_the_mean_over_the_variables_is_a_row_of_its_own():
    entropy = {"statistic": ENTROPY, "mobility": "identity"}
    rows = table(
        metric(0.1, 0, 1.0, variable="x", floor=0.1, **entropy), metric(0.1, 0, 3.0, variable="y", floor=0.3, **entropy)
    )
    (mean,) = rows[rows["variable"] == MEAN].to_dict("records")
    assert (mean["value"], mean["floor"]) == (2.0, pytest.approx(0.2))
    assert mean["stderr"] == pytest.approx(0.5 * np.sqrt(2) / 2)
    assert list(rows.columns) == ["block", "method", "sigma", *SUMMARY]


def runs(losses: dict, entropies: dict | None = None, sigma=0.1, replicates=2) -> pd.DataFrame:
    """Losses by p_min, all with the same large noise, as if at the same points."""
    noise = np.random.default_rng(3).standard_normal((replicates, 20))
    return pd.DataFrame(
        [
            {
                "sigma": sigma, "min_probability": p, "replicate": k, "entropy_stderr": 0.1,
                "loss_blocks": None if loss is None else loss + noise[k],
                "entropy": np.nan if entropies is None else entropies[p],
            }
            for p, loss in losses.items()
            for k in range(replicates)
        ]
    )  # fmt: skip


def best(frame: pd.DataFrame, problems=()) -> list[dict]:
    return best_settings(frame, ["min_probability"], list(problems), lambda setting: f"p {setting['min_probability']}")


def test_the_difference_is_known_better_than_the_losses():
    (row,) = best(runs({0.01: -1.0, 0.02: -0.99, 0.05: -0.5}))
    assert (row["criterion"], row["sigma"], row["min_probability"], row["next"]) == (LOSS, 0.1, 0.01, "p 0.02")
    assert row["difference"] == pytest.approx(0.01) and row["difference_stderr"] < 1e-12 < 0.1 < row["stderr"]
    assert (row["n_settings"], row["n_close"]) == (3, 1)


def test_without_pairs_the_same_settings_cannot_be_told_apart():
    frame = runs({0.01: -1.0, 0.02: -0.99})
    shuffled = np.random.default_rng(4)
    frame["loss_blocks"] = [shuffled.permutation(blocks) for blocks in frame["loss_blocks"]]
    (row,) = best(frame)
    assert row["difference_stderr"] > 0.05 and row["n_close"] == 2


def test_a_setting_of_which_a_replicate_failed_is_not_the_best():
    frame = runs({0.01: -2.0, 0.02: -1.0, 0.05: -0.5})
    frame.at[0, "loss_blocks"] = None
    (row,) = best(frame)
    assert (row["min_probability"], row["n_settings"]) == (0.02, 2)
    assert best(frame.iloc[:2]) == []  # a single setting is compared with nothing


def test_across_sigma_the_relative_entropy_decides():
    frame = pd.concat([runs({0.01: -1.0, 0.02: -2.0}, {0.01: 0.3, 0.02: 0.4}), runs({0.01: -5.0}, {0.01: 0.5}, 0.2)])
    by_loss, across = best(frame)
    assert (by_loss["criterion"], by_loss["min_probability"]) == (LOSS, 0.02)
    assert (across["criterion"], across["sigma"], across["min_probability"]) == (ENTROPY, 0.1, 0.01)
    assert across["difference"] == pytest.approx(0.1)


def test_every_problem_has_its_own_best():
    easy, hard = (runs(losses).assign(rayleigh=r) for r, losses in ((20, {1: -1, 2: -2}), (28, {1: -2, 2: -1})))
    rows = best(pd.concat([easy, hard]), problems=["rayleigh"])
    assert [(row["rayleigh"], row["min_probability"]) for row in rows] == [(20, 2), (28, 1)]
