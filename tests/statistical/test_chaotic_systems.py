"""Stationary statistics of the triad and of the chaotic systems, against exact laws or an independent integrator."""

import numpy as np
import pytest
from scipy.stats import chisquare

from kgmm import get_system, simulate
from kgmm.sde.simulation import stationary_ensemble

pytestmark = pytest.mark.statistical


def ensemble_of(name, n_members, **parameters):
    """Independent stationary states of the observed variables, ``(n_members, n_features)``."""
    return simulate(get_system(name, **parameters), n_members=n_members, n_times=1, seed=4).values[:, 0].astype(float)


def agree(x, y, statistic, k=4.5) -> bool:
    """Statistics of independent samples within ``k`` standard errors: 4.5 leaves 1e-5 of chance failures a number."""
    difference = statistic(x).mean(axis=0) - statistic(y).mean(axis=0)
    variance = statistic(x).var(axis=0) / len(x) + statistic(y).var(axis=0) / len(y)
    return bool(np.all(np.abs(difference) <= k * np.sqrt(variance)))


def first(x):
    return x


def second(x):
    return x**2


# An independent integrator: NumPy, Euler–Maruyama at a tenth of our step or less, its own random numbers, loops over k.


def lorenz63_reference(n, rng, noise=5.0):
    u = rng.standard_normal((3, n)) * 8 + np.array([[0], [0], [27]])
    dt = 2.5e-4
    for _ in range(40_000):
        x, y, z = u
        f = np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])
        u = u + dt * f + noise * dt**0.5 * rng.standard_normal(u.shape)
    return u.T


@pytest.fixture(scope="module")
def lorenz63_states():
    return lorenz63_reference(2000, np.random.default_rng(8))


def test_lorenz63_moments(lorenz63_states):
    ours = ensemble_of("lorenz63", 20_000)
    assert agree(ours, lorenz63_states, first)
    assert agree(ours, lorenz63_states, second)
    other = ensemble_of("lorenz63", 20_000, rayleigh=30.0)
    assert not agree(other, lorenz63_states, first)


def test_lorenz63_step_is_fine_enough():
    """Half the step changes no moment of 20 000 states beyond its error; Euler at four times that step does."""
    system = get_system("lorenz63")
    by_step = {
        dt: simulate(system, n_members=20_000, n_times=1, burn_in=15.0, dt=dt, seed=round(1e5 * dt)).values[:, 0]
        for dt in (0.0025, 0.005)
    }
    assert agree(by_step[0.005], by_step[0.0025], second)
    coarse = simulate(
        system, n_members=20_000, n_times=1, burn_in=15.0, dt=0.01, scheme="euler_maruyama", seed=1
    ).values[:, 0]
    assert not agree(coarse, by_step[0.0025], second)


def test_lorenz96_slow_variables_are_equivalent_and_step_is_fine_enough():
    by_step = {}
    for dt in (0.0025, 0.005):
        states = simulate("lorenz96", n_members=2000, n_times=1, burn_in=10.0, dt=dt, seed=round(1e5 * dt))
        by_step[dt] = states.values[:, 0].astype(float)
    fine, ours = by_step[0.0025], by_step[0.005]
    for statistic in (first, second):
        assert agree(ours, fine, statistic)
        # The ring has no preferred place.
        assert agree(ours, np.roll(fine, 1, axis=1), statistic)
    other = simulate("lorenz96", n_members=2000, n_times=1, burn_in=10.0, seed=1).values[:, 0] * 1.1
    assert not agree(other, fine, second)


@pytest.fixture(scope="module")
def triad():
    return simulate("reduced_triad", n_members=40_000, n_times=1, seed=2).values[:, 0, 0].astype(float)


def bins_of_equal_probability(system, n_bins=30):
    x = np.linspace(-0.3, 3.0, 200_001)
    cumulative = np.cumsum(system.marginal_density(0, x)) * (x[1] - x[0])
    return np.interp(np.linspace(0, 1, n_bins + 1), cumulative / cumulative[-1], x)


def test_triad_follows_its_exact_density(triad):
    def p_value(system):
        edges = bins_of_equal_probability(system)
        edges[[0, -1]] = -np.inf, np.inf
        return chisquare(np.histogram(triad, edges)[0]).pvalue

    assert p_value(get_system("reduced_triad")) > 1e-4
    assert p_value(get_system("reduced_triad", s3=0.9)) < 1e-4


