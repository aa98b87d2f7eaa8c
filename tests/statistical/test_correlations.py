"""Correlation functions and integrated times against processes for which they are known."""

import numpy as np
import pytest
from scipy.linalg import expm

from kgmm.statistics.correlation import autocorrelation, correlation, decorrelation_time, integrated_time
from tests.statistical.exact_laws import autoregressive, linear_paths, mean_is

pytestmark = pytest.mark.statistical

# A rotation on top of a decay: the antisymmetric part of the correlation is as large as the symmetric one.
DRIFT = np.array([[-0.5, -1.2], [1.2, -0.5]])
COVARIANCE = np.array([[1.0, 0.0], [0.0, 1.0]])
INTERVAL = 0.2
LAGS = [0, 1, 4, 10, 25]


@pytest.fixture(scope="module")
def rotating():
    return linear_paths(DRIFT, COVARIANCE, INTERVAL, n_members=1000, n_times=300, seed=1)


def exact(lags):
    return np.array([expm(DRIFT * INTERVAL * k) @ COVARIANCE for k in lags])


def by_member(values, n_lags):
    """The correlation of each member with the known mean, zero: independent rows whose scatter is the error."""
    n_times = values.shape[1]
    return np.stack(
        [np.einsum("mti,mtj->mij", values[:, k:], values[:, : n_times - k]) / (n_times - k) for k in n_lags], axis=1
    )


def test_correlation_of_a_rotating_process(rotating):
    found = correlation(rotating, 26)[LAGS]
    rows = by_member(rotating, LAGS)
    stderr = rows.std(axis=0, ddof=1) / len(rows) ** 0.5
    # 20 entries: 4.5 standard errors leave a chance of 1e-4. Taking off the measured mean costs Var(mean) = 1e-5.
    assert (np.abs(found - exact(LAGS)) < 4.5 * stderr + 1e-4).all()
    assert stderr.max() < 0.01
    # Negative control: the same process turning the other way.
    assert not (np.abs(found - exact(LAGS).transpose(0, 2, 1)) < 4.5 * stderr + 1e-4).all()


def test_antisymmetric_part_is_the_rotation(rotating):
    rows = by_member(rotating, LAGS)
    antisymmetric = rows[:, :, 1, 0] - rows[:, :, 0, 1]
    time = INTERVAL * np.array(LAGS)
    expected = 2 * np.exp(-0.5 * time) * np.sin(1.2 * time)
    assert mean_is(antisymmetric, expected)  # the rows themselves
    found = correlation(rotating, 26)[LAGS]
    stderr = antisymmetric.std(axis=0, ddof=1) / len(rows) ** 0.5
    assert (np.abs(found[:, 1, 0] - found[:, 0, 1] - expected)[1:] < 4.5 * stderr[1:] + 1e-4).all()
    assert (np.abs(expected[1:4]) > 30 * stderr[1:4]).all()  # so that a vanishing one would be seen


def test_reversible_process_has_no_antisymmetric_part():
    """Negative control for the rotation: a symmetric drift, correlated variables."""
    drift = np.array([[-0.5, 0.2], [0.2, -1.0]])
    covariance = np.linalg.inv(-drift)  # dX = A X dt + √2 dW
    values = linear_paths(drift, covariance, INTERVAL, n_members=1000, n_times=200, seed=2)
    rows = by_member(values, LAGS)
    stderr = (rows[:, :, 1, 0] - rows[:, :, 0, 1])[:, 1:].std(axis=0, ddof=1) / 1000**0.5
    found = correlation(values, 26)[LAGS]
    assert (np.abs(found[:, 1, 0] - found[:, 0, 1])[1:] < 4.5 * stderr).all()
    assert (found[:4, 1, 0] > 0.1).all()


def test_white_noise_is_correlated_with_nothing():
    values = np.random.default_rng(3).standard_normal((4, 50_000, 2))
    found = correlation(values, 200)
    error = 1 / values[..., 0].size ** 0.5
    assert np.abs(found[1:]).max() < 5 * error  # the largest of 800
    assert np.abs(found[1:]).std() == pytest.approx(error * (1 - 2 / np.pi) ** 0.5, rel=0.15)
    assert abs(found[0, 0, 1]) < 4.5 * error
    assert found[0, 0, 0] == pytest.approx(1, abs=4.5 * 2**0.5 * error)


