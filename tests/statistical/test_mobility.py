"""Mobilities where they are known: a rotating Ornstein–Uhlenbeck process, and a model whose clock was changed."""

import numpy as np
import pytest
import xarray as xr

from kgmm import ScientificFailure, estimate_mobility, get_system, simulate
from kgmm.data.trajectory import as_trajectory
from kgmm.langevin.mobility import Mobility, match_clock, refuse_indefinite, short_lag_exponent, slope_mobility
from kgmm.statistics.autocorrelation import BlockedAutocorrelation, compare_autocorrelations
from tests.statistical.exact_laws import linear_paths

pytestmark = pytest.mark.statistical

SYSTEM = get_system("ornstein_uhlenbeck")
INTERVAL = 0.02


def path_of(drift, covariance, *, interval=INTERVAL, n_members=400, n_times=1500, seed=1):
    values = linear_paths(drift, covariance, interval, n_members=n_members, n_times=n_times, seed=seed)
    return as_trajectory(values, ["x1", "x2"], interval)


@pytest.fixture(scope="module")
def rotating():
    return path_of(-SYSTEM.drift_matrix, SYSTEM.covariance)


def test_slope_is_the_mobility_within_its_error(rotating):
    found = estimate_mobility(rotating)
    exact = SYSTEM.mobility()
    assert found.method == "slope" and 0.8 < found.exponent < 1.1
    # Cubic through a window of a tenth of the decorrelation time: the remainder is below 1e-3 of the entries.
    assert (np.abs(found.matrix - exact) < 4 * found.stderr + 2e-3 * np.abs(exact).max()).all()
    assert found.stderr.max() < 0.03
    # Negative controls: no rotation, and the rotation turned round.
    for wrong in (np.diag(np.diag(exact)), exact.T):
        assert (np.abs(found.matrix - wrong) > 6 * found.stderr + 2e-3).any()


def test_standard_errors_of_the_slope_are_calibrated():
    exact = SYSTEM.mobility()
    z = []
    for seed in range(100, 220):
        values = path_of(-SYSTEM.drift_matrix, SYSTEM.covariance, n_members=60, n_times=300, seed=seed).values
        matrix, stderr = slope_mobility(values, INTERVAL, 8)
        z.append((matrix - exact) / stderr)
    z = np.array(z)
    # 120 replicates of 4 correlated entries, errors from 20 blocks (t with 19 degrees of freedom: 1.06).
    assert 0.8 < z.std() < 1.3
    assert np.abs(z.mean(axis=0)).max() < 4 / 120**0.5


def test_one_long_path_is_cut_into_stretches():
    path = path_of(-SYSTEM.drift_matrix, SYSTEM.covariance, n_members=1, n_times=200_000, seed=7)
    found = estimate_mobility(path)
    assert (np.abs(found.matrix - SYSTEM.mobility()) < 4 * found.stderr + 5e-3).all()


def test_a_smooth_path_has_exponent_two_and_asks_for_a_model():
    t = INTERVAL * np.arange(2000)
    rng = np.random.default_rng(0)
    waves = sum(
        np.cos(w * t + 2 * np.pi * rng.random((200, 1))) for w in rng.gamma(4.0, 0.5, size=40)
    )  # fmt: skip
    values = waves[:, :, None]
    assert short_lag_exponent(values, 6)[0] == pytest.approx(2.0, abs=0.02)
    path = as_trajectory(values, ["x"], INTERVAL)
    with pytest.raises(ValueError, match="needs model_path"):
        estimate_mobility(path)


def test_matched_clock_finds_the_factor():
    """The model is the data with its clock slowed down, so that nothing but the factor is to be found."""
    data, model = (
        path_of(-rate * SYSTEM.drift_matrix, SYSTEM.covariance, n_members=200, n_times=3000, seed=seed)
        for rate, seed in ((1.0, 1), (0.4, 2))
    )
    found = estimate_mobility(data, method="matched", model_path=model, model_mobility=np.eye(2))
    alpha = found.rescaling
    assert abs(alpha.value - 2.5) < 4 * alpha.stderr
    assert alpha.stderr < 0.15
    assert found.mismatch < 0.03
    np.testing.assert_allclose(found.matrix, alpha.value * np.eye(2))
    # Negative control: in the model's own clock the autocorrelations differ by far more.
    own = compare_autocorrelations(data, model).set_index(["statistic", "variable"])["value"]
    matched = model.assign_coords(time=model["time"] / alpha.value)
    rescaled = compare_autocorrelations(data, matched).set_index(["statistic", "variable"])["value"]
    assert own["autocorrelation_error", "x1"] > 8 * rescaled["autocorrelation_error", "x1"]
    assert own["autocorrelation_follows", "x1"] < 0.5 < 3 < rescaled["autocorrelation_follows", "x1"]


