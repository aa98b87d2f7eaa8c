"""Drifts against independently written right-hand sides, integrated by scipy at tight tolerance."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from kgmm import get_system
from kgmm.sde.ensemble import Ensemble


def lorenz63(t, u, rayleigh=28.0):
    x, y, z = u
    return [10 * (y - x), x * (rayleigh - z) - y, x * y - 8 / 3 * z]


def lorenz96(t, u, forcing=6.0):
    x, y = u[:4], u[4:].reshape(4, 10)
    dx, dy = np.empty(4), np.empty((4, 10))
    for k in range(4):
        dx[k] = -x[k - 1] * (x[k - 2] - x[(k + 1) % 4]) - x[k] + forcing + y[k].sum()
        for j in range(10):
            dy[k, j] = -100 * y[k, (j + 1) % 10] * (y[k, (j + 2) % 10] - y[k, j - 1]) - 10 * y[k, j] + x[k]
    return np.concatenate([dx, dy.ravel()])


def barotropic(t, x, beta=1.25, b=1.6, topography=0.2, c=0.1):
    """Term by term as in Crommelin, Opsteegh & Verhulst (2004), with the modes 1 and 2 written out."""
    x1, x2, x3, x4, x5, x6 = x
    root = np.sqrt(2.0)
    alpha1 = 8 * root / (3 * np.pi) * b**2 / (b**2 + 1)
    alpha2 = 32 * root / (15 * np.pi) * (b**2 + 3) / (b**2 + 4)
    beta1, beta2 = beta * b**2 / (b**2 + 1), beta * b**2 / (b**2 + 4)
    delta1 = 64 * root / (15 * np.pi) * b**2 / (b**2 + 1)
    delta2 = 64 * root / (15 * np.pi) * (b**2 - 3) / (b**2 + 4)
    zonal1, zonal2 = 4 / 3 * topography * root * b / np.pi, 8 / 15 * topography * root * b / np.pi
    wave1, wave2 = zonal1 / (b**2 + 1), 4 * zonal2 / (b**2 + 4)
    return [
        zonal1 * x3 - c * (x1 - 0.95),
        -(alpha1 * x1 - beta1) * x3 - c * x2 - delta1 * x4 * x6,
        (alpha1 * x1 - beta1) * x2 - wave1 * x1 - c * x3 + delta1 * x4 * x5,
        zonal2 * x6 - c * (x4 + 0.76095) + 16 * root / (5 * np.pi) * (x2 * x6 - x3 * x5),
        -(alpha2 * x1 - beta2) * x6 - c * x5 - delta2 * x4 * x3,
        (alpha2 * x1 - beta2) * x5 - wave2 * x4 - c * x6 + delta2 * x4 * x2,
    ]


def after(system, start, duration, dt):
    state = torch.tensor(start)
    ensemble = Ensemble(system, state, dt=dt, scheme="rk4", generator=torch.Generator(), label=system.name)
    ensemble.advance(round(duration / dt))
    return ensemble.state.numpy()


@pytest.mark.parametrize(
    ("name", "right_hand_side", "wrong", "dt"),
    [
        ("lorenz63", lorenz63, {"rayleigh": 28.1}, 0.0005),
        ("lorenz96", lorenz96, {"forcing": 6.1}, 0.0005),
        ("barotropic", barotropic, {"beta": 1.4}, 0.01),
    ],
)
def test_deterministic_path(name, right_hand_side, wrong, dt):
    system = get_system(name, noise_amplitude=0.0)
    start = system.initial_state(3, np.random.default_rng(5))
    ours = after(system, start, 1.0, dt)
    reference = np.stack(
        [solve_ivp(right_hand_side, (0, 1), u, method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1] for u in start.T],
        axis=1,
    )
    assert np.abs(ours - reference).max() < 1e-6
    assert np.abs(after(get_system(name, noise_amplitude=0.0, **wrong), start, 1.0, dt) - reference).max() > 1e-2


def test_the_linear_part_of_the_slow_fast_triad_is_its_matrix():
    """Without noise it is linear: its flow is the exponential of the matrix."""
    system = get_system("slow_fast_triad", noise_amplitude=0.0, burst=0.0)
    start = np.array([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]])
    ensemble = Ensemble(
        system, torch.tensor(start), dt=1e-4, scheme="euler_maruyama", generator=torch.Generator(), label="triad"
    )
    ensemble.advance(10_000)
    exact = expm(np.array([[-0.2, -0.4, 1.0], [0.4, -0.2, 0.0], [0.0, 0.0, -2.0]])) @ start
    np.testing.assert_allclose(ensemble.state.numpy(), exact, atol=2e-4)
    assert np.abs(expm(np.diag([-0.2, -0.2, -2.0])) @ start - exact).max() > 0.1


def test_kuramoto_sivashinsky_drift_is_its_equation():
    """On a sum of two waves, where every derivative is known."""
    system = get_system("kuramoto_sivashinsky", length=20.0)
    x = 20.0 * np.arange(64) / 64
    k, m = 2 * np.pi / 20.0, 6 * np.pi / 20.0
    u = np.sin(k * x) + 0.5 * np.cos(m * x)
    u_x = k * np.cos(k * x) - 0.5 * m * np.sin(m * x)
    u_xx = -(k**2) * np.sin(k * x) - 0.5 * m**2 * np.cos(m * x)
    u_xxxx = k**4 * np.sin(k * x) + 0.5 * m**4 * np.cos(m * x)
    np.testing.assert_allclose(system.drift(u[:, None])[:, 0], -u * u_x - u_xx - u_xxxx, atol=1e-10)


def test_triad_score_is_that_of_zero_flux():
    """``f p − ½ (g² p)' = 0`` with finite differences of the exact density."""
    system = get_system("reduced_triad")
    x, h = np.linspace(-0.25, 1.5, 300)[:, None], 1e-5

    def flux_variance(points):
        return system.diffusion(points)[:, 0] ** 2 * np.exp(system.log_density(points))

    slope = (flux_variance(x + h) - flux_variance(x - h)) / (2 * h)
    flux = system.drift(x)[:, 0] * np.exp(system.log_density(x)) - 0.5 * slope
    assert np.abs(flux).max() < 1e-5 * np.abs(slope).max()
    wrong = get_system("reduced_triad", s3=0.9)
    wrong_flux = wrong.drift(x)[:, 0] * np.exp(system.log_density(x)) - 0.5 * slope * 1.1
    assert np.abs(wrong_flux).max() > 1e-2 * np.abs(slope).max()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_observed": 4}, "kuramoto_sivashinsky has no parameter 'n_observed': its parameters are length, n_grid"),
        ({"n_grid": 7}, "n_grid is 7: it must be even and at least 8"),
        ({"length": -1.0}, "length is -1.0: it must be positive"),
    ],
)
def test_kuramoto_sivashinsky_refuses(parameters, message):
    with pytest.raises(ValueError, match=message):
        get_system("kuramoto_sivashinsky", **parameters)
