"""Responses against exact laws, and their standard errors against the scatter of replicates."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

import kgmm
from kgmm.langevin.perturbed_ensembles import perturbed_response

_LAGS = 0.05 * np.arange(41)
_TESTED = [4, 16, 40]
_REPLICATES = 300


def exact_ou_step(u: np.ndarray) -> np.ndarray:
    """``∫ exp(−Aτ) u dτ`` of the means, ``(2, n_lags)``."""
    a = np.array([[1.0, -1.0], [1.0, 0.5]])
    return np.array([np.linalg.solve(a, (np.eye(2) - expm(-a * lag)) @ u) for lag in _LAGS]).T


def exact_double_well_step(function, weight) -> np.ndarray:
    """``∫ E[a(x(τ)) B(x(0))] dτ``, ``(n_lags,)``, by the generator on a fine grid, reversible by construction."""
    x = np.linspace(-2.6, 2.6, 801)
    h = x[1] - x[0]
    density = np.exp(-((x**2 - 1) ** 2))
    density /= density.sum()
    middle = 0.5 * (x[1:] + x[:-1])
    flow = np.exp(-((middle**2 - 1) ** 2)) / np.exp(-((x**2 - 1) ** 2)).sum() / h**2
    generator = np.diag(flow / density[:-1], 1) + np.diag(flow / density[1:], -1)
    generator -= np.diag(generator.sum(axis=1))
    root = np.sqrt(density)
    rates, modes = np.linalg.eigh(generator * root[:, None] / root[None, :])
    start, end = modes.T @ (root * weight(x)), modes.T @ (root * (function(x) - density @ function(x)))
    slow = rates[:, None] * _LAGS
    integral = np.where(np.abs(slow) < 1e-12, _LAGS, np.expm1(slow) / np.where(rates == 0, 1, rates)[:, None])
    return (start * end) @ integral


def z_scores(name: str, perturbation, exact: np.ndarray, observables) -> np.ndarray:
    """Deviations from the exact step responses in standard errors, at three lags of 300 replicates."""
    system = kgmm.get_system(name)
    paths = kgmm.simulate(name, n_members=100 * _REPLICATES, n_times=400, interval=0.05, seed=1)
    found = []
    for number in range(_REPLICATES):
        path = paths[100 * number : 100 * (number + 1)]
        responses = kgmm.response(path, system.score, perturbation, observables, longest=2.0)
        deviation = responses["step"].values.reshape(exact.shape) - exact
        error = responses["step_stderr"].values.reshape(exact.shape)
        found.append(deviation[:, _TESTED] / error[:, _TESTED])
    return np.array(found)


@pytest.mark.parametrize("name", ["ornstein_uhlenbeck", "double_well"])
def test_standard_errors_are_calibrated(name):
    if name == "ornstein_uhlenbeck":
        # The last two rows: variances do not respond to a push of a linear system.
        exact = np.concatenate([exact_ou_step(np.array([1.0, 0.0])), np.zeros((2, 41))])
        z = z_scores(name, np.array([1.0, 0.0]), exact, ("mean", "variance"))
    else:
        # Friction −x/10: B = 1/10 + x s(x)/10, and the variance is that of the moment about zero.
        exact = exact_double_well_step(lambda x: x**2, lambda x: 0.1 * (1 + x * -4 * x * (x**2 - 1)))[None]
        z = z_scores(name, lambda x: -0.1 * x, exact, ("variance",))
    # That of Student's t with 19 degrees of freedom is 1.12. With 20 replicates the mean square would scatter by 0.3.
    assert 0.8 < (z**2).mean() < 1.25
    # The lags of a replicate are nearly one number: three standard errors are 3 · 1.1/√300.
    assert abs(z.mean()) < 0.2
    shifted = (z + 1.0) ** 2  # negative control: a bias of one standard error is seen
    assert shifted.mean() > 1.25


def test_moments_lower_the_noise_of_an_exact_score_and_the_bias_of_a_blurred_one():
    """Measured over 40 replicates: 0.054 and 0.031 of the response, 0.38 and 0.037."""
    system = kgmm.get_system("double_well")
    paths = kgmm.simulate("double_well", n_members=4000, n_times=400, interval=0.05, seed=3)
    noise_scale = 0.3 * paths.values.std(axis=(0, 1)).astype(float)
    exact = exact_double_well_step(lambda x: x, lambda x: 4 * x * (x**2 - 1))

    def error(score, moments: int) -> float:
        steps = [
            kgmm.response(paths[k : k + 100], score, np.array([1.0]), ("mean",), longest=2.0, moments=moments)["step"]
            for k in range(0, 4000, 100)
        ]
        return float(np.sqrt(np.mean((np.array(steps)[:, 0, 0] - exact) ** 2) / np.mean(exact**2)))

    def blurred(x):
        return system.smoothed_score(x, noise_scale)

    # The root mean square of 40 replicates has a standard error of a ninth.
    assert error(system.score, 4) < 0.75 * error(system.score, 0)
    assert error(blurred, 4) < 0.2 * error(blurred, 0)
    assert error(blurred, 0) > 0.3  # negative control: there is something to mend


def test_the_response_to_a_push_of_a_double_well():
    path = kgmm.simulate("double_well", n_members=400, n_times=500, interval=0.05, seed=1)
    found = kgmm.response(path, kgmm.get_system("double_well").score, np.array([1.0]), longest=2.0)
    exact = exact_double_well_step(lambda x: x, lambda x: 4 * x * (x**2 - 1))
    step = found["step"].sel(observable="mean")[0]
    error = found["step_stderr"].sel(observable="mean")[0]
    assert np.abs((step - exact) / np.maximum(error, 1e-12))[1:].max() < 4
    gaussian = found["gaussian_step"].sel(observable="mean")[0]
    # Negative control: this law is not Gaussian.
    assert np.abs(gaussian - exact)[20:].max() > 0.1 * np.abs(exact).max()


def test_perturbed_ensembles_of_a_linear_system_have_no_scatter():
    """With common noise the difference of two linear systems is deterministic; with noises of their own it is not."""
    u = np.array([0.1, 0.0])
    found = perturbed_response("ornstein_uhlenbeck", u, ("mean",), longest=2.0, interval=0.1, max_pairs=1000)
    np.testing.assert_allclose(found["step"][0], exact_ou_step(u)[:, ::2], atol=2e-5)
    assert float(found["step_stderr"].max()) < 1e-6 < 1.0 / 1000**0.5


def test_perturbed_ensembles_of_a_double_well():
    exact = exact_double_well_step(lambda x: x**2, lambda x: 0.1 * (1 + x * -4 * x * (x**2 - 1)))[::2]
    found = perturbed_response(
        "double_well", lambda x: -0.1 * x, ("variance",), longest=2.0, interval=0.1, accuracy=0.01, seed=3
    )
    step, error = (found[name][0, 0, 1:] for name in ("step", "step_stderr"))
    assert np.abs((step - exact[1:]) / error).max() < 4
    assert 0.001 < float(np.sqrt((error**2).sum() / (step**2).sum())) < 0.01
    assert found.attrs["n_pairs"] < 200_000


def test_the_response_of_a_langevin_model_is_that_of_its_equation():
    a = np.array([[1.0, -1.0], [1.0, 0.5]])
    covariance = solve_continuous_lyapunov(a, np.diag([1.0, 1.5]) ** 2)
    samples = np.random.default_rng(0).multivariate_normal(np.zeros(2), covariance, size=20_000)
    score = kgmm.fit_score(samples, families=("polynomial",))
    # Of dX = Φ s dt + …, s = −C⁻¹ x: the drift of the system, whose Φ is A C.
    model = kgmm.LangevinModel(score, a @ np.cov(samples.T))
    u = np.array([0.1, 0.0])
    found = perturbed_response(
        model, u, ("mean", "variance"), longest=2.0, interval=0.1, reference=samples, max_pairs=2000
    )
    np.testing.assert_allclose(found["step"].sel(observable="mean"), exact_ou_step(u)[:, ::2], atol=0.003)
    unlike = exact_ou_step(np.array([0.0, 0.1]))[:, ::2]  # negative control: a push of the other variable
    assert np.abs(found["step"].sel(observable="mean") - unlike).max() > 0.03
