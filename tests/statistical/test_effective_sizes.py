"""Effective sizes from the variance between blocks, against processes for which they follow from the correlations.

The reciprocal of a size is the mean of two variances of 20 block means each. For independent Gaussian samples these are
independent, and the number of samples over the size is ``χ²/38`` with 38 degrees: it scatters by 23 %.
"""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import chi2, norm

from kgmm import Samples
from kgmm.data.blocks import BLOCKS, effective_sizes
from kgmm.data.datasets import open_series
from kgmm.data.imported_series import series_effective_size
from kgmm.data.options import ReadingOptions
from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import as_trajectory, open_trajectory, write_trajectory
from kgmm.sde.recording import add_effective_size
from tests.statistical.exact_laws import autoregressive, chained_samples

pytestmark = pytest.mark.statistical

DEGREES = 2 * (BLOCKS - 1)
SCATTER = (2 / DEGREES) ** 0.5
# Of one size, where seeds are not averaged.
LEAST, MOST = chi2.ppf([1e-5, 1 - 1e-5], DEGREES) / DEGREES


def sizes(x):
    """Of samples ``(n, n_features)``."""
    return effective_sizes(x, Standardization.of(x))


def variance_of_mean(keep, n):
    """Of ``n`` values in a row with autocorrelation ``keep^lag`` and variance 1: ``Σ_ij keep^|i − j| / n²``."""
    return (1 + keep) / (1 - keep) / n - 2 * keep * (1 - keep**n) / (1 - keep) ** 2 / n**2