def test_triad_has_its_heavy_tail(triad):
    """Ten standard deviations above the mean there is mass, as many as the exact density says."""
    system = get_system("reduced_triad")
    x = np.linspace(0.4, 5.0, 100_001)
    expected = np.sum(system.marginal_density(0, x)) * (x[1] - x[0])
    found = (triad > 0.4).mean()
    assert abs(found - expected) < 4 * (expected / triad.size) ** 0.5
    assert expected > 1e-3


def test_the_scalar_climate_model_follows_its_exact_density():
    states = simulate("scalar_climate", n_members=40_000, n_times=1, seed=2).values[:, 0, 0].astype(float)
    x = np.linspace(-8.0, 5.0, 200_001)

    def p_value(system):
        cumulative = np.cumsum(system.marginal_density(0, x)) * (x[1] - x[0])
        edges = np.interp(np.linspace(0, 1, 31), cumulative / cumulative[-1], x)
        edges[[0, -1]] = -np.inf, np.inf
        return chisquare(np.histogram(states, edges)[0]).pvalue

    assert p_value(get_system("scalar_climate")) > 1e-4
    assert p_value(get_system("scalar_climate", forcing=0.63)) < 1e-4


def test_the_bursts_of_the_slow_fast_triad_have_the_variance_of_their_noise():
    """``2 · fast_damping E[τ²] = E[g²]`` by Itô's formula, and the bursts are stronger where u is high."""
    u, _, tau = simulate("slow_fast_triad", n_members=20_000, n_times=1, seed=2).values[:, 0].astype(float).T
    noise = get_system("slow_fast_triad").diffusion(np.stack([u, u, tau]))[2]
    balance = 4.0 * tau**2 - noise**2
    assert abs(balance.mean()) < 4 * balance.std() / balance.size**0.5
    wrong = 4.4 * tau**2 - noise**2
    assert abs(wrong.mean()) > 4 * wrong.std() / wrong.size**0.5
    assert tau[u > 2].std() > 3 * tau[u < -2].std()


# Kuramoto–Sivashinsky: the statistics of snapshots that are far apart.


def ks_snapshots(n_members=400, dt=0.1, **parameters):
    system = get_system("kuramoto_sivashinsky", **parameters)
    ensemble = stationary_ensemble(system, n_members=n_members, seed=3, dt=dt)
    states = []
    for _ in range(4):
        ensemble.advance(round(200 / dt))
        states.append(ensemble.state.numpy().T.astype(float))
    return np.concatenate(states)


def spectrum(u):
    """Power of the first 16 modes of each snapshot, ``(n_snapshots, 16)``, the same whatever the grid."""
    return np.abs(np.fft.rfft(u, axis=1)[:, 1:17] / u.shape[1]) ** 2


@pytest.fixture(scope="module")
def ks():
    return ks_snapshots()


def test_kuramoto_sivashinsky_has_zero_mean_and_no_preferred_place(ks):
    assert np.abs(ks.mean(axis=1)).max() < 1e-5
    assert agree(ks, np.roll(ks, 7, axis=1), second)
    tilted = ks * np.linspace(0.9, 1.1, ks.shape[1])
    assert not agree(tilted, np.roll(tilted, 32, axis=1), second)


@pytest.mark.parametrize("change", [{"n_grid": 128}, {"dt": 0.05}], ids=str)
def test_kuramoto_sivashinsky_spectrum_does_not_depend_on_the_discretisation(ks, change):
    assert agree(ks, ks_snapshots(**change), spectrum)


def test_another_length_has_another_spectrum(ks):
    assert not agree(ks, ks_snapshots(length=30.0), spectrum)


@pytest.mark.parametrize(
    ("name", "interval", "burn_in"),
    [
        ("double_well", 2.0, None), ("asymmetric_potential", 2.0, None), ("reduced_triad", 2.0, None),
        ("lorenz63", 2.0, None), ("lorenz96", 2.0, None), ("scalar_climate", 10.0, None),
        ("slow_fast_triad", 10.0, None), ("barotropic", 50.0, None), ("kuramoto_sivashinsky", 200.0, None),
    ],
)  # fmt: skip
def test_default_burn_in_reaches_stationarity(name, interval, burn_in):
    """The first state after the burn-in follows the law of the state two intervals later."""
    states = simulate(name, n_members=1500, n_times=3, interval=interval, burn_in=burn_in, seed=6).values.astype(float)
    for statistic in (first, second):
        assert agree(states[:, 0], states[:, 2], statistic)


def test_no_burn_in_is_not_stationary():
    """Negative control of the test before."""
    states = simulate("lorenz63", n_members=1500, n_times=3, interval=0.05, burn_in=0.0, seed=6).values.astype(float)
    assert not agree(states[:, 0], states[:, 2], second)