def test_decorrelation_time_of_a_linear_process():
    values = linear_paths([[-1 / 3.0]], np.eye(1), 0.1, n_members=400, n_times=1000, seed=4)
    times = [decorrelation_time(autocorrelation(part, 200)[:, 0], 0.1) for part in np.split(values, 20)]
    # Each from 20 members of 33 times: their mean takes 0.3 % off the variance, and that 0.5 % off the time.
    assert mean_is(np.array(times)[:, None], 0.995 * 3.0)
    assert not mean_is(np.array(times)[:, None], 3.3)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_integrated_time_of_an_autoregression(keep):
    values = autoregressive(keep, 4, 100_000, seed=5)
    found = integrated_time(autocorrelation(values[:, :, None], 2000)[:, 0], 2.0, values.size)
    exact_time = 2.0 * (1 + keep) / (1 - keep)
    assert abs(found.value - exact_time) < 4.5 * found.stderr
    assert found.stderr < 0.06 * exact_time
    assert abs(found.value - 2.0 * (1 + keep + 0.05) / (1 - keep - 0.05)) > 4.5 * found.stderr
    if keep:
        assert abs(found.value - 2.0) > 4.5 * found.stderr  # that of independent values


@pytest.mark.parametrize(("decay", "frequency"), [(0.1, 0.5), (0.3, 1.0), (0.05, 0.1)])
def test_integrated_time_of_an_oscillating_series(decay, frequency):
    """``ρ(k) = Re z^k`` sums to ``Re (1 + z)/(1 − z)``; the sums are small long before the series has decayed."""
    drift = np.array([[-decay, -frequency], [frequency, -decay]])
    values = linear_paths(drift, np.eye(2), 0.2, n_members=40, n_times=10_000, seed=8)
    z = np.exp(0.2 * (-decay + 1j * frequency))
    exact_time = 0.2 * ((1 + z) / (1 - z)).real
    for k in range(2):
        rho = autocorrelation(values[:, :, k : k + 1], 5000)[:, 0]
        found = integrated_time(rho, 0.2, values.shape[0] * values.shape[1])
        # The formula of the error is that of a decaying series: the scatter of an oscillating one is up to twice it.
        assert abs(found.value - exact_time) < 9 * found.stderr
        assert found.stderr < 0.1 * exact_time  # below half at nine of them: a window that ends too early is far off


def test_error_of_an_integrated_time_is_its_scatter():
    rows = []
    for seed in range(200):
        values = autoregressive(0.8, 2, 10_000, seed=100 + seed)
        found = integrated_time(autocorrelation(values[:, :, None], 500)[:, 0], 1.0, values.size)
        rows.append((found.value, found.stderr))
    values, errors = np.array(rows).T
    # A scatter from 200 replicates is known to 5 %, the formula neglects what lies beyond the window.
    assert values.std(ddof=1) / errors.mean() == pytest.approx(1, abs=0.25)
    assert values.mean() == pytest.approx(9.0, abs=4.5 * values.std() / 200**0.5 + 0.02 * 9)


def test_short_series_are_refused_and_longer_ones_are_not():
    def measured(n_times):
        values = autoregressive(0.9, 1, n_times, seed=6)
        return integrated_time(autocorrelation(values[:, :, None], n_times // 2)[:, 0], 1.0, n_times)

    with pytest.raises(ValueError, match=r"autocorrelation times long: 50 are needed|integrated time needs more"):
        measured(500)  # 26 of them
    assert measured(20_000).value == pytest.approx(19, rel=0.4)


def test_sum_over_members_is_worth_more_than_one_of_them():
    """The length that counts is that of all series together."""
    values = autoregressive(0.9, 40, 500, seed=7)
    rho = autocorrelation(values[:, :, None], 250)[:, 0]
    found = integrated_time(rho, 1.0, values.size)
    assert abs(found.value - 19) < 4.5 * found.stderr + 0.02 * 19
    with pytest.raises(ValueError, match="50 are needed"):
        integrated_time(rho, 1.0, 500)
