"""The φ⁴ chain against quadrature that knows nothing of transfer matrices."""

import numpy as np
import pytest
from scipy.integrate import quad

from kgmm import get_system, simulate

pytestmark = pytest.mark.statistical


def potential(x):
    return ((x**2 - 1) ** 2).sum(axis=-1) + 0.5 * (np.diff(x, axis=-1) ** 2).sum(axis=-1)


def plane_average(function) -> float:
    """``E[function(x)]`` of the chain of two by a sum over a fine grid of the plane."""
    axis = np.linspace(-3.2, 3.2, 801)
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    weight = np.exp(-potential(x))
    return float((weight * function(x)).sum() / weight.sum())


@pytest.mark.parametrize("n_variables", [1, 2, 5])
def test_score_is_the_gradient_of_the_log_density(n_variables):
    system = get_system("phi4_chain", n_variables=n_variables)
    x, h = np.random.default_rng(0).uniform(-1.8, 1.8, (200, n_variables)), 1e-5
    for k in range(n_variables):
        step = h * np.eye(n_variables)[k]
        difference = (system.log_density(x + step) - system.log_density(x - step)) / (2 * h)
        np.testing.assert_allclose(system.score(x)[:, k], difference, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(system.drift(x.T).T, system.score(x))


def test_densities_integrate_to_one():
    system = get_system("phi4_chain", n_variables=2)
    axis = np.linspace(-3.2, 3.2, 401)
    pairs = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    total = np.exp(system.log_density(pairs)).sum() * (axis[1] - axis[0]) ** 2
    assert total == pytest.approx(1, abs=1e-9)
    for n_variables, variable in ((1, 0), (2, 1), (7, 0), (7, 3)):
        chain = get_system("phi4_chain", n_variables=n_variables)
        total, _ = quad(lambda v: chain.marginal_density(variable, np.array([v]))[0], -4, 4, points=[-1, 1])  # noqa: B023
        assert total == pytest.approx(1, abs=1e-9)


def test_marginal_density_is_the_integral_over_the_other_variables():
    system = get_system("phi4_chain", n_variables=3)
    axis = np.linspace(-3.2, 3.2, 301)
    pairs = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    for variable in range(3):
        for value in (-1.1, 0.3):
            density = (
                np.exp(system.log_density(np.insert(pairs, variable, value, axis=1))).sum() * (axis[1] - axis[0]) ** 2
            )
            assert system.marginal_density(variable, np.array([value]))[0] == pytest.approx(density, rel=1e-7)
    middle = system.marginal_density(1, axis)
    assert np.abs(middle - system.marginal_density(0, axis)).max() > 0.01


MOMENTS = [
    lambda x: x[..., 0] ** 2,
    lambda x: x[..., 1] ** 4,
    lambda x: x[..., 0] * x[..., 1],
    lambda x: x[..., 0] ** 3 * x[..., 1],
    lambda x: np.cos(3 * x[..., 0] - x[..., 1]),
]


def test_samples_have_the_moments_of_the_density():
    n = 400_000
    samples = get_system("phi4_chain", n_variables=2).sample(n, np.random.default_rng(1))
    uncoupled = get_system("phi4_chain", n_variables=2, coupling=0.0).sample(n, np.random.default_rng(1))
    deviations = []
    for moment in MOMENTS:
        exact, values = plane_average(moment), moment(samples)
        # 4.5 standard errors: five moments leave a false alarm below 1e-4; the grid's own error is below 1e-5.
        error = values.std() / n**0.5
        assert abs(values.mean() - exact) < 4.5 * error + 1e-5
        deviations.append(abs(moment(uncoupled).mean() - exact) / error)
    assert max(deviations) > 100


def test_samples_of_a_long_chain_have_its_marginals_and_its_score():
    n, d = 100_000, 12
    system = get_system("phi4_chain", n_variables=d)
    x = system.sample(n, np.random.default_rng(2))
    edges = np.linspace(-2, 2, 41)
    centers = 0.5 * (edges[1:] + edges[:-1])
    for variable in (0, 5, 11):
        expected = n * (edges[1] - edges[0]) * system.marginal_density(variable, centers)
        found = np.histogram(x[:, variable], edges)[0]
        # χ² of 40 bins: mean 40 and deviation 9; bins this narrow have the density of their middle within 1 %.
        assert ((found - expected) ** 2 / expected).sum() < 40 + 5 * 9
    # Stein's identity E[s xᵀ] = −I; each entry is a mean of independent values.
    products = system.score(x)[:, :, None] * x[:, None, :]
    deviation = (products.mean(axis=0) + np.eye(d)) / (products.std(axis=0) / n**0.5)
    assert np.abs(deviation).max() < 5  # 144 entries
    wrong = get_system("phi4_chain", n_variables=d, coupling=1.3).score(x)[:, :, None] * x[:, None, :]
    assert np.abs((wrong.mean(axis=0) + np.eye(d)) / (wrong.std(axis=0) / n**0.5)).max() > 15


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_smoothed_score_is_that_of_the_convolution(noise):
    system = get_system("phi4_chain", n_variables=2)
    noise_scale = noise * np.array([0.9, 0.8])
    points = np.random.default_rng(3).uniform(-1.5, 1.5, (6, 2))

    def log_convolution(x):
        axis = np.linspace(-6, 6, 481)
        z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
        return np.log(np.exp(-potential(x + noise_scale * z) - 0.5 * (z**2).sum(axis=-1)).sum())

    h = 1e-4
    exact = np.array(
        [[(log_convolution(x + h * e) - log_convolution(x - h * e)) / (2 * h) for e in np.eye(2)] for x in points]
    )
    np.testing.assert_allclose(system.smoothed_score(points, noise_scale), exact, rtol=1e-5, atol=1e-5)
    assert not np.allclose(system.smoothed_score(points, 1.1 * noise_scale), exact, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="it must be positive"):
        system.smoothed_score(points, np.array([0.1, 0.0]))


def test_simulation_has_the_law_of_the_samples():
    system = get_system("phi4_chain", n_variables=3)
    x = simulate(system, n_members=4000, n_times=2, seed=4).values[:, -1]
    exact = system.sample(400_000, np.random.default_rng(5))
    for moment in MOMENTS:
        values, expected = moment(x), moment(exact)
        # 5 standard errors of 4000 independent members; Heun's own error at dt .005 is below half of one.
        assert abs(values.mean() - expected.mean()) < 5 * values.std() / 4000**0.5
    loose = get_system("phi4_chain", n_variables=3, coupling=0.3)
    wrong = simulate(loose, n_members=4000, n_times=2, seed=4).values[:, -1]
    pair = (wrong[:, 0] * wrong[:, 1]).mean() - (exact[:, 0] * exact[:, 1]).mean()
    assert abs(pair) > 10 * (wrong[:, 0] * wrong[:, 1]).std() / 4000**0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"n_variables": 0}, "n_variables is 0: it must be at least 1"), ({"coupling": -1.0}, "must not be negative")],
)
def test_refuses_unusable_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        get_system("phi4_chain", **parameters)
