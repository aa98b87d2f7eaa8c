"""Kernel densities against the laws that they estimate, which are the exact ones blurred by the kernel."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from kgmm.statistics.densities import bandwidths, kernel_density, rule_of_thumb

pytestmark = pytest.mark.statistical

RNG = np.random.default_rng(0)
N = 100_000


def test_one_variable():
    x = 3.0 + 2.0 * RNG.standard_normal((N, 1))
    points = np.linspace(-4, 10, 200)[:, None]
    h = 0.3
    found = kernel_density(x, points, np.array([h]))
    exact = norm(3.0, np.hypot(2.0, h)).pdf(points[:, 0])
    # Variance of a kernel estimate: p ∫K²/(n h), ∫K² = 1/(2√π).
    stderr = np.sqrt(exact / (2 * np.sqrt(np.pi) * N * h))
    assert (np.abs(found - exact) < 5 * stderr + 2e-5).all()
    assert not (np.abs(found - norm(3.0, 2.1).pdf(points[:, 0])) < 5 * stderr + 2e-5).all()


def test_two_variables_and_their_correlation():
    covariance = np.array([[1.0, 1.2], [1.2, 4.0]])
    x = RNG.multivariate_normal([0.0, 5.0], covariance, size=N)
    h = np.array([0.1, 0.2])
    points = RNG.multivariate_normal([0.0, 5.0], covariance, size=300)
    found = kernel_density(x, points, h)
    exact = multivariate_normal([0.0, 5.0], covariance + np.diag(h**2)).pdf(points)
    stderr = np.sqrt(exact / (4 * np.pi * N * h.prod()))
    # Half a hundredth for the linear interpolation on the grid of 256 × 256.
    assert (np.abs(found - exact) < 5 * stderr + 0.005 * exact.max()).all()
    turned = multivariate_normal([0.0, 5.0], covariance * [[1, -1], [-1, 1]]).pdf(points)
    assert np.abs(found - turned).max() > 0.3 * exact.max()


def test_default_bandwidth_does_not_flatten_two_wells():
    wells = 0.35 * RNG.standard_normal((N, 1)) + np.where(RNG.random((N, 1)) < 0.5, -1.0, 1.0)
    points = np.array([[-1.0], [0.0], [1.0]])
    exact = 0.5 * (norm(-1, 0.35).pdf(points[:, 0]) + norm(1, 0.35).pdf(points[:, 0]))
    h = bandwidths(wells)
    stderr = np.sqrt(exact / (2 * np.sqrt(np.pi) * N * h[0]))
    assert (np.abs(kernel_density(wells, points) - exact) < 4 * stderr + 0.015 * exact.max()).all()
    # Control: the rule itself is off by more.
    whole = kernel_density(wells, points, np.array([rule_of_thumb(wells, N)]))
    assert np.abs(whole - exact).max() > 0.025 * exact.max()
    np.testing.assert_allclose(bandwidths(5.0 * wells), 5 * h)


def test_most_values_may_be_one_and_the_bandwidth_is_that_of_the_deviation():
    """Rain: both quartiles are zero."""
    rain = np.where(RNG.random(2000) < 0.8, 0.0, RNG.exponential(size=2000))
    assert rule_of_thumb(rain, 2000) == 0.9 * rain.std() * 2000 ** (-1 / 5)
    points = np.linspace(-2.0, 12.0, 400)
    density = kernel_density(rain[:, None], points[:, None])
    assert abs(density.sum() * (points[1] - points[0]) - 1.0) < 0.01


def test_single_precision_and_far_outliers():
    x = RNG.standard_normal((N, 1)).astype(np.float32)
    points = np.linspace(-2, 2, 50)[:, None]
    both = (kernel_density(values, points, np.array([0.2])) for values in (x, x.astype(float)))
    np.testing.assert_allclose(*both, rtol=1e-5)
    far = kernel_density(np.concatenate([x, [[50.0]]]), points, np.array([0.2]))
    assert np.abs(far - kernel_density(x, points, np.array([0.2]))).max() < 0.01