def reciprocal_size(keep, keep_square, n):
    """Expected ``1/size`` where a variable and its square have the autocorrelations ``keep^lag``, ``keep_square^lag``.

    The scatter of ``B`` block means about the mean of all has the mean ``(V(n/B) − V(n))/(B − 1)``, ``V(n)`` being the
    variance of a mean of ``n``, and the sample variance has ``1 − V(n)``.
    """
    shares = []
    for a in (keep, keep_square):
        block, whole = variance_of_mean(a, n // BLOCKS), variance_of_mean(a, n)
        shares.append((block - whole) / (BLOCKS - 1) / (1 - whole))
    return np.mean(shares)


def agree(found, expected, systematic=0.0, standard_errors=4.5):
    """Whether the mean of independent numbers is ``expected``; the second with an error relative to that."""
    error = np.std(found, ddof=1) / len(found) ** 0.5
    return abs(np.mean(found) - expected) < standard_errors * error + systematic * expected


def autoregressive_samples(keep, n, n_features, seed=0):
    return autoregressive(keep, n_features, n, seed).T


def test_the_exact_size_has_its_limits():
    lags = np.subtract.outer(np.arange(30), np.arange(30))
    for keep in (0.0, 0.7, -0.4):
        assert variance_of_mean(keep, 30) == pytest.approx((keep ** np.abs(lags)).mean())
    assert reciprocal_size(0.0, 0.0, 20_000) == pytest.approx(1 / 20_000, rel=1e-4)
    # Blocks long against the memory: integrated times (1 + a)/(1 − a) and (1 + a²)/(1 − a²).
    assert reciprocal_size(0.5, 0.25, 10**7) == pytest.approx((3 + 5 / 3) / 2 / 10**7, rel=1e-4)
    # Short ones: less, since much of the variance is common to neighbours.
    assert reciprocal_size(0.99, 0.99**2, 4000) < 0.8 * (199 + 199 / 2 / 0.995) / 2 / 4000


@pytest.mark.parametrize("n", [20_000, 20_011])
def test_independent_samples_count_fully(n):
    scale, shift = np.array([1, 1e3, 1e-3, 1, 1]), np.array([0, 0, 0, 1e3, -5])
    x = np.random.default_rng(0).standard_normal((n, 300)) * np.tile(scale, 60) + np.tile(shift, 60)
    found = sizes(x)
    assert found.shape == (300,)
    assert ((n / MOST < found) & (found <= n)).all()
    # Never above n: the reciprocal is that of the larger of χ²/38 and 1.
    expected = chi2(DEGREES).expect(lambda q: max(q / DEGREES, 1.0), lb=0, ub=4 * DEGREES)
    assert 1.05 < expected < 1.12
    assert agree(n / found, expected, 0.005)
    assert not agree(n / found, 1.0, 0.005)  # as if the size were not capped


def test_independent_samples_of_heavy_tails_count_about_fully():
    """Student's t with 9 degrees, the fewest for which the variance of the square has an error of its own."""
    n = 20_000
    found = n / sizes(np.random.default_rng(1).standard_t(9, (n, 300)))
    expected = chi2(DEGREES).expect(lambda q: max(q / DEGREES, 1.0), lb=0, ub=4 * DEGREES)
    assert agree(found, expected, 0.02)
    assert found.max() < MOST


@pytest.mark.parametrize("n", [4000, 20_000])
@pytest.mark.parametrize("keep", [0.5, 0.8, 0.95, -0.9])
def test_size_of_an_autoregression(keep, n):
    found = 1 / sizes(autoregressive_samples(keep, n, 150))
    expected = reciprocal_size(keep, keep**2, n)
    # The variances that divide are themselves measured, on as many samples as there are effective ones.
    systematic = 2 * expected
    assert systematic < 0.02
    assert agree(found, expected, systematic)
    assert found.std(ddof=1) < 1.5 * SCATTER * expected  # one of the two may dominate: a root of two
    # Negative controls: as independent, and the mean or the square alone.
    assert not agree(found, 1 / n, systematic)
    assert not agree(found, reciprocal_size(keep, keep, n), systematic)
    assert not agree(found, reciprocal_size(keep**2, keep**2, n), systematic)


def test_finite_blocks_are_seen():
    """Blocks of two integrated times: the size is that of the exact variance between them, not the asymptotic one."""
    keep, n = 0.98, 4000
    found = 1 / sizes(autoregressive_samples(keep, n, 150))
    assert agree(found, reciprocal_size(keep, keep**2, n), 0.05)
    asymptotic = ((1 + keep) / (1 - keep) + (1 + keep**2) / (1 - keep**2)) / 2 / n
    assert not agree(found, asymptotic, 0.05)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_size_of_a_chain_all_of_whose_functions_are_equally_slow(keep):
    n = 20_000
    found = 1 / sizes(chained_samples(150, n, keep, np.random.default_rng(2)).T)
    assert agree(found, reciprocal_size(keep, keep, n), 0.01)
    assert not agree(found, reciprocal_size(keep, keep**2, n), 0.01)  # the square of an autoregression is faster
    assert not agree(found, 1 / n, 0.01)


def test_series_more_even_than_independent_samples_count_fully_and_no_more():
    n = 20_000
    rng = np.random.default_rng(3)
    k = np.arange(n)
    signs = (-1.0) ** k
    even = norm.ppf(((k + 0.5) * (5**0.5 - 1) / 2) % 1)  # every stretch covers the law evenly
    alternating = autoregressive_samples(-0.3, n, 1)[:, 0]
    found = sizes(np.stack([signs, even, alternating, rng.standard_normal(n)], axis=1))
    assert (found[:2] == n).all()
    # Expected above n, (7/13 + 1.09/0.91)/2 = 0.87 in the reciprocal, with the scatter of the others.
    assert n / MOST < found[2] <= n
    many = n / sizes(autoregressive_samples(-0.3, n, 150))
    assert (many == 1).mean() > 0.5
    assert np.mean(many) < np.mean(n / sizes(rng.standard_normal((n, 150))))


@pytest.mark.parametrize("copies", [2, 5])
def test_duplicates_count_once(copies):
    x = np.random.default_rng(4).standard_normal((20_000, 100))
    once, often = sizes(x), sizes(np.repeat(x, copies, axis=0))
    # Whole samples per block: the moments of the blocks are the same numbers. Alone, nothing exceeds the number.
    np.testing.assert_allclose(np.minimum(often, 20_000), once, rtol=1e-9)
    # What is left of them on average: the cap at all of them is out of reach.
    assert agree(20_000 / often, 1.0, 0.005)
    assert not agree(20_000 / often, 1 / copies, 0.005)  # as independent samples


def test_each_variable_has_its_own_size():
    n = 40_000
    fast = np.random.default_rng(5).standard_normal(n)
    slow = autoregressive_samples(0.98, n, 1, seed=3)[:, 0]
    found = sizes(np.stack([fast, slow], axis=1))
    assert n / MOST < found[0] <= n
    expected = 1 / reciprocal_size(0.98, 0.98**2, n)
    assert expected / MOST / 1.2 < found[1] < expected / LEAST * 1.2 < n / MOST


def test_members_one_after_the_other_count_as_blocks():
    """Every member stays where it began: as many independent samples as members."""
    members = np.random.default_rng(6).standard_normal((2000, 1, 100))
    names = [f"x{k}" for k in range(100)]
    samples = Samples(as_trajectory(np.repeat(members, 50, axis=1).astype(np.float32), names, 1.0))
    found = effective_sizes(samples, Standardization.of(samples))
    assert agree(2000 / found, 1.0, 0.005)


def test_the_size_does_not_depend_on_scale_and_place():
    x = autoregressive(0.9, 1, 10_000, seed=5).T
    for scale, shift in ((1e-6, 0.0), (1e6, 1e7), (-1.0, 3.0)):
        np.testing.assert_allclose(sizes(scale * x + shift), sizes(x), rtol=1e-6)


@pytest.mark.parametrize("piece", [1, 999, 8_000_000])
def test_a_series_in_a_file_has_the_size_of_its_array(monkeypatch, tmp_path, piece):
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", max(piece, 60))
    values = np.stack([autoregressive(0.9, 3, 4000, seed=6), autoregressive(0.5, 3, 4000, seed=7)], axis=2)
    np.save(tmp_path / "series.npy", values)
    found = series_effective_size(open_series(tmp_path / "series.npy", options=ReadingOptions(time_step=1.0)))
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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [2, 3, 4, 10, 19, 41])
def test_few_samples_have_a_size_too(n):
    """Sizes go into messages and into the choice of p_min: a number, at most that of the samples."""
    x = np.random.default_rng(10).standard_normal((n, 3))
    found = sizes(x)
    assert found.shape == (3,)
    assert (np.isfinite(found) & (found > 0) & (found <= n)).all()
    if n < 4:  # a single block, from which nothing follows
        assert (found == n).all()
