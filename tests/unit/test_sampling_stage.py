"""The stage that samples models: of one variable a fitted mobility changes the clock alone."""

import numpy as np
import pytest
import xarray as xr

from kgmm.jobs.plan import Plan
from kgmm.jobs.run import run_task

BLOCK = {
    "name": "wells",
    "system": {"name": "double_well"},
    "simulation": {"n_members": 200, "n_times": 10, "path_members": 20, "path_length": 20.0, "burn_in": 5.0},
    "estimator": {"sigma": 0.2, "min_probability": 0.02},
    "network": {"hidden": [16], "max_iterations": 50},
    "langevin": {"n_members": 100, "n_times": 5, "path_members": 5, "path_length": 5.0, "burn_in": 2.0},
    "evaluation": {"n_points": 100},
}


@pytest.mark.parametrize("identity", ["standardised", "physical"])
def test_of_one_variable_a_fitted_mobility_is_another_clock(identity, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = Plan({"name": "test", "experiments": [BLOCK | {"mobility": {"method": "slope", "identity": identity}}]})
    for task in sorted(plan.all_tasks(), key=lambda task: task.depth):
        if task.stage not in ("describe_trajectory", "evaluate_score", "compare_model"):
            run_task(task)
    tasks = plan.rows[0].tasks
    with xr.open_dataset(tasks["mobility"].outputs["mobility"]) as mobility:
        found = float(mobility["mobility"].values.item())
    with xr.open_dataset(tasks["trajectory"].outputs["samples"]) as data:
        variance = float(data["state"].var())
    for name, interval in (("samples", 1.0), ("path", 0.05)):
        files = [tasks[role].outputs[name] for role in ("sample", "sample_fitted")]
        with xr.open_dataset(files[0]) as own, xr.open_dataset(files[1]) as fitted:
            np.testing.assert_array_equal(own["state"], fitted["state"])
            # Times are in units of the relaxation S²/Φ; data held out and fitted differ a little in S².
            assert float(fitted["time"][0]) == pytest.approx(interval * variance / found, rel=0.1)
            assert "slope" in fitted.attrs["clock"]
            assert "slope" not in own.attrs["clock"]
