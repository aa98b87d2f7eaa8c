"""The systems' exact statistics against independent quadrature and differences."""

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from kgmm import get_system
from kgmm.systems.separable import MarginalDensity

pytestmark = pytest.mark.statistical

SYSTEMS = {
    "double_well": get_system("double_well"),
    "asymmetric_potential": get_system("asymmetric_potential"),
    "rotated": get_system("asymmetric_potential", rotation=0.8, b1=-0.2),
    "ornstein_uhlenbeck": get_system("ornstein_uhlenbeck"),
    "ornstein_uhlenbeck_chain": get_system("ornstein_uhlenbeck", n_variables=5),
}
POTENTIALS = {  # the one-dimensional potentials, written out again
    "double_well": [lambda x: (x**2 - 1) ** 2],
    "asymmetric_potential": [lambda x: (x**2 - 1) ** 2 + 0.6 * x, lambda x: (x**2 - 1.44) ** 2 + 0.3 * x],
}
all_systems = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)


def points(system, n=200):
    return np.random.default_rng(0).uniform(-1.8, 1.8, (n, len(system.variables)))


@all_systems
def test_score_is_the_gradient_of_the_log_density(system):
    x, h = points(system), 1e-5
    for k in range(x.shape[1]):
        step = h * np.eye(x.shape[1])[k]
        difference = (system.log_density(x + step) - system.log_density(x - step)) / (2 * h)
        np.testing.assert_allclose(system.score(x)[:, k], difference, rtol=1e-6, atol=1e-6)


@all_systems
def test_marginal_densities_integrate_to_one(system):
    for k in range(len(system.variables)):
        total, _ = quad(lambda v, k=k: system.marginal_density(k, np.array([v]))[0], -12, 12, points=[-1, 1], limit=200)
        assert total == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("name", ["rotated", "ornstein_uhlenbeck"])
def test_joint_density_integrates_to_one(name):
    system = SYSTEMS[name]
    total, _ = dblquad(
        lambda y, x: np.exp(system.log_density(np.array([[x, y]]))[0]), -7, 7, -8, 8, epsabs=1e-5, epsrel=1e-5
    )
    assert total == pytest.approx(1, abs=1e-4)


def smoothed_by_quad(potential, x: float, noise: float) -> float:
    """Derivative of ``log ∫ exp(−U(y) − (x − y)²/2σ²) dy``, by adaptive quadrature."""

    def integral(factor):
        def integrand(y):
            return factor(y) * np.exp(-potential(y) - 0.5 * ((x - y) / noise) ** 2)

        return quad(integrand, x - 12 * noise, x + 12 * noise, epsabs=1e-13, epsrel=1e-9, limit=400, points=[x])[0]

    return integral(lambda y: (y - x) / noise**2) / integral(lambda y: 1.0)


@pytest.mark.parametrize("name", POTENTIALS)
@pytest.mark.parametrize("sigma", [0.05, 0.5])
def test_smoothed_score_is_that_of_the_convolution(name, sigma):
    system = SYSTEMS[name]
    noise = sigma * np.array([0.9, 0.7])[: len(system.variables)]
    x = np.tile(np.linspace(-2, 2, 15)[:, None], len(noise))
    exact = np.array([[smoothed_by_quad(p, v, s) for p, s in zip(POTENTIALS[name], noise)] for v in x[:, 0]])
    np.testing.assert_allclose(system.smoothed_score(x, noise), exact, rtol=1e-5, atol=1e-6)
    # Another noise scale, and none, fail the same check.
    assert not np.allclose(system.smoothed_score(x, 1.1 * noise), exact, rtol=1e-5, atol=1e-6)
    assert not np.allclose(system.score(x), exact, rtol=1e-5, atol=1e-6)


@all_systems
def test_smoothed_score_tends_to_the_score_quadratically(system):
    x = points(system)
    ones = np.ones(x.shape[1])
    bias = [np.abs(system.smoothed_score(x, s * ones) - system.score(x)).max() for s in (0.04, 0.02, 0.01)]
    orders = np.log2(np.array(bias[:-1]) / bias[1:])
    assert bias[-1] < 5e-3 * np.abs(system.score(x)).max()
    # The next term is smaller by (0.04)² times a few derivatives.
    np.testing.assert_allclose(orders, 2, atol=0.1)


@pytest.mark.parametrize("n_variables", [1, 2, 5])
def test_covariance_solves_its_equation_and_decides_the_autocovariance(n_variables):
    system = get_system("ornstein_uhlenbeck", n_variables=n_variables)
    a, c = system.drift_matrix, system.covariance
    squares = np.resize([1.0, 2.25], n_variables)
    np.testing.assert_allclose(np.diag(system.diffusion(np.eye(n_variables))[:, 0] ** 2), np.diag(squares))
    np.testing.assert_allclose(a @ c + c @ a.T, np.diag(squares), atol=1e-12)
    np.testing.assert_allclose(-system.drift(np.eye(n_variables)), a)
    np.testing.assert_allclose(system.autocovariance(0.0), c)
    h = 1e-6
    np.testing.assert_allclose((system.autocovariance(h) - c) / h, -a @ c, atol=1e-5)


def test_rotation_leaves_the_density_and_is_the_mobility():
    plain, rotated = get_system("asymmetric_potential"), get_system("asymmetric_potential", rotation=0.8)
    x = points(plain)
    np.testing.assert_allclose(rotated.drift(x.T).T, plain.score(x) @ rotated.mobility().T, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(rotated.log_density(x), plain.log_density(x))
    assert not np.allclose(rotated.drift(x.T).T, plain.score(x) @ rotated.mobility(), atol=1e-3)


def test_cumulative_and_moments_of_a_marginal():
    marginal = MarginalDensity(lambda x: 0.5 * (x - 1) ** 2 / 0.25, -8.0, 10.0)
    np.testing.assert_allclose([marginal.moment(k) for k in range(3)], [1, 1, 1.25], rtol=1e-9)
    np.testing.assert_allclose(marginal.cumulative(np.array([-9.0, 1.0, 1.5, 11.0])), [0, 0.5, 0.8413447, 1], atol=1e-7)


def test_interval_that_cuts_off_mass_is_refused():
    with pytest.raises(ValueError, match=r"\[-2\.0, 2\.0\] cuts off mass"):
        MarginalDensity(lambda x: x**2, -2.0, 2.0)


def test_vanishing_noise_gives_the_score_itself():
    system, x = get_system("double_well"), np.linspace(-2, 2, 9)[:, None]
    np.testing.assert_allclose(system.smoothed_score(x, np.array([1e-5])), system.score(x), rtol=1e-7, atol=1e-7)
    with pytest.raises(ValueError, match=r"noise scale is 0\.0: it must be positive"):
        system.smoothed_score(x, np.array([0.0]))
