"""Relative entropy, effective sizes and block errors against laws for which they are known."""

import numpy as np
import pytest

from kgmm.data.blocks import jackknife_variance
from kgmm.data.trajectory import as_trajectory
from kgmm.statistics.comparison import (
    block_deviation,
    block_mean,
    compare,
    published_relative_entropy,
    relative_error,
)
from kgmm.statistics.denoising import denoising_loss
from kgmm.statistics.densities import rule_of_thumb
from kgmm.statistics.histograms import _plug_in, blocked_histogram, entropy_interval, histogram_edges, relative_entropy
from tests.statistical.exact_laws import chained_samples

pytestmark = pytest.mark.statistical

SHAPE = (400, 250)


def normal(seed: int, mean=0.0, deviation=1.0, shape=SHAPE) -> np.ndarray:
    return mean + deviation * np.random.default_rng(seed).standard_normal(shape)


def entropy(x: np.ndarray, y: np.ndarray):
    edges = histogram_edges(x)
    return relative_entropy(blocked_histogram(x, edges), blocked_histogram(y, edges))


def analytic(mean: float, deviation: float) -> float:
    """``D_KL(N(0, 1) ‖ N(mean, deviation²))``."""
    return np.log(deviation) + (1 + mean**2) / (2 * deviation**2) - 0.5


@pytest.mark.parametrize(("mean", "deviation"), [(0.2, 1.0), (0.0, 1.2), (0.1, 0.9)])
def test_relative_entropy_of_two_gaussians(mean, deviation):
    found = entropy(normal(1), normal(2, mean, deviation))
    # Beyond four standard errors, the histogram loses below 1 % of the divergence: it has 100 bins.
    tolerance = 4 * found.stderr + 0.01 * analytic(mean, deviation)
    assert abs(found.value - analytic(mean, deviation)) < tolerance
    assert found.stderr < 0.1 * found.value + 5e-4
    assert abs(found.value - analytic(mean + 0.1, deviation + 0.05)) > tolerance


def test_relative_entropy_of_equal_laws_is_zero_only_with_the_bias_removed():
    pairs = [(normal(k), normal(100 + k)) for k in range(20)]
    found = np.array([entropy(x, y).value for x, y in pairs])
    stderr = found.std(ddof=1) / len(found) ** 0.5
    # The effective size that corrects is itself measured to 4 %: allow that share of the bias, 1e-3.
    bias = 0.5 * 101 * (1 / 1e5 + 1 / 1e5)
    assert abs(found.mean()) < 4 * stderr + 0.04 * bias
    assert bias > 3 * (4 * stderr + 0.04 * bias)  # without the correction this check would fail

    def plug_in(x, y):
        edges = histogram_edges(x)
        return _plug_in(*(blocked_histogram(v, edges).counts.sum(axis=0) for v in (x, y)))

    uncorrected = np.mean([plug_in(x, y) for x, y in pairs])
    assert uncorrected == pytest.approx(bias, rel=0.1)


def test_bias_is_removed_for_correlated_data_too():
    rng = np.random.default_rng(5)
    found = np.array([entropy(normal(k), chained_samples(200, 250, 0.8, rng)).value for k in range(40)])
    bias = 0.5 * 101 * 9 / 5e4
    assert abs(found.mean()) < 4 * found.std(ddof=1) / 40**0.5 + 0.04 * bias


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_effective_size(keep):
    values = chained_samples(*SHAPE, keep, np.random.default_rng(6))
    expected = values.size * (1 - keep) / (1 + keep)
    found = blocked_histogram(values, histogram_edges(values)).effective_size
    # Variances of about 100 bins over 20 blocks: sqrt(2/19/100) = 3 %, four of these; it never exceeds the data. The
    # chains start afresh in every member, which adds 4 % to the effective size at keep = 0.9.
    assert 0.87 * expected < found < min(1.17 * expected, values.size + 1)
    if keep:
        assert not 0.87 * values.size < found  # taking the values as independent fails


def test_effective_size_of_one_long_member():
    values = chained_samples(1, 100_000, 0.8, np.random.default_rng(7))
    assert blocked_histogram(values, histogram_edges(values)).effective_size == pytest.approx(1e5 / 9, rel=0.15)


def calibration(estimator, keep: float, exact: float, naive: bool) -> float:
    """Mean square error over 1000 replicates divided by the mean square of the standard error."""
    rng = np.random.default_rng(8)
    errors, variances = [], []
    for _ in range(1000):
        values = chained_samples(40, 100, keep, rng)
        found = estimator(values)
        errors.append((found.value - exact) ** 2)
        variances.append(values.var() / values.size if naive else found.stderr**2)
    return float(np.mean(errors) / np.mean(variances))


@pytest.mark.parametrize(("estimator", "exact"), [(block_mean, 0.0), (block_deviation, 1.0)])
@pytest.mark.parametrize("keep", [0.0, 0.8])
def test_block_errors_are_calibrated(estimator, exact, keep):
    # A variance from 1000 replicates is known to 4.5 %.
    assert calibration(estimator, keep, exact, naive=False) == pytest.approx(1, abs=0.2)


def test_errors_that_take_correlated_values_as_independent_are_not():
    assert calibration(block_mean, 0.8, 0.0, naive=True) > 5


