"""Densities that figures show: of a ring, whatever the place, and of blurred samples."""

import numpy as np
import pytest
import xarray as xr

from kgmm.statistics.curves import joint_densities, marginal_densities, ring_densities

RNG = np.random.default_rng(0)


def test_ring_densities_are_those_of_every_place():
    """On a ring of four, u₀ = u₂ and u₁ = u₃: two places on is the same value, one place on an independent one."""
    n = 100_000
    pair = RNG.standard_normal((n, 2))
    samples = np.tile(pair, 2)
    densities = xr.Dataset(ring_densities(samples, samples))
    at = densities["ring_point"].values
    one, two = densities["ring_joint_data"].values
    cell = (at[1] - at[0]) ** 2
    assert one.sum() * cell == pytest.approx(1, abs=0.02)
    exact = np.exp(-(at**2)[:, None] / 2 - at**2 / 2) / (2 * np.pi)
    # Variance of a kernel density at its largest, f / (4π n h²); four copies of every pair make the bandwidth.
    bandwidth = 0.45 * (4 * n) ** (-1 / 6)
    stderr = np.sqrt(exact.max() / (4 * np.pi * n * bandwidth**2))
    np.testing.assert_allclose(one, exact, atol=5 * stderr)
    off = np.abs(at[:, None] - at) > 0.5
    assert two[off].sum() / two.sum() < 0.01
    np.testing.assert_array_equal(densities["ring_joint_data"], densities["ring_joint_model"])


def test_blurred_densities_are_those_of_blurred_samples():
    sigma, n = 0.4, 200_000
    x = RNG.standard_normal((n, 2)) * [1.0, 3.0]
    blurred = x + sigma * x.std(axis=0) * RNG.standard_normal((n, 2))
    curves = xr.Dataset(marginal_densities(x, x, None, sigma) | joint_densities(x, x, sigma))
    expected = xr.Dataset(marginal_densities(blurred, blurred, None) | joint_densities(blurred, blurred))
    for k, deviation in enumerate((1.0, 3.0)):
        found = np.interp([0.0, deviation], curves["curve_point"][k], curves["curve_blurred"][k])
        own = np.interp([0.0, deviation], expected["curve_point"][k], expected["curve_data"][k])
        np.testing.assert_allclose(found, own, rtol=0.02)
    # In the middle, where a normal density of variances 1 + σ² and 9 (1 + σ²) is 1 / (2π · 3 (1 + σ²)).
    assert float(curves["joint_curve_blurred"].max()) == pytest.approx(1 / (6 * np.pi * (1 + sigma**2)), rel=0.03)
