"""The estimator's own run in small: scattered cells, baselines, race, map; and the tables and figures from them."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm import ScoreModel
from kgmm.data.experiment_data import ExperimentData
from kgmm.score.cell_score import CellScore
from kgmm.score.cells import CellEstimates
from kgmm.score.potentials import Potential
from kgmm.score.prepared_cells import PreparedCells

pytestmark = pytest.mark.workflow

WELLS = {
    "system": {"name": "double_well"},
    "simulation": {"n_members": 400, "n_times": 5, "path_members": 2, "path_length": 5.0},
}
PLANE = WELLS | {"system": {"name": "asymmetric_potential"}}
CONFIG = {
    "name": "estimator",
    "seed": 1,
    "rows_per_job": 8,  # start-up of the interpreter is most of the time of so small tasks
    "defaults": {"evaluation": {"n_points": 400}, "network": {"hidden": [8], "steps": 50, "max_iterations": 30}},
    "experiments": [
        WELLS
        | {
            "name": "noise",
            "figure": "noise_amplification",
            "estimator": {
                "method": ["gmm", "kgmm_cells", "kgmm", "dsm", "auto"],
                "sigma": [0.1, 0.4],
                "min_probability": 0.05,
            },
            "replicates": 2,
            "until": "score",
        },
        # The scores are those of the block before; what it adds are the models of two methods.
        WELLS
        | {
            "name": "models",
            "estimator": {"method": ["kgmm", "auto"], "sigma": 0.4, "min_probability": 0.05},
            "langevin": {"n_members": 40, "n_times": 5, "burn_in": 1.0, "path_length": 5.0, "path_members": 2},
            "mobility": {"method": "identity"},
        },
        PLANE
        | {
            "name": "error_map",
            "figure": "error_map",
            "data": {"n_samples": [500, 1600]},
            "estimator": {
                "sigma": [0.1, 0.4],
                "min_probability": 0.05,
                "stopping": "fixed",
                "max_draws": 4,
                "shards": 3,
            },
            "evaluation": {"n_points": 400, "budget": True},
            "until": "score",
        },
        PLANE
        | {
            "name": "race",
            "until": "race",
            "estimator": {"sigma": 0.2, "stopping": "fixed", "max_draws": 2},
            "langevin": {"n_members": 100, "n_times": 4, "burn_in": 1.0},
            "race": {
                "min_probability": [0.1],
                "kgmm_iterations": [20],
                "dsm_steps": [20, 60],
                "seeds": 2,
                "n_points": 1000,
            },
        },
    ],
}


@pytest.fixture(scope="module")
def run(new_project):
    project = new_project()
    project.snakemake("--cores", "2", "--configfile", project.write_config("small.yaml", CONFIG), check=True)
    return project


def store(project, folder):
    return sorted((project.root / "results/store" / folder).rglob("*.nc"))


def test_gathered_cells_are_those_of_one_job(run):
    prepared, gathered = store(run, "prepare_cells"), store(run, "gather_cells")
    assert len(prepared) == len(gathered) == 4
    assert len(store(run, "accumulate_moments")) == 12
    plan = pd.read_csv(run.root / "results/estimator/plan.csv", dtype=str)
    rows = plan[plan["name"] == "error_map"]
    for _, row in rows.iterrows():
        data = {"held_out": 0.2, "n_samples": int(row["data.n_samples"]), "points": None, "shifts": 1}
        file = run.root / f"results/store/simulate_trajectory/{row['key.trajectory']}/samples.nc"
        found = CellScore.load(run.root / f"results/store/gather_cells/{row['key.cells']}/cells.nc")
        (prepared_cells,) = (
            cells for cells in map(PreparedCells.load, prepared) if cells.entropy == found.prepared.entropy
        )
        one = CellScore.gather(prepared_cells, [prepared_cells.accumulate(ExperimentData(file, data).training)])
        for name in CellEstimates.__dataclass_fields__:
            a, b = getattr(found.estimates, name), getattr(one.estimates, name)
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        assert (found.n_draws, found.stopped_by) == (4, "fixed")


def test_tables_have_every_method_and_every_run_of_the_race(run):
    metrics = pd.read_csv(run.root / "results/estimator/metrics.csv")
    assert (metrics["status"] == "ok").all()
    noise = metrics[(metrics["block"] == "noise") & (metrics["statistic"] == "score_error")]
    assert len(noise) == 5 * 2 * 2
    budget = metrics[(metrics["block"] == "error_map") & metrics["statistic"].str.startswith("budget_")]
    assert len(budget) == 5 * 4 and (budget["value"] >= 0).all()
    races = pd.read_csv(run.root / "results/estimator/races.csv")
    assert len(races) == 3 * 2  # three measures, two baselines
    assert set(races["baseline"]) == {"dsm", "dsm_antithetic"}
    assert (races["seconds"] > 0).all() and np.isfinite(races["error"]).all()


def test_figures_hold_what_was_measured(run):
    figures = run.root / "results/estimator/figures"
    with xr.open_dataset(figures / "noise.nc") as noise:
        assert noise["score_error"].sizes == {"method": 5, "sigma": 2, "replicate": 2}
        assert np.isfinite(noise["score_error"]).all()
    with xr.open_dataset(figures / "error_map.nc") as error_map:
        assert error_map["score_error"].sizes == {"n_samples": 2, "min_probability": 1, "sigma": 2}
        assert np.isfinite(error_map["budget_draws"]).all()
    with xr.open_dataset(figures / "race.nc") as race:
        assert race.sizes["run"] == (1 + 2 * 2) * 2
        assert set(race["method"].values) == {"kgmm", "dsm", "dsm_antithetic"}
        # Where clustering goes first, no state of the network is older than it.
        kgmm = race.isel(run=np.flatnonzero(race["method"] == "kgmm"))
        assert (kgmm["seconds"].min("checkpoint") >= kgmm["clustering"]).all()
        assert (race["seconds"].max("checkpoint") <= race["total"]).all()
    report = (run.root / "results/estimator/report.html").read_text()
    assert "times as long" in report and "Fits of the networks" in report


def test_the_automatic_choice_is_a_method_like_the_others(run):
    metrics = pd.read_csv(run.root / "results/estimator/metrics.csv")
    auto = metrics[metrics["method"] == "auto"]
    errors = auto[(auto["block"] == "noise") & (auto["sigma"] == 0.1)]
    # 1 600 samples at σ = 0.1; a Gaussian's error is above 0.5.
    assert errors.loc[errors["statistic"] == "smoothed_score_error", "value"].max() < 0.1
    assert errors.loc[errors["statistic"] == "error_estimate", "value"].between(0, 1).all()
    for method in ("kgmm", "auto"):
        model = metrics[(metrics["block"] == "models") & (metrics["method"] == method)]
        assert set(model["mobility"].dropna()) == {"identity"}
        assert model.loc[model["statistic"] == "members_reset", "value"].tolist() == [0]
        # 200 states of a model: its deviation within 20 %.
        (deviation,) = model[model["statistic"] == "standard_deviation"].to_dict("records")
        assert abs(deviation["value"] / deviation["data_value"] - 1) < 0.2
    scores = [ScoreModel.load(path) for path in store(run, "fit_score") if path.parent.name.startswith("auto")]
    # Potentials most of the time; held-out samples may choose the network.
    assert len(scores) == 4 and sum(isinstance(score.network, Potential) for score in scores) >= 2
    report = (run.root / "results/estimator/report.html").read_text()
    assert "automatic choice" in report and "own estimate of the error" in report


def test_a_race_again_is_the_same_but_for_its_times(run):
    """Wall times are not in the files that are compared byte by byte."""
    (race,) = store(run, "race_score")
    (times,) = store(run, "receipts")
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (race, times)]
    run.snakemake("--cores", "2", "--configfile", "config/small.yaml", "--forcerun", "race_score", check=True)
    after = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (race, times)]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_nothing_is_left_to_do(run):
    assert run.planned_jobs("--cores", "2", "--configfile", "config/small.yaml") == {}