def test_jackknife_of_a_mean_is_the_variance_of_a_mean():
    values = normal(9, shape=(20,))
    leave_one_out = [(values.sum() - v) / 19 for v in values]
    assert jackknife_variance(leave_one_out) == pytest.approx(values.var(ddof=1) / 20)


def test_relative_error_and_its_scatter():
    rng = np.random.default_rng(10)
    found = []
    for _ in range(400):
        exact = rng.standard_normal((500, 2))
        found.append(relative_error(exact + 0.3 * rng.standard_normal((500, 2)), exact))
    values, errors = np.array(found).T
    # E‖error‖²/E‖exact‖² = 0.09; a ratio of means from 500 points has a bias of 1/500 of it.
    assert values.mean() == pytest.approx(0.09, abs=4 * values.std() / 20 + 0.09 / 500)
    assert (values.std() / errors.mean()) == pytest.approx(1, abs=0.15)


def test_denoising_loss_of_the_optimum_and_of_zero():
    rng = np.random.default_rng(11)
    mu, z = rng.standard_normal((2, 200_000, 3))
    x = mu + 0.5 * z
    best = denoising_loss(0.5 * x / 1.25, z)
    assert best.value == pytest.approx(-3 * 0.25 / 1.25, abs=4 * best.stderr)
    assert denoising_loss(0.0 * z, z) == (0.0, 0.0)
    assert denoising_loss(0.6 * x / 1.25, z).value > best.value


def test_compare_finds_an_equal_law_at_its_floor_and_a_shifted_one_above():
    def trajectory(seed, shift=0.0):
        x = np.stack([normal(seed, shape=(200, 100)), 3 * normal(seed + 1, shift, shape=(200, 100))], axis=2)
        return as_trajectory(x, ["a", "b"], 1.0)

    table = compare(trajectory(20), trajectory(30, shift=0.3), trajectory(40)).set_index(["statistic", "variable"])
    equal, shifted = table.loc[("relative_entropy", "a")], table.loc[("relative_entropy", "b")]
    assert abs(equal.value - equal.floor) < 4 * np.hypot(equal.stderr, equal.floor_stderr)
    assert shifted.value == pytest.approx(0.045, abs=4 * shifted.stderr)
    assert shifted.value - shifted.floor > 8 * np.hypot(shifted.stderr, shifted.floor_stderr)
    # A shift by 0.3 deviations of 3 moves all mass by 0.9.
    assert table.loc[("wasserstein", "b")].value == pytest.approx(0.9, abs=0.15)
    assert table.loc[("wasserstein", "a")].value < 0.05
    mean = table.loc[("mean", "b")]
    assert mean.value - mean.data_value == pytest.approx(0.9, abs=4 * mean.stderr)


def test_published_form_is_that_of_the_smoothed_laws():
    x, y = normal(1), normal(2, 0.3, 1.2)
    bandwidth = rule_of_thumb(x, x.size)
    assert bandwidth == pytest.approx(0.9 * x.size**-0.2, rel=0.02)

    def exact(h):
        wide = np.sqrt((1.2**2 + h**2) / (1 + h**2))
        return analytic(0.3 / np.sqrt(1 + h**2), wide)

    for h in (bandwidth, 0.5):
        # 10⁵ samples of either: a standard error of √(2 D/n) and a bias of the order of the number of kernels over n.
        assert published_relative_entropy(x, y, h) == pytest.approx(
            exact(h), abs=4 * np.sqrt(2 * exact(h) / 1e5) + 5e-4
        )
    assert abs(exact(bandwidth) - exact(0.5)) > 0.005  # the bandwidth is seen
    single = published_relative_entropy(x.astype(np.float32), y.astype(np.float32), bandwidth)
    assert single == pytest.approx(published_relative_entropy(x, y, bandwidth), rel=1e-4)
    same = published_relative_entropy(x, normal(3), bandwidth)
    assert 0 < same < 2e-3


def test_published_form_has_a_floor_where_the_model_has_nothing():
    x, y = np.linspace(0, 1, 1000), np.linspace(0, 0.5, 1000)
    # Half of the data have density 1 against 10⁻¹⁰, the other half 1 against 2.
    assert published_relative_entropy(x, y, 0.01) == pytest.approx(0.5 * np.log(1e10) - 0.5 * np.log(2), rel=0.1)


def test_bootstrap_interval_covers_the_truth():
    exact = analytic(0.1, 1.0)
    found, widths = [], []
    for k in range(60):
        x, y = normal(k), normal(1000 + k, 0.1)
        edges = histogram_edges(x)
        data, model = blocked_histogram(x, edges), blocked_histogram(y, edges)
        value = relative_entropy(data, model).value
        low, high = entropy_interval(data, model, value)
        assert low < value < high
        found.append((value, low < exact < high))
        widths.append(high - low)
    values, covered = np.array(found).T
    # Of 60 intervals of 95 %, 57 ± 1.7 cover; fewer than 50 would be four standard deviations too few.
    assert covered.sum() >= 50
    # The scatter of 60 values is known to 9 %. (With a tenth of the samples, where the bias exceeds the divergence, the
    # intervals are 1.6 times too wide.)
    assert np.mean(widths) == pytest.approx(3.92 * values.std(), rel=0.3)
