"""Which samples a job sees: training and held-out members, points of a ring, states to start from."""

import numpy as np
import pytest

from kgmm.data.experiment_data import ExperimentData
from kgmm.data.trajectory import write_trajectory

pytestmark = pytest.mark.usefixtures("nothing_known")


def written(name, n_members, n_times, n_features=4):
    member, time, variable = np.ogrid[:n_members, :n_times, :n_features]
    values = 1000.0 * member + 10.0 * time + variable
    write_trajectory(
        name, [values], n_members=n_members, n_times=n_times, variables=[f"u{k}" for k in range(n_features)],
        interval=1.0, attributes={},
    )  # fmt: skip
    return name


DATA = {"held_out": 0.2, "n_samples": None, "points": None, "shifts": 1}


def test_fit_and_comparison_see_different_members():
    path = written("t.nc", 20, 5)
    training, held_out = ExperimentData(path, DATA).training[:], ExperimentData(path, DATA).held_out()[:]
    assert training.shape == (80, 4) and held_out.shape == (20, 4)
    assert set(training[:, 0] // 1000) == set(range(16)) and set(held_out[:, 0] // 1000) == {16, 17, 18, 19}
    assert len(ExperimentData(path, DATA).held_out(7)) == 7
    assert len(ExperimentData(path, DATA).held_out(999)) == 20
    assert len(ExperimentData(path, DATA | {"n_samples": 33}).training) == 33


def test_jobs_see_the_observed_points_and_their_shifts():
    path = written("t.nc", 20, 5)
    data = DATA | {"points": 2, "shifts": 2}
    training = ExperimentData(path, data).training[:]
    assert training.shape == (160, 2)
    np.testing.assert_array_equal(training[0] % 10, [0, 2])
    np.testing.assert_array_equal(training[5] % 10, [2, 0])
    assert ExperimentData(path, data).variables == ["u0", "u2"]
    assert ExperimentData(path, DATA).variables == ["u0", "u1", "u2", "u3"]
    assert len(ExperimentData(path, data).held_out()) == 40


@pytest.mark.parametrize("n_members", [1, 30, 80, 300])
def test_members_of_a_model_start_at_training_states(n_members):
    path = written("t.nc", 20, 5)
    starts = ExperimentData(path, DATA).initial_states(n_members)
    assert starts.shape == (n_members, 4)
    training = {tuple(row) for row in ExperimentData(path, DATA).training[:]}
    assert {tuple(row) for row in starts} <= training
    assert len({tuple(row) for row in starts}) == min(n_members, 80)  # none twice before all are used
