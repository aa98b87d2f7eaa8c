"""Orders of the integration schemes, on cases whose expectation or path is known exactly."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from kgmm import get_system, simulate
from kgmm.sde.schemes import get_scheme

# Expectations over ΔW = √dt w by Gauss–Hermite quadrature: exact for the polynomials that a step makes of it.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

GROWTH, VOLATILITY = -0.7, 0.6
GEOMETRIC = SimpleNamespace(
    additive=False,
    drift=lambda x: GROWTH * x,
    noise=lambda x, dw: VOLATILITY * x * dw,
    diffusion_correction=lambda x: VOLATILITY**2 * x,
)


def order(errors, factor=2.0):
    """Exponent of the fall of errors from one step size to the next, each ``factor`` smaller."""
    return np.log(np.abs(errors[:-1]) / np.abs(errors[1:])) / np.log(factor)


def second_moment_of_geometric_motion(scheme: str, dt: float) -> float:
    """``E[X_1²]`` from ``X_0 = 1``: one step multiplies it by a constant, since the equation is linear."""
    step = get_scheme(scheme)(GEOMETRIC, dt)
    increments = torch.tensor(NODES * dt**0.5)[None]
    after = step(torch.ones_like(increments), increments)[0].numpy()
    return (WEIGHTS @ after**2) ** (1 / dt)


@pytest.mark.parametrize("scheme", ["euler_maruyama", "milstein"])
def test_weak_order_one_for_multiplicative_noise(scheme):
    exact = np.exp(2 * GROWTH + VOLATILITY**2)
    errors = np.array([second_moment_of_geometric_motion(scheme, dt) - exact for dt in (0.01, 0.005, 0.0025)])
    assert np.all(np.abs(order(errors) - 1) < 0.12)


@pytest.mark.parametrize(("scheme", "expected"), [("euler_maruyama", 0.5), ("milstein", 1.0)])
def test_strong_order_for_multiplicative_noise(scheme, expected):
    """Root mean square distance to the exact path of geometric Brownian motion with the same increments."""
    generator = torch.Generator().manual_seed(3)
    finest = torch.empty(256, 1, 20_000, dtype=torch.float64).normal_(generator=generator) / 16
    exact = torch.exp((GROWTH - VOLATILITY**2 / 2) + VOLATILITY * finest.sum(0))
    errors = []
    for n_steps in (16, 64, 256):
        increments = finest.reshape(n_steps, -1, 1, 20_000).sum(1)
        step = get_scheme(scheme)(GEOMETRIC, 1 / n_steps)
        state = torch.ones(1, 20_000, dtype=torch.float64)
        for increment in increments:
            state = step(state, increment)
        errors.append(float((state - exact).square().mean().sqrt()))
    # The spread of 20 000 paths moves the exponents by about 0.02.
    assert np.all(np.abs(order(np.array(errors), 4.0) - expected) < 0.1)


def stationary_variance(scheme: str, dt: float) -> float:
    """Of ``dX = −X dt + dW`` under a scheme, whose step is ``X → m X + noise``."""
    linear = SimpleNamespace(additive=True, drift=lambda x: -x, noise=lambda x, dw: dw)
    step = get_scheme(scheme)(linear, dt)
    kept = float(step(torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)))
    increments = torch.tensor(NODES * dt**0.5)[None]
    added = WEIGHTS @ step(torch.zeros_like(increments), increments)[0].numpy() ** 2
    return added / (1 - kept**2)


@pytest.mark.parametrize(("scheme", "expected"), [("euler_maruyama", 1), ("heun", 2), ("rk4", 2)])
def test_weak_order_for_additive_noise(scheme, expected):
    errors = np.array([stationary_variance(scheme, dt) - 0.5 for dt in (0.2, 0.1, 0.05, 0.025)])
    assert np.all(np.abs(order(errors)[-2:] - expected) < 0.15)


def test_rk4_is_of_order_four_without_noise():
    pendulum = SimpleNamespace(
        additive=True, drift=lambda s: torch.stack([s[1], -torch.sin(s[0])]), noise=lambda s, dw: 0 * dw
    )

    def end(dt):
        state = torch.tensor([[1.0], [0.3]], dtype=torch.float64)
        step = get_scheme("rk4")(pendulum, dt)
        for _ in range(round(2 / dt)):
            state = step(state, torch.zeros_like(state))
        return state.numpy()

    reference = end(0.001)
    errors = np.array([np.abs(end(dt) - reference).max() for dt in (0.2, 0.1, 0.05)])
    assert np.all(np.abs(order(errors) - 4) < 0.3)


def test_etdrk4_is_of_order_four():
    """On a long interval, where modes are not stiff against these steps; else the order rises to four only later."""
    system = get_system("kuramoto_sivashinsky", length=100.0)
    state = 0.3 * torch.tensor(system.initial_state(3, np.random.default_rng(1)))

    def end(dt):
        u, step = state, get_scheme("etdrk4")(system, dt)
        for _ in range(round(4 / dt)):
            u = step(u, None)
        return u.numpy()

    ends = [end(dt) for dt in (0.05, 0.025, 0.0125, 0.00625)]
    differences = np.array([np.abs(coarse - fine).max() for coarse, fine in pairwise(ends)])
    assert np.all(np.abs(order(differences) - 4) < 0.25)


@pytest.mark.parametrize("scheme", ["heun", "rk4"])
def test_schemes_for_additive_noise_refuse_another(scheme):
    with pytest.raises(ValueError, match=f"scheme '{scheme}' is for additive noise: use 'milstein'"):
        simulate("reduced_triad", n_members=4, n_times=1, scheme=scheme)


@pytest.mark.parametrize(("scheme", "needs"), [("milstein", "diffusion_correction"), ("etdrk4", "linear_symbol")])
def test_schemes_say_what_they_need(scheme, needs):
    with pytest.raises(ValueError, match=needs):
        simulate("lorenz63", n_members=4, n_times=1, scheme=scheme)
