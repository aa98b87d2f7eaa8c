"""Correlation functions on small arrays: equal to direct sums; times read off exact functions."""

import numpy as np
import pytest

from kgmm.errors import ScientificFailure
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.correlation import autocorrelation, correlation, decorrelation_time, integrated_time


def direct(values, n_lags):
    """``E[x_i(t + k) x_j(t)]`` by sums over members and times."""
    centred = values - values.mean(axis=(0, 1))
    n_times = values.shape[1]
    return np.array(
        [np.einsum("mti,mtj->ij", centred[:, k:], centred[:, : n_times - k]) for k in range(n_lags)]
    ) / (len(values) * (n_times - np.arange(n_lags)))[:, None, None]  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 1), (3, 17, 2), (1, 64, 3), (5, 101, 1)], ids=str)
def test_every_lag_is_the_mean_of_its_products(shape):
    values = np.random.default_rng(0).standard_normal(shape)
    for n_lags in {1, (shape[1] + 1) // 2, shape[1]}:
        found = correlation(values, n_lags)
        assert found.shape == (n_lags, shape[2], shape[2])
        np.testing.assert_allclose(found, direct(values, n_lags), atol=1e-13)


def test_the_first_index_is_the_later_one():
    """y follows x one step later: E[y(t + 1) x(t)] is the variance, E[x(t + 1) y(t)] is nothing."""
    x = np.random.default_rng(1).standard_normal(1001)
    found = correlation(np.stack([x[1:], x[:-1]], axis=1)[None], 2)[1]
    assert found[1, 0] == pytest.approx(x.var(), rel=0.01)
    assert abs(found[0, 1]) < 0.15


def test_lag_zero_is_the_covariance_and_is_symmetric():
    values = np.random.default_rng(2).standard_normal((4, 50, 3)) @ np.triu(np.ones((3, 3)))
    at_zero = correlation(values, 1)[0]
    np.testing.assert_allclose(at_zero, np.cov(values.reshape(-1, 3).T, ddof=0), rtol=1e-12)
    np.testing.assert_allclose(at_zero, at_zero.T, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_large_offset_is_taken_off_before_anything_is_squared(dtype):
    values = (1e6 + np.random.default_rng(3).standard_normal((3, 200, 2))).astype(dtype)
    exact = values.astype(float) - 1e6  # exact, the offset being so much larger
    np.testing.assert_allclose(correlation(values, 20), direct(exact, 20), atol=1e-8)


def test_members_do_not_touch():
    """The last state of a member and the first of the next are no pair."""
    values = np.zeros((2, 10, 1))
    values[0, -1] = values[1, 0] = 1.0
    found = correlation(values, 10)[:, 0, 0]
    np.testing.assert_allclose(found, direct(values, 10)[:, 0, 0], atol=1e-15)
    assert (found[1:] < 0).all()  # only the mean is left, no product of the two


def test_the_data_are_not_touched():
    values = np.random.default_rng(4).standard_normal((2, 30, 2)).astype(np.float32)
    before = values.copy()
    autocorrelation(values, 10)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("n_lags", [0, -1, 31])
def test_lags_that_no_pair_has_are_refused(n_lags):
    for function in (correlation, autocorrelation):
        with pytest.raises(ValueError, match=f"n_lags is {n_lags}: it must lie between 1 and the number of times, 30"):
            function(np.random.default_rng(5).standard_normal((2, 30, 1)), n_lags)


def test_autocorrelation_is_the_diagonal_in_units_of_the_variance():
    values = np.random.default_rng(6).standard_normal((2, 40, 3)) * [1.0, 1e-5, 1e5]
    found, whole = autocorrelation(values, 12), correlation(values, 12)
    assert found.shape == (12, 3)
    np.testing.assert_array_equal(found[0], 1.0)
    for k in range(3):
        np.testing.assert_allclose(found[:, k], whole[:, k, k] / whole[0, k, k], rtol=1e-9, atol=1e-12)


def test_a_wave_is_correlated_as_a_wave():
    """Whole periods in many members of all phases: ρ(k) = cos(ωk), up to the rounding of the sums."""
    phases = 2 * np.pi * np.arange(16) / 16
    values = np.cos(2 * np.pi * np.arange(80) / 20 + phases[:, None])[:, :, None]
    np.testing.assert_allclose(autocorrelation(values, 60)[:, 0], np.cos(2 * np.pi * np.arange(60) / 20), atol=1e-12)


@pytest.mark.parametrize("interval", [1.0, 0.05, 30.0])
@pytest.mark.parametrize("steps", [1, 2, 10, 37])
def test_decorrelation_time_of_an_exponential_whose_time_is_a_lag(steps, interval):
    rho = np.exp(-np.arange(100) / steps)
    assert decorrelation_time(rho, interval) == pytest.approx(steps * interval, rel=1e-12)


@pytest.mark.parametrize("tau", [0.7, 1.5, 9.3, 40.2])
def test_decorrelation_time_between_lags_errs_by_the_curvature_alone(tau):
    found = decorrelation_time(np.exp(-np.arange(200) / tau), 1.0)
    k = np.floor(tau)
    chord = np.interp(-np.exp(-1), -np.exp(-np.array([k, k + 1]) / tau), [k, k + 1])
    assert found == pytest.approx(chord, rel=1e-12)
    assert 0 <= found - tau <= 1 / (8 * tau) * np.exp(1 / tau)


def test_decorrelation_time_is_the_first_crossing():
    assert decorrelation_time(np.array([1.0, 0.5, 0.0, -0.5, 0.9]), 2.0) == pytest.approx(
        2 * (1 + (0.5 - np.exp(-1)) / 0.5)
    )


def test_decorrelation_time_is_not_invented():
    assert np.isnan(decorrelation_time(np.exp(-np.arange(10) / 10.5), 1.0))
    assert np.isnan(decorrelation_time(np.full(5, np.nan), 1.0))  # of a constant


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("interval", [1.0, 0.05])
def test_integrated_time_of_an_exact_geometric_function(keep, interval):
    exact = (1 + keep) / (1 - keep)
    found = integrated_time(keep ** np.arange(5000.0), interval, 10**6)
    # The window ends at five times the integrated time, ten decay times: e^-10 of it is left.
    assert found.value == pytest.approx(exact * interval, rel=1e-4)
    assert found.n_times == pytest.approx(1e6 / exact, rel=1e-4)
    # sqrt(2 (2 W + 1)/N) of itself with W = 5 of them.
    assert found.stderr / found.value == pytest.approx((2 * (10 * exact + 1) / 1e6) ** 0.5, rel=0.15)


def test_integrated_time_is_refused_where_the_window_does_not_fit():
    rho = 0.99 ** np.arange(5000.0)  # 199, so that the window ends at lag 995
    assert integrated_time(rho[:1000], 1.0, 10**6).value == pytest.approx(199, rel=1e-4)
    with pytest.raises(ValueError, match="the autocorrelation has 900 lags: its integrated time needs more"):
        integrated_time(rho[:900], 1.0, 10**6)


@pytest.mark.parametrize(("n_values", "enough"), [(949, False), (951, True)])
def test_integrated_time_needs_fifty_of_them(n_values, enough):
    rho = 0.9 ** np.arange(500.0)  # 19
    if enough:
        assert integrated_time(rho, 1.0, n_values).n_times == pytest.approx(n_values / 19, rel=1e-4)
    else:
        with pytest.raises(ValueError, match="autocorrelation times long: 50 are needed"):
            integrated_time(rho, 1.0, n_values)


@pytest.mark.parametrize("keep", [-0.2, -0.5, -0.8])
def test_integrated_time_of_an_alternating_series_is_right_or_refused(keep):
    """Anticorrelated values are worth more than independent ones, by (1 − a)/(1 + a), and not infinitely many."""
    try:
        found = integrated_time(keep ** np.arange(500.0), 1.0, 10**6).value
    except ValueError:
        return
    assert found == pytest.approx((1 + keep) / (1 - keep), rel=0.05)


@pytest.mark.parametrize(("n_members", "n_times"), [(2, 19), (19, 3), (20, 1)])
def test_a_path_too_short_for_its_errors_is_refused(n_members, n_times):
    values = np.random.default_rng(0).standard_normal((n_members, n_times, 1))
    with pytest.raises(ScientificFailure, match=f"{n_members} members and {n_times} times is too short"):
        BlockedAutocorrelation.of(values, 1.0)


def test_the_shortest_path_is_enough():
    values = np.random.default_rng(0).standard_normal((2, 20, 1))
    assert BlockedAutocorrelation.of(values, 1.0).own.shape == (20, 2, 1)
