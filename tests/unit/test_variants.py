"""Experiments of a block that differ in a parameter of the system stand beside each other in the report."""

import pandas as pd

from kgmm.report.model_tables import model_table
from kgmm.report.tables import score_table
from kgmm.report.variants import by_variant, told_once

COMMON = {
    "block": "b", "system": "s", "method": "kgmm", "sigma": 0.1, "min_probability": 0.01, "n_samples": 1000.0,
    "replicate": 0, "status": "ok", "stderr": 0.01, "data_value": 1.0, "floor": 0.001, "floor_stderr": 0.001,
    "effective_size_data": 100.0, "effective_size_model": 100.0, "variable": "x",
}  # fmt: skip


def metrics() -> pd.DataFrame:
    rows = []
    for rotation in (0.0, 0.8):
        own = COMMON | {"system.parameters.rotation": rotation, "mobility.method": "state"}
        rows.append(own | {"statistic": "score_error", "value": 0.1 + rotation, "mobility": None})
        for name in ("relative_entropy", "wasserstein", "mean", "standard_deviation"):
            rows.append(own | {"statistic": name, "value": rotation, "mobility": "identity"})
    return pd.DataFrame(rows)


def test_each_value_of_a_parameter_has_its_rows():
    scores = by_variant(score_table, metrics())
    assert [row["sigma"] for row in scores] == ["0.1, rotation = 0", "0.1, rotation = 0.8"]
    assert [row["replicates"] for row in scores] == [1, 1]
    models = by_variant(model_table, metrics())
    assert [(row["sigma"], row["relative_entropy"]) for row in models] == [
        ("0.1, rotation = 0", "0.000 ± 0.010"), ("0.1, rotation = 0.8", "0.800 ± 0.010"),
    ]  # fmt: skip


def test_one_variant_is_not_named():
    (row,) = by_variant(model_table, metrics()[lambda table: table["system.parameters.rotation"] == 0.8])
    assert row["sigma"] == "0.1"


def test_a_score_with_several_mobilities_is_told_once():
    """Each of the experiments has the score, the baselines and the model with Φ = I; the fitted models differ."""
    table = metrics()[lambda table: table["system.parameters.rotation"] == 0.8]
    fitted = table[table["mobility"] == "identity"].assign(mobility="state")
    both = pd.concat([table.assign(**{"mobility.method": "matched"}), table, fitted])
    told = told_once(both)
    assert [row["mobility"] for row in by_variant(model_table, told)] == ["Φ = I", "Φ state"]
    (score,) = by_variant(score_table, told)
    assert score["replicates"] == 1
