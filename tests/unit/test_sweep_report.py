"""Sweeps in the report: tables of their settings, reasons of failures, and the numbers of their explorer."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kgmm.config.axes import setting_text, text_of
from kgmm.report.setting_table import setting_table
from kgmm.report.sweep_explorer import sweep_entries
from kgmm.report.sweep_tables import best_table, first_trajectory, sweep_failures, sweep_part
from kgmm.results import Sweep
from kgmm.statistics.sweep_summary import MEAN, summarize
from kgmm.tables.best_setting import COLUMNS, ENTROPY, LOSS

GRID = Sweep("wells", "grid", axes=("sigma", "langevin.dt"), choices=("sigma", "langevin.dt"), problems=())
NOTHING = pd.DataFrame(columns=["block", "sigma", "langevin.dt", *COLUMNS])


def row(sigma, dt, replicate, value=1.0, statistic="score_error", variable=None, mobility=None, **more) -> dict:
    return {
        "block": "wells", "method": "kgmm", "sigma": sigma, "langevin.dt": dt, "replicate": replicate,
        "statistic": statistic, "variable": variable, "mobility": mobility, "coordinates": "any", "units": "1",
        "value": value, "stderr": 0.1, "interval_low": np.nan, "interval_high": np.nan, "floor": np.nan,
        "status": "ok", "reason": None,
    } | more  # fmt: skip


def failed(sigma, dt, replicate, reason) -> dict:
    return row(sigma, dt, replicate, np.nan, "evaluation", status="failed", reason=reason)


def runs() -> pd.DataFrame:
    """Two noise amplitudes and two time steps, one left to the data; one setting failed, of another one replicate."""
    rows = [row(0.1, None, replicate, value) for replicate, value in enumerate((1.0, 1.2))]
    rows += [
        row(0.1, None, replicate, 0.02, "relative_entropy", "x", "identity", floor=0.01, units="nat")
        for replicate in (0, 1)
    ]
    rows += [row(0.2, None, replicate, 2.123456) for replicate in (0, 1)]
    rows += [row(0.1, 0.5, 0, 3.0), failed(0.1, 0.5, 1, "left the range at t = 1.5")]
    rows += [failed(0.2, 0.5, replicate, f"left the range at t = {replicate + 2}.25e-3") for replicate in (0, 1)]
    return pd.DataFrame(rows)


def table(metrics: pd.DataFrame, sweep: Sweep = GRID) -> pd.DataFrame:
    return summarize(metrics, {"wells": list(sweep.axes)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "auto"), (np.nan, "auto"), (np.float64(3.0), "3"), (1e6, "1,000,000"), (5e-4, "0.0005"),
        ("128-64", "128-64"), (True, "true"), (np.bool_(False), "false"),
    ],
)  # fmt: skip
def test_values_of_axes_in_words(value, text):
    assert text_of(value) == text


def test_axes_of_one_name_are_told_apart():
    assert setting_text({"langevin.dt": 0.1, "sigma": 0.2}) == "dt = 0.1, σ = 0.2"
    assert setting_text({"langevin.dt": 0.1, "simulation.dt": 0.2}) == "langevin.dt = 0.1, simulation.dt = 0.2"


def test_a_row_per_setting_with_its_failures():
    settings = setting_table(table(runs()), GRID, 2)
    assert settings["axes"] == ["σ", "dt"]
    assert settings["statistics"] == ["error against s", "relative entropy, Φ = I", "noise floor"]
    rows = {tuple(entry["setting"]): entry for entry in settings["rows"]}
    assert rows["0.1", "auto"]["cells"] == ["1.10 ± 0.10", "0.02", "0.01"]
    assert rows["0.2", "auto"]["cells"] == ["2.12", "–", "–"]
    assert {setting: entry["replicates"] for setting, entry in rows.items()} == {
        ("0.1", "auto"): "2", ("0.2", "auto"): "2",
        ("0.1", "0.5"): "1 of 2 replicates failed", ("0.2", "0.5"): "2 of 2 replicates failed",
    }  # fmt: skip
    assert [entry["bad"] for entry in rows.values()] == [False, False, True, True]
    assert rows["0.2", "0.5"]["cells"] == ["–", "–", "–"]


def test_reasons_that_differ_in_numbers_alone_are_one():
    other = failed(0.3, None, 0, "the network's loss did not fall")
    found = sweep_failures(pd.concat([runs(), pd.DataFrame([other])]), ["sigma", "langevin.dt"])
    assert [entry["reason"] for entry in found] == ["left the range at t = 1.5", "the network's loss did not fall"]
    assert [entry["alike"] for entry in found] == [True, False]
    assert found[0]["settings"] == ["σ = 0.1, dt = 0.5", "σ = 0.2, dt = 0.5"] and found[0]["n_experiments"] == 3
    assert found[1]["settings"] == ["σ = 0.3, dt = auto"]


def best_row(criterion, **more) -> dict:
    numbers = {"value": 0.5, "stderr": 0.1, "difference": 0.02, "difference_stderr": 0.005}
    at = {"block": "wells", "sigma": 0.1, "langevin.dt": np.nan}
    return at | numbers | {"criterion": criterion, "next": "dt = 0.5", "n_settings": 6, "n_close": 1} | more


def test_best_settings_at_equal_noise_and_across():
    rows = best_table(pd.DataFrame([best_row(LOSS), best_row(ENTROPY, **{"langevin.dt": 0.5})]), GRID)
    assert [(entry["sigma"], entry["setting"]) for entry in rows] == [
        ("0.1", "dt = auto"),
        ("all", "dt = 0.5, σ = 0.1"),
    ]
    assert rows[0]["value"] == "0.50 ± 0.10" and rows[0]["worse_by"] == "0.0200 ± 0.0050"
    assert (rows[0]["n_close"], rows[0]["n_settings"]) == (1, 6)


def test_entropies_at_one_noise_are_not_across():
    sweep = replace(GRID, axes=["langevin.dt"], choices=["langevin.dt"])
    (entry,) = best_table(pd.DataFrame([best_row(ENTROPY)]), sweep)
    assert (entry["sigma"], entry["setting"], entry["across"]) == ("0.1", "dt = auto", False)


def test_problems_stand_apart_from_choices():
    sweep = replace(GRID, choices=["sigma"], problems=["langevin.dt"])
    (entry,) = best_table(pd.DataFrame([best_row(ENTROPY, **{"langevin.dt": 0.5})]), sweep)
    assert (entry["problem"], entry["problem_text"], entry["setting"]) == (["0.5"], "dt = 0.5", "σ = 0.1")


def test_a_sweep_without_a_best_setting():
    part = sweep_part(GRID, table(runs()), NOTHING, runs())
    assert part["best"] == part["summary"] == []
    assert (part["n_replicates"], part["n_failed"], len(part["settings"]["rows"])) == (2, 2, 4)


def test_the_summary_holds_few_and_those_across_first():
    best = pd.DataFrame([best_row(LOSS, sigma=sigma) for sigma in np.arange(1, 9) / 10] + [best_row(ENTROPY)])
    part = sweep_part(GRID, table(runs()), best, runs())
    assert len(part["best"]) == 9 and [entry["sigma"] for entry in part["summary"]] == [
        "all",
        *["0.1", "0.2", "0.3", "0.4", "0.5"],
    ]


def entry_of(metrics: pd.DataFrame, sweep: Sweep = GRID) -> dict:
    (entry,) = sweep_entries([sweep], {"wells": "Wells"}, table(metrics, sweep), {"wells": 2})
    # JSON knows no NaN.
    json.dumps(entry, allow_nan=False)
    return entry


def test_the_explorer_has_every_setting_and_its_failures():
    entry = entry_of(runs())
    assert [axis["values"] for axis in entry["axes"]] == [["0.1", "0.2"], ["0.5", "auto"]]
    assert entry["axes"][0]["numbers"] == [0.1, 0.2] and entry["axes"][1]["numbers"] is None
    assert entry["settings"] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert entry["failed"] == ["1 of 2 replicates failed", "", "2 of 2 replicates failed", ""]
    errors, entropy, *_ = entry["statistics"]
    assert (errors["name"], errors["of"]) == ("error against s", "–")
    assert errors["value"] == [3.0, 1.1, None, 2.123] and errors["n"] == [1, 2, 0, 2]
    assert errors["low"][1] < 1.1 < errors["high"][1] and "floor" not in errors
    # The mean of all variables comes before each of them.
    assert (entropy["name"], entropy["of"]) == ("relative entropy", f"{MEAN}, Φ = I")
    assert entropy["floor"] == [None, 0.01, None, None] and entropy["unit"] == " (nat)"


def test_paired_lists_are_one_axis_of_the_explorer():
    pairs = [row(0.1, None, 0), row(0.2, 0.5, 0)]
    (axis,) = entry_of(pd.DataFrame(pairs), replace(GRID, mode="zip"))["axes"]
    assert (axis["label"], axis["values"], axis["numbers"]) == ("σ / dt", ["0.1 / auto", "0.2 / 0.5"], None)


def test_methods_are_an_axis():
    metrics = pd.DataFrame([row(0.1, None, 0), row(0.1, None, 0, method="kgmm_cells")])
    entry = entry_of(metrics, replace(GRID, axes=["method", "sigma"]))
    assert [axis["label"] for axis in entry["axes"]] == ["method", "σ"]
    assert entry["axes"][0]["values"] == ["KGMM network", "KGMM cells"]


def test_fitted_mobilities_are_one_model():
    metrics = pd.DataFrame(
        [
            row(sigma, None, 0, 0.1, "relative_entropy", "x", mobility)
            for sigma, mobility in ((0.1, "slope"), (0.2, "matched"))
        ]
    )
    names = {(one["of"], len(one["value"]) - one["value"].count(None)) for one in entry_of(metrics)["statistics"]}
    assert names == {(f"{MEAN}, fitted Φ", 2), ("x, fitted Φ", 2)}


def test_a_sweep_in_which_everything_failed():
    metrics = pd.DataFrame([failed(sigma, None, 0, "diverged") for sigma in (0.1, 0.2)])
    entry = entry_of(metrics)
    assert entry["statistics"] == [] and all(entry["failed"])
    part = sweep_part(GRID, table(metrics), NOTHING, metrics)
    assert part["settings"]["statistics"] == [] and part["n_failed"] == 2


def test_single_variables_of_large_sweeps_are_left_to_the_table(monkeypatch):
    monkeypatch.setattr("kgmm.report.sweep_explorer._MAX_ROWS", 4)
    assert [one["of"] for one in entry_of(runs())["statistics"]] == ["–", f"{MEAN}, Φ = I"]


def test_the_data_of_a_sweep_are_those_of_its_first_setting():
    trajectories = pd.DataFrame(
        {"variable": ["x1", "x1", "x2"], "status": "ok", "replicate": 0, "n_samples": [1, 2, 2]}
    )
    assert first_trajectory(trajectories)["n_samples"].tolist() == [1]


@pytest.mark.parametrize(("choices", "has_choices"), [(["sigma"], True), ([], False)])
def test_a_sweep_of_the_problem_alone_has_nothing_to_choose(choices, has_choices):
    sweep = replace(GRID, axes=("sigma",), choices=tuple(choices))
    metrics = pd.DataFrame([row(0.1, 0.01, 0)])
    part = sweep_part(sweep, summarize(metrics, {"wells": ["sigma"]}), NOTHING, metrics)
    assert part["has_choices"] is has_choices and part["best"] == []
