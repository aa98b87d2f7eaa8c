"""Effective sizes from the variance between blocks, against processes for which they follow from the correlations."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from kgmm import Samples
from kgmm.datasets import open_series, series_effective_size
from kgmm.histograms import effective_sizes
from kgmm.recording import add_effective_size
from kgmm.standardize import Standardization
from kgmm.trajectory import as_trajectory, open_trajectory, write_trajectory
from tests.statistical.exact_laws import autoregressive, chained_samples

pytestmark = pytest.mark.statistical

# The bins of the effective size: 40 over eight standard deviations, and the two tails.
EDGES = np.concatenate([[-np.inf], np.linspace(-4, 4, 41), [np.inf]])


def sizes(x):
    """Of samples ``(n, n_features)``."""
    return effective_sizes(x, Standardization.of(x))


def autoregressive_size(keep, n):
    """``n Σ p (1 − p)/Σ p (1 − p) τ_b`` over the bins of a normal autoregression, ``τ_b`` their integrated times.

    The indicator of a bin is a sum of Hermite functions, and that of order ``m`` has the autocorrelation ``a^(m lag)``
    (Mehler), which sums to ``(1 + a^m)/(1 − a^m)``.
    """
    p = np.diff(norm.cdf(EDGES))
    density = norm.pdf(EDGES)
    inner = np.where(np.isfinite(EDGES), EDGES, 0.0)
    weights = []
    before, hermite = np.zeros_like(inner), np.ones_like(inner)
    for m in range(1, 400):
        # ∫ He_m φ/√m! over a bin is the difference of −He_{m−1} φ/√m! between its edges.
        weights.append(np.square(np.diff(hermite * density)).sum() / m)
        before, hermite = hermite, (inner * hermite - (m - 1) ** 0.5 * before) / m**0.5
    total = (p * (1 - p)).sum()
    orders = float(keep) ** np.arange(1, 400)
    slow = np.dot(weights, (1 + orders) / (1 - orders))
    return n * total / (slow + total - np.sum(weights))  # what is left of the sum forgets at once


def test_the_exact_size_has_its_limits():
    """Independent values count fully, very slow ones like their own mean, and there is less in between."""
    assert autoregressive_size(0.0, 1000) == pytest.approx(1000)
    slow = 1 - 1e-3  # all orders that matter are slow: order m is m times faster
    assert autoregressive_size(slow, 1) > (1 - slow) / (1 + slow)
    assert 0.2 < autoregressive_size(0.5, 1) < 1


@pytest.mark.parametrize("n", [20_000, 20_011])
def test_independent_samples_count_fully(n):
    x = np.random.default_rng(0).standard_normal((n, 5)) * [1, 1e3, 1e-3, 1, 1] + [0, 0, 0, 1e3, -5]
    found = sizes(x)
    assert found.shape == (5,)
    # 20 blocks, and bins as good as 17 equal ones: sqrt(2/(19·17)) = 8 %. Four of these, and never above n.
    assert ((0.68 * n < found) & (found <= n)).all()
    assert found.mean() > 0.85 * n  # if the scatter above were a bias


@pytest.mark.parametrize("keep", [0.5, 0.8, 0.95])
def test_size_of_an_autoregression(keep):
    n = 20_000
    found = np.array([1 / sizes(autoregressive(keep, 1, n, seed)[0][:, None])[0] for seed in range(60)])
    # The reciprocal is a variance: without bias, but for the ends of the blocks, τ/1000 of it.
    expected = 1 / autoregressive_size(keep, n)
    error = found.std(ddof=1) / 60**0.5
    assert abs(found.mean() - expected) < 4.5 * error + 0.03 * expected
    assert error < 0.1 * expected
    # Negative controls: as independent, and as a mean, whose size is smaller.
    assert abs(found.mean() - 1 / n) > 4.5 * error + 0.03 * expected
    assert found.mean() < (1 + keep) / (1 - keep) / n


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_size_of_a_chain_all_of_whose_functions_are_equally_slow(keep):
    n = 50_000
    found = [1 / sizes(chained_samples(1, n, keep, np.random.default_rng(k)).T)[0] for k in range(30)]
    exact = (1 + keep) / (1 - keep) / n
    error = np.std(found, ddof=1) / 30**0.5
    assert abs(np.mean(found) - exact) < 4.5 * error + 0.03 * exact
    assert abs(np.mean(found) - 1 / n) > 4.5 * error + 0.03 * exact


@pytest.mark.parametrize("copies", [2, 5])
def test_duplicates_count_once(copies):
    x = np.random.default_rng(1).standard_normal((20_000, 2))
    once, often = sizes(x), sizes(np.repeat(x, copies, axis=0))
    # Whole samples per block: the shares of the blocks are the same numbers. Alone, nothing exceeds the number.
    np.testing.assert_allclose(np.minimum(often, 20_000), once, rtol=1e-9)
    # Negative control: as independent samples they would count fully, less four times 8 %.
    assert (often < 0.68 * copies * 20_000).all()


def test_each_variable_has_its_own_size():
    fast = np.random.default_rng(2).standard_normal(40_000)
    slow = autoregressive(0.98, 1, 40_000, seed=3)[0]
    found = sizes(np.stack([fast, slow], axis=1))
    assert found[0] > 0.68 * 40_000
    assert found[1] < 0.35 * 40_000


def test_members_one_after_the_other_count_as_blocks():
    """Every member stays where it began: as many independent samples as members."""
    members = np.random.default_rng(4).standard_normal((2000, 1, 1))
    data = as_trajectory(np.repeat(members, 50, axis=1).astype(np.float32), ["a"], 1.0)
    samples = Samples(data)
    found = effective_sizes(samples, Standardization.of(samples))[0]
    assert 0.68 * 2000 < found < 1.45 * 2000


def test_the_size_does_not_depend_on_scale_and_place():
    x = autoregressive(0.9, 1, 10_000, seed=5).T
    for scale, shift in ((1e-6, 0.0), (1e6, 1e7), (-1.0, 3.0)):
        np.testing.assert_allclose(sizes(scale * x + shift), sizes(x), rtol=0.02)


@pytest.mark.parametrize("piece", [1, 999, 8_000_000])
def test_a_series_in_a_file_has_the_size_of_its_array(monkeypatch, tmp_path, piece):
    monkeypatch.setattr("kgmm.datasets.NUMBERS_PER_PIECE", max(piece, 60))
    values = np.stack([autoregressive(0.9, 3, 4000, seed=6), autoregressive(0.5, 3, 4000, seed=7)], axis=2)
    np.save(tmp_path / "series.npy", values)
    found = series_effective_size(open_series(tmp_path / "series.npy", time_step=1.0))
    assert found == pytest.approx(sizes(values.reshape(-1, 2)).min(), rel=1e-9)


def test_the_size_is_stored_with_the_samples(tmp_path):
    values = np.stack([autoregressive(0.9, 30, 200, seed=8), autoregressive(0.0, 30, 200, seed=9)], axis=2)
    path = tmp_path / "samples.nc"
    write_trajectory(
        path, [values], n_members=30, n_times=200, variables=["slow", "fast"], interval=1.0, attributes={"a": 1}
    )
    add_effective_size(path)
    with xr.open_dataset(path) as dataset:
        assert dataset["effective_size"].dims == ("variable",)
        np.testing.assert_allclose(dataset["effective_size"], sizes(values.astype(np.float32).reshape(-1, 2)))
        assert dataset.attrs["a"] == 1
    np.testing.assert_array_equal(open_trajectory(path).values, values.astype(np.float32))


@pytest.mark.parametrize("n", [2, 10, 19])
def test_fewer_samples_than_blocks_have_a_size_too(n):
    """Sizes go into messages and into the choice of p_min: a number, at most that of the samples."""
    x = np.random.default_rng(10).standard_normal((n, 1))
    found = sizes(x)[0]
    assert np.isfinite(found) and 0 < found <= n
