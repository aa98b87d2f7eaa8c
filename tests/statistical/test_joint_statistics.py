"""Statistics that right marginals cannot fool, the bound of reversible models, and the models to compare with."""

import numpy as np
import pytest

from kgmm import ScientificFailure, get_system, simulate
from kgmm.data.trajectory import as_trajectory
from kgmm.langevin.kramers_moyal import KramersMoyalModel
from kgmm.langevin.linear_inverse import LinearInverseModel
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.cross_correlation import compare_cross_correlations
from kgmm.statistics.joint import compare_joint
from kgmm.statistics.reversible import reversible_bound

pytestmark = pytest.mark.statistical


def correlated(seed: int, rho: float, n_members: int = 200, n_times: int = 200):
    """Independent normal pairs with standard marginals and correlation ``rho``."""
    x, y = np.random.default_rng(seed).standard_normal((2, n_members, n_times))
    return as_trajectory(np.stack([x, rho * x + (1 - rho**2) ** 0.5 * y], axis=2), ["a", "b"], 1.0)


def test_equal_laws_are_at_the_floor_and_other_joints_above_it():
    data, reference = correlated(1, 0.6), correlated(2, 0.6)
    equal = compare_joint(data, correlated(3, 0.6), reference).set_index("statistic")
    other = compare_joint(data, correlated(4, 0.0), reference).set_index("statistic")
    for statistic in ("joint_total_variation", "sliced_wasserstein"):
        assert abs(equal.loc[statistic, "excess"]) < 4 * equal.loc[statistic, "excess_stderr"]
        assert other.loc[statistic, "excess"] > 8 * other.loc[statistic, "excess_stderr"]


def test_quantiles_and_their_errors():
    tables = [compare_joint(correlated(1, 0.5), correlated(seed, 0.5)) for seed in range(10, 20)]
    rows = [table[(table["statistic"] == "quantile_0.999") & (table["variable"] == "a")].iloc[0] for table in tables]
    values, errors = np.array([(row["value"], row["stderr"]) for row in rows]).T
    # The quantile of the normal law; the errors hold that of the common data as well, √2 of that of one sample.
    assert abs(values.mean() - 3.0902) < 4 * values.std(ddof=1) / 10**0.5
    assert 0.3 < values.std(ddof=1) / (errors.mean() / 2**0.5) < 2.0


def test_the_blur_has_its_own_column():
    table = compare_joint(correlated(1, 0.6), correlated(3, 0.6), correlated(2, 0.6), sigma=0.5).set_index("statistic")
    joint = table.loc["joint_total_variation"]
    assert joint["blurred_value"] > joint["floor"] + 5 * joint["stderr"]


def test_cross_correlations_see_the_direction_of_time():
    system = get_system("asymmetric_potential", rotation=0.8)
    other = get_system("asymmetric_potential", rotation=-0.8)
    kwargs = {"n_members": 200, "n_times": 300, "interval": 0.05}
    data, same, reverse = (simulate(s, seed=k, **kwargs) for k, s in enumerate((system, system, other)))
    found = [compare_cross_correlations(data, model, 2.0)["value"].max() for model in (same, reverse)]
    assert found[1] > 5 * found[0]


def test_a_reversible_process_meets_its_bound_and_a_rotation_does_not():
    lags = 0.02 * np.arange(500)
    rho = np.stack([0.7 * np.exp(-lags) + 0.3 * np.exp(-5 * lags), np.exp(-0.5 * lags) * np.cos(3 * lags)], axis=1)
    straight, turning = reversible_bound(BlockedAutocorrelation(0.02, rho, rho[None], 1000))
    assert straight.value < 0.005 and turning.value > 0.1


def test_the_linear_inverse_model_of_a_linear_process_is_exact():
    system = get_system("ornstein_uhlenbeck")
    path = simulate(system, n_members=400, n_times=500, interval=0.05, seed=1)
    drifts = np.array([LinearInverseModel.fit(path[k::10], lag=0.5).drift for k in range(10)])
    stderr = drifts.std(axis=0, ddof=1) / 10**0.5
    model = LinearInverseModel.fit(path, lag=0.5)
    assert (np.abs(model.drift + system.drift_matrix) < 4 * stderr).all()
    sample = model.sample(400, 500, 0.05, seed=2)
    difference = np.cov(sample.values.reshape(-1, 2).T) - model.covariance
    assert np.abs(difference).max() < 0.1 * np.abs(model.covariance).max()
    with pytest.raises(ScientificFailure, match="linearly dependent"):
        LinearInverseModel.fit(path[:, :, [0, 0]], lag=0.5)
    with pytest.raises(ScientificFailure, match="linearly dependent"):
        LinearInverseModel.fit(0.0 * path, lag=0.5)


def test_a_linear_inverse_model_does_not_depend_on_units():
    """A pressure in pascals beside a humidity in kilograms: variances differ by sixteen orders of magnitude."""
    covariance = np.array([[1.0, 0.3], [0.3, 1.0]])
    lagged = np.array([[0.8, -0.1], [0.1, 0.7]]) @ covariance
    plain = LinearInverseModel.of_correlations(np.zeros(2), covariance, lagged, 1.0)
    units = np.diag([1e3, 1e-5])
    other = LinearInverseModel.of_correlations(np.zeros(2), units @ covariance @ units, units @ lagged @ units, 1.0)
    np.testing.assert_allclose(np.linalg.inv(units) @ other.drift @ units, plain.drift, rtol=1e-6)


def test_the_kramers_moyal_model_has_the_drift_of_the_system():
    system = get_system("double_well")
    path = simulate(system, n_members=400, n_times=2000, interval=0.01, seed=3)
    model = KramersMoyalModel.fit(path, n_bins=20)
    x, edges = path.values.astype(float).ravel(), model.edges[0]
    exact = system.drift(x[None])[0]
    noise = float(system.diffusion(x[None, :1]))
    # Increments over h hold the drift to second order in h: b + h/2 (b b' + g²/2 b'').
    h, step = 0.01, 1e-3
    up, down = (system.drift(x[None] + shift)[0] for shift in (step, -step))
    exact = exact + 0.5 * h * (exact * (up - down) / (2 * step) + 0.5 * noise**2 * (up - 2 * exact + down) / step**2)
    cell = np.clip(np.searchsorted(edges, x) - 1, 0, len(edges) - 2)
    expected = np.bincount(cell, exact, len(edges) - 1) / np.bincount(cell, minlength=len(edges) - 1)
    inner = slice(1, -1)  # the outermost hold all that lies beyond
    stderr = noise / np.sqrt(h * model.count)
    assert (np.abs(model.drift[0] - expected) < 4 * stderr)[inner].all()
    np.testing.assert_allclose(model.noise_root[0, 0, inner], noise, rtol=0.1)
