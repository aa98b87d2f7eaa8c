"""Simulated ensembles against exact stationary laws; members are independent, so the errors are those of a mean."""

import numpy as np
import pytest
import torch
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import chisquare

from kgmm import get_system, simulate
from kgmm.sde.schemes import SCHEMES
from kgmm.systems.separable import MarginalDensity
from tests.statistical.exact_laws import mean_is

pytestmark = pytest.mark.statistical

MEMBERS = 10_000
OU = get_system("ornstein_uhlenbeck")


@pytest.fixture(scope="module")
def ou():
    return simulate(OU, n_members=MEMBERS, n_times=2, interval=0.5, seed=1).values.astype(float)


def products(later, earlier):
    return later[:, :, None] * earlier[:, None, :]


def test_stationary_covariance(ou):
    assert mean_is(ou[:, 0], 0.0)
    assert mean_is(products(ou[:, 0], ou[:, 0]), OU.covariance)
    for wrong in ({"decay1": 1.15}, {"rotation": -1.0}, {"noise2": 1.65}):
        assert not mean_is(products(ou[:, 0], ou[:, 0]), get_system("ornstein_uhlenbeck", **wrong).covariance)


def test_autocovariance(ou):
    lagged = products(ou[:, 1], ou[:, 0])
    assert mean_is(lagged, OU.autocovariance(0.5))
    assert not mean_is(lagged, OU.autocovariance(0.6))
    assert not mean_is(lagged, OU.autocovariance(0.5).T)  # time reversed: the sense of rotation


def discrete_covariance(scheme: str, dt: float) -> np.ndarray:
    """Stationary covariance of the discretised process: the scheme maps ``X`` to ``M X + G ξ``, both read off it."""
    step = SCHEMES[scheme](OU, dt)
    identity, zero = torch.eye(2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
    m = step(identity, zero).numpy()
    g = step(zero, identity * dt**0.5).numpy()
    return solve_discrete_lyapunov(m, g @ g.T)


@pytest.mark.parametrize(("scheme", "order"), [("euler_maruyama", 1), ("heun", 2), ("rk4", 2)])
def test_weak_order_of_the_stationary_covariance(scheme, order):
    errors = [np.linalg.norm(discrete_covariance(scheme, dt) - OU.covariance) for dt in (0.04, 0.02, 0.01)]
    measured = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(measured, order, atol=0.1)  # the next term is 4 % of the leading one at dt = 0.04


def test_euler_simulation_has_the_covariance_of_its_scheme_and_not_the_exact_one():
    x = simulate(OU, n_members=20_000, n_times=1, interval=0.2, dt=0.2, burn_in=20.0, scheme="euler_maruyama", seed=2)
    x = x.values[:, 0].astype(float)
    assert mean_is(products(x, x), discrete_covariance("euler_maruyama", 0.2))
    assert not mean_is(products(x, x), OU.covariance)


def follows(x: np.ndarray, density) -> bool:
    """Chi-square test of independent values against a density, 24 bins, refused below p = 1e-4 (seeds are fixed)."""
    edges = np.linspace(x.min() - 0.2, x.max() + 0.2, 4001)
    middle = 0.5 * (edges[1:] + edges[:-1])
    mass = density(middle)
    cumulative = np.concatenate([[0], np.cumsum(mass)]) / mass.sum()
    bins = np.interp(np.linspace(0, 1, 25), cumulative, edges)  # of equal probability
    return chisquare(np.histogram(x, bins)[0]).pvalue > 1e-4


def test_double_well_histogram():
    x = simulate("double_well", n_members=MEMBERS, n_times=1, interval=0.005, seed=3).values[:, 0, 0]
    assert follows(x, lambda v: get_system("double_well").marginal_density(0, v))
    assert not follows(x, lambda v: np.exp(-1.3 * (v**2 - 1) ** 2))


@pytest.mark.parametrize("rotation", [0.0, 0.8])
def test_asymmetric_potential_histograms(rotation):
    system = get_system("asymmetric_potential", rotation=rotation)
    x = simulate(system, n_members=MEMBERS, n_times=1, interval=0.005, burn_in=20.0, seed=4).values[:, 0]
    other = get_system("asymmetric_potential", b1=0.5, b2=0.2)
    for k in range(2):
        assert follows(x[:, k], lambda v, k=k: system.marginal_density(k, v))
        assert not follows(x[:, k], lambda v, k=k: other.marginal_density(k, v))


def test_the_histogram_check_itself_accepts_exact_samples():
    law = MarginalDensity(lambda v: 0.5 * v**2, -12.0, 12.0)
    accepted = [
        follows(np.random.default_rng(seed).standard_normal(5000), lambda v: np.exp(law.log_density(v)))
        for seed in range(50)
    ]
    assert all(accepted)


def test_double_precision_and_single_agree_in_law():
    single, double = (
        simulate(OU, n_members=4000, n_times=1, interval=0.01, seed=5, precision=precision).values[:, 0].astype(float)
        for precision in ("float32", "float64")
    )
    assert mean_is(products(double, double), OU.covariance)
    assert mean_is(products(single, single), OU.covariance)
