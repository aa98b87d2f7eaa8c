"""Simulations in shards, and a ring of which a few points are observed."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.data.blocks import effective_sizes
from kgmm.data.standardization import Standardization
from tests.workflow.test_reruns import OF_THE_PICTURES, OF_THE_SCORE
from tests.workflow.tiny import TINY

pytestmark = pytest.mark.workflow


def sharded(shards) -> dict:
    config = copy.deepcopy(TINY) | {"name": f"shards{shards}"}
    # Long enough a path that it decorrelates.
    config["experiments"][0]["simulation"].update(n_members=200, path_members=4, path_length=40.0, shards=shards)
    return config


@pytest.fixture(scope="module")
def shards(new_project):
    """A finished run whose simulation is divided over three jobs."""
    project = new_project()
    project.snakemake("--configfile", project.write_config("shards.yaml", sharded(3)), check=True)
    return project


def trajectories(project, folder, labels="*"):
    """Samples and path of the tasks in a folder of the store, by their label."""
    found = {}
    for task in sorted((project.root / "results/store" / folder / "double_well").glob(labels)):
        opened = [xr.open_dataset(task / f"{name}.nc") for name in ("samples", "path")]
        found[task.name.rsplit("-", 1)[0]] = [dataset.load() for dataset in opened]
        for dataset in opened:
            dataset.close()
    return found


def test_shards_are_put_together_in_order(shards):
    parts = trajectories(shards, "simulate_trajectory", "*-shard=*")
    assert list(parts) == [f"replicate=0-shard={k}of3" for k in (1, 2, 3)]
    (whole,) = trajectories(shards, "merge_shards").values()
    for number, (own, members) in enumerate([(200, [67, 67, 66]), (4, [2, 1, 1])]):
        pieces = [part[number]["state"].values for part in parts.values()]
        assert [len(piece) for piece in pieces] == members and sum(members) == own
        np.testing.assert_array_equal(whole[number]["state"], np.concatenate(pieces))
        for part in parts.values():
            np.testing.assert_array_equal(part[number]["time"], whole[number]["time"])


def test_shards_are_different_simulations(shards):
    parts = trajectories(shards, "simulate_trajectory", "*-shard=*")
    samples = [part[0]["state"].values[:50].ravel() for part in parts.values()]
    correlation = np.corrcoef(samples)
    # 50 members of five times; independent wells.
    assert np.abs(correlation[~np.eye(3, dtype=bool)]).max() < 4.5 * 50**-0.5


def test_the_whole_says_what_it_is(shards):
    ((samples, path),) = trajectories(shards, "merge_shards").values()
    for dataset in (samples, path):
        simulation = json.loads(dataset.attrs["simulation"])
        assert (simulation["n_members"], simulation["path_members"], simulation["shards"]) == (200, 4, 3)
        assert dataset.attrs["system"] == "double_well"
    rows = samples["state"].values.reshape(-1, 1)
    np.testing.assert_allclose(samples["effective_size"], effective_sizes(rows, Standardization.of(rows)))
    assert 0 < float(samples["effective_size"][0]) <= 1000


def test_what_follows_uses_the_whole(shards):
    costs = pd.read_csv(shards.root / "results/shards3/costs.csv")
    assert costs.groupby("stage").size().to_dict() == OF_THE_SCORE | OF_THE_PICTURES | {
        "merge_shards": 1, "describe_trajectory": 1,
        "simulate_trajectory": 3 + 1,  # the shards, and the reference for the noise floor
    }  # fmt: skip
    table = pd.read_csv(shards.root / "results/shards3/trajectories.csv")
    assert table[["n_members", "n_samples", "path_members"]].values.tolist() == [[200, 1000, 4]]
    assert "merge_shards" in (shards.root / "results/shards3/report.html").read_text()


def test_shards_are_kept_and_another_number_is_another_simulation(shards):
    def jobs(config):
        return shards.planned_jobs("--configfile", shards.write_config("changed.yaml", config))

    assert jobs(sharded(3)) == {}
    new = jobs(sharded(2) | {"name": "shards3"})
    assert new["simulate_trajectory"] == 2 and new["merge_shards"] == 1
    finer = sharded(3)
    finer["experiments"][0]["estimator"]["sigma"] = [0.2, 0.4]
    assert not {"merge_shards", "simulate_trajectory"} & set(jobs(finer))


def test_a_shard_that_diverges_is_a_failed_result_of_the_whole(new_project):
    project = new_project()
    config = sharded(2)
    config["experiments"][0]["simulation"].update(dt=0.5, sample_interval=1.0, path_interval=0.5)
    config["experiments"][0]["until"] = "trajectory"
    result = project.snakemake("--configfile", project.write_config("bad.yaml", config))
    assert result.returncode != 0
    costs = pd.read_csv(project.root / "results/shards2/costs.csv").set_index("stage")
    results = costs.drop("draw_trajectory")
    assert (results["status"] == "failed").all() and {"merge_shards", "describe_trajectory"} <= set(results.index)
    assert (
        "double_well diverged: scheme heun with dt = 0.5" in (project.root / "results/shards2/report.html").read_text()
    )


RING = {
    "name": "ring",
    "seed": 1,
    "defaults": {
        "system": {"name": "kuramoto_sivashinsky", "parameters": {"n_grid": 32}},
        "simulation": {
            "n_members": 30, "n_times": 8, "burn_in": 50.0, "sample_interval": 10.0, "path_members": 2,
            "path_length": 100.0,
        },
        "estimator": {"sigma": 0.3, "min_probability": 0.05, "max_draws": 4},
        "network": {"hidden": [8], "max_iterations": 20},
        "evaluation": {"n_points": 200},
        "until": "score",
    },
    "experiments": [
        {"name": "four", "data": {"points": 4, "shifts": 16}},
        {"name": "eight", "data": {"points": 8, "shifts": 16}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def ring(new_project):
    """A finished run of two blocks on one ring."""
    project = new_project()
    project.snakemake("--configfile", project.write_config("ring.yaml", RING), check=True)
    return project


def test_numbers_of_points_share_one_trajectory_and_its_page(ring):
    costs = pd.read_csv(ring.root / "results/ring/costs.csv")
    assert costs.groupby("stage").size().to_dict() == {
        "simulate_trajectory": 1, "describe_trajectory": 1, "estimate_cells": 2, "fit_score": 2, "evaluate_score": 2,
        "draw_trajectory": 1, "draw_figure": 2, "draw_training": 2,
    }  # fmt: skip
    (folder,) = (ring.root / "results/store/simulate_trajectory/kuramoto_sivashinsky").iterdir()
    with xr.open_dataset(folder / "samples.nc") as samples:
        assert samples["state"].shape == (30, 8, 32)
        assert samples["effective_size"].shape == (32,)
    assert [p.name for p in sorted((ring.root / "results/ring/trajectories").glob("*.png"))] == ["four.png"]
    report = (ring.root / "results/ring/report.html").read_text()
    # One trajectory, and the fits of each; without a model the figure is the reason for its absence, in words.
    assert report.count("data:image/webp;base64") == 3
    assert report.count("A score of three and more variables, and no model") == 2


def test_cells_are_of_the_points_that_are_observed(ring):
    sizes = []
    for path in sorted((ring.root / "results/store/estimate_cells/kuramoto_sivashinsky").rglob("*.nc")):
        with xr.open_dataset(path) as cells:
            # 24 training members of 8 times in 16 copies.
            assert int(cells["count"].sum()) == 24 * 8 * 16 * cells.attrs["n_draws"]
            sizes.append(cells.sizes["variable"])
            mean, scale = cells["mean"].values, cells["scale"].values
        # Shifts make all points alike: every copy of a snapshot is there, for each of the points.
        np.testing.assert_allclose(scale, scale[0], rtol=0.02)
        np.testing.assert_allclose(mean, mean[0], atol=0.02 * scale[0])
    assert sorted(sizes) == [4, 8]


def test_the_page_of_a_ring_has_its_spectrum(ring):
    with xr.open_dataset(ring.root / "results/ring/trajectories/four.nc") as page:
        assert page.attrs["ring"] == 1 and list(page["variable"].values) == ["u"]
        energy = page["energy"].values
        assert page["path"].shape == (50, 32)
        assert float(page["energy"].sum()) == pytest.approx(float(page["deviation"][0]) ** 2, rel=0.02)
    assert energy[0] < 1e-6 * energy.max()  # the mean is conserved, and zero
    # Waves longer than 2π grow and shorter ones decay: of period 34, up to the fifth.
    assert 2 <= energy.argmax() <= 5 and energy[-1] < 1e-3 * energy.max()
    table = pd.read_csv(ring.root / "results/ring/trajectories.csv")
    assert len(table) == 1 and (table["status"] == "ok").all()