def test_autocorrelation_errors_are_those_of_exact_laws():
    """Two exponentials with rates 1 and 0.7: the root mean square of their difference is known."""
    eye = np.eye(2)
    data, model = (
        path_of(-rate * eye, eye, n_members=400, n_times=2000, seed=seed) for rate, seed in ((1, 3), (0.7, 4))
    )
    found = compare_autocorrelations(data, model).set_index(["statistic", "variable"])
    for name, horizon in (("autocorrelation_error", 1.0), ("autocorrelation_error_5", 5.0)):
        lags = np.arange(INTERVAL, horizon, INTERVAL)
        exact = np.sqrt(np.mean((np.exp(-lags) - np.exp(-0.7 * lags)) ** 2))
        row = found.loc[(name, "x1")]
        assert abs(row["value"] - exact) < 4 * row["stderr"] + 0.003
        assert row["stderr"] < 0.3 * exact
    time = found.loc[("decorrelation_time", "x2")]
    assert abs(time["value"] - 1 / 0.7) < 4 * time["stderr"]
    integrated = found.loc[("integrated_time", "x1")]
    assert abs(integrated["value"] - 2 / 0.7) < 4 * integrated["stderr"]
    assert abs(integrated["data_value"] - 2.0) < 4 * integrated["stderr"]


def test_paths_that_are_too_short_give_no_number():
    eye = np.eye(2)
    data = path_of(-eye, eye, n_members=50, n_times=2000)
    model = path_of(-eye, eye, n_members=50, n_times=60)
    found = compare_autocorrelations(data, model).set_index(["statistic", "variable"])["value"]
    assert np.isnan(found["autocorrelation_error_5", "x1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "guess"}, "method is 'guess'"),
        ({"window": 0.0}, "window is 0"),
        ({"method": "matched"}, "needs model_path"),
    ],
)
def test_unusable_arguments_are_refused(rotating, change, message):
    with pytest.raises(ValueError, match=message):
        estimate_mobility(rotating, **change)


def test_failed_results_say_why(rotating):
    with pytest.raises(ScientificFailure, match="too rarely for a slope"):
        estimate_mobility(rotating[:, ::10], method="slope")
    with pytest.raises(ScientificFailure, match="never decorrelates"):
        estimate_mobility(rotating[:, :10])
    with pytest.raises(ScientificFailure, match=r"not positive definite: its eigenvalues are -0\.2, 1"):
        refuse_indefinite(np.array([[1.0, 3.0], [-3.0, -0.2]]))


def test_a_mobility_survives_its_file(rotating, tmp_path):
    found = estimate_mobility(rotating)
    found.to_dataset().to_netcdf(tmp_path / "m.nc")
    with xr.open_dataset(tmp_path / "m.nc") as dataset:
        read = Mobility.from_dataset(dataset)
    np.testing.assert_array_equal(read.matrix, found.matrix)
    assert (read.method, read.exponent, read.window) == (found.method, found.exponent, found.window)
    assert np.isnan(read.rescaling.value)


def test_no_rescaling_fits_a_constant():
    lags = np.arange(100) * 0.1
    decaying = BlockedAutocorrelation(0.1, np.exp(-lags)[:, None], np.exp(-lags)[None, :, None], 100)
    flat = BlockedAutocorrelation(0.1, np.ones((100, 1)), np.ones((1, 100, 1)), 100)
    with pytest.raises(ScientificFailure, match="no rescaling"):
        match_clock(decaying, flat)


def test_simulated_rotation_of_the_potential():
    system = get_system("asymmetric_potential", rotation=0.8)
    path = simulate(system, n_members=400, n_times=1000, interval=0.01, burn_in=15.0, seed=2)
    found = estimate_mobility(path)
    assert (np.abs(found.matrix - system.mobility()) < 4 * found.stderr + 0.02).all()
    assert (np.abs(found.matrix - np.eye(2)) > 10 * found.stderr).any()
