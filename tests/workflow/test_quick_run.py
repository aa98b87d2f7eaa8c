"""The quick configuration end to end: the numbers in its results, not only that files exist."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import xarray as xr

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def metrics(quick_run):
    return pd.read_csv(quick_run.root / "results/quick/metrics.csv")


def value(metrics, block, method, statistic, **settings):
    if statistic == "relative_entropy":
        settings = {"mobility": "identity"} | settings
    rows = metrics[(metrics["block"] == block) & (metrics["method"] == method) & (metrics["statistic"] == statistic)]
    for name, wanted in settings.items():
        rows = rows[rows[name] == wanted]
    assert len(rows) == 1
    return rows["value"].iloc[0]


def test_every_result_is_usable(metrics):
    assert set(metrics["status"]) == {"ok"}


def test_kgmm_beats_its_baselines_at_small_noise(metrics):
    errors = {
        method: value(metrics, "double_well", method, "score_error", sigma=0.05)
        for method in ("kgmm", "kgmm_cells", "gmm", "gmm_network")
    }
    # 2 000 samples. Over 55 seeds: network 0.005 to 0.24, half of them below 0.04; over eight, cells 0.2 to 0.45 and
    # direct GMM score 0.4 to 1.7, always more than 2.1 and 2.8 times that of the network.
    assert errors["kgmm"] < 0.3
    assert errors["gmm"] > 2 * errors["kgmm"]
    assert errors["kgmm_cells"] > 1.5 * errors["kgmm"]


def test_large_noise_is_limited_by_smoothing(metrics):
    error = value(metrics, "double_well", "kgmm", "score_error", sigma=0.5)
    bias = value(metrics, "double_well", "kgmm", "smoothing_bias", sigma=0.5)
    own = value(metrics, "double_well", "kgmm", "smoothed_score_error", sigma=0.5)
    assert 0.4 < bias < 0.65
    assert abs(error - bias) < 0.1
    assert own < 0.05


def test_the_planar_score_and_density(metrics):
    assert value(metrics, "asymmetric_potential", "kgmm", "score_error") < 0.02
    for variable in ("x1", "x2"):
        entropy = value(metrics, "asymmetric_potential", "kgmm", "relative_entropy", variable=variable)
        assert entropy < 0.01


def test_the_fitted_mobility_keeps_density_and_clock(metrics):
    block = metrics[(metrics["block"] == "asymmetric_potential") & (metrics["mobility"] == "slope")]
    entries = block[block["statistic"] == "mobility"]
    assert list(entries["variable"]) == ["1,1", "1,2", "2,1", "2,2"]
    # The cubic through a tenth of the decorrelation time leaves less than 0.02 (benchmarks/mobility.py).
    assert (abs(entries["value"] - entries["data_value"]) < 4.5 * entries["stderr"] + 0.02).all()
    assert entries["stderr"].max() < 0.1
    for variable in ("x1", "x2"):
        entropy = value(
            metrics, "asymmetric_potential", "kgmm", "relative_entropy", variable=variable, mobility="slope"
        )
        assert entropy < 0.01
    assert (block[block["statistic"] == "members_reset"]["value"] == 0).all()


def test_differences_of_autocorrelations_have_floors(metrics):
    rows = metrics[metrics["statistic"].isin(["autocorrelation_error", "autocorrelation_error_5"])]
    assert (rows["floor"] > 0).all() and rows["floor"].max() < 0.5
    times = metrics[metrics["statistic"] == "decorrelation_time"]
    assert (times["floor"] < 0.5 * times["data_value"]).all()


def test_smoothing_too_much_shows_in_the_density(metrics):
    """Negative control: σ = 0.5 blurs the wells, and the relative entropy must say so."""
    assert value(metrics, "double_well", "kgmm", "relative_entropy", sigma=0.5) > 0.05


def test_data_files_carry_their_parameters(quick_run):
    (path,) = (quick_run.root / "results/store/simulate_trajectory/asymmetric_potential").glob(
        "replicate=0-*/samples.nc"
    )
    with xr.open_dataset(path) as dataset:
        assert dataset["state"].dims == ("member", "time", "variable")
        assert dataset["state"].shape == (2500, 40, 2)
        assert json.loads(dataset.attrs["parameters"])["a2"] == 1.2
        assert json.loads(dataset.attrs["simulation"])["scheme"] == "heun"


def test_the_plan_names_every_file(quick_run):
    plan = pd.read_csv(quick_run.root / "results/quick/plan.csv")
    assert len(plan) == 10
    for key in plan["key.evaluation"]:
        assert (quick_run.root / f"results/store/evaluate_score/{key}/evaluation.nc").exists()


def test_figures_have_their_data_beside_them(quick_run):
    for block in ("double_well", "asymmetric_potential"):
        for suffix in ("png", "pdf", "nc"):
            assert (quick_run.root / f"results/quick/figures/{block}.{suffix}").stat().st_size > 1000


def test_costs_are_recorded(quick_run):
    costs = pd.read_csv(quick_run.root / "results/quick/costs.csv")
    assert (costs["wall_s"] > 0).all()
    assert (costs["peak_memory_mb"] < 4000).all()


def test_a_langevin_sample_is_data_like_any_other(quick_run):
    plan = pd.read_csv(quick_run.root / "results/quick/plan.csv").set_index("name")
    # Of its methods one drives a model.
    (key,) = plan.loc[["asymmetric_potential"], "key.sample_fitted"].dropna()
    path = quick_run.root / f"results/store/sample_langevin/{key}/path.nc"
    relative = str(path.relative_to(quick_run.root))
    system = {"kind": "dataset", "name": "model", "path": relative, "variables": ["state"]}
    block = {"name": "again", "system": system, "until": "trajectory"}
    config = {"name": "again", "experiments": [block], "studies": ["quick", "never_run"]}
    quick_run.snakemake("--configfile", quick_run.write_config("again.yaml", config), check=True)
    table = pd.read_csv(quick_run.root / "results/again/trajectories.csv")
    assert list(table["variable"]) == ["x1", "x2"]
    with xr.open_dataset(path) as sample:
        deviations = sample["state"].std(("member", "time")).values
    assert abs(table["deviation"] / deviations - 1).max() < 1e-3
    # Figures of another run stand in the report, if it has been done.
    report = (quick_run.root / "results/again/report.html").read_text()
    assert "../quick/figures/double_well.pdf" in report and "../quick/report.html" in report
    assert "never_run/report.html" not in report
