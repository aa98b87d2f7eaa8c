"""Hidden variables: the density that they keep, the autocorrelations that they reproduce, their estimate."""

import numpy as np
import pytest

import kgmm
from kgmm import LangevinModel, ScientificFailure
from kgmm.langevin import hidden_fit, memory_kernel
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.hidden_fit import fit_hidden
from kgmm.langevin.hidden_modes import Modes, Target, correlations
from kgmm.langevin.hidden_problem import Problem, Trial
from kgmm.langevin.model_file import load_model, save_model
from kgmm.langevin.perturbed_ensembles import perturbed_response
from kgmm.langevin.simulation_check import simulate_model
from kgmm.langevin.symmetries import generated_group
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.reversible import reversible_bound
from tests.unit.test_circulation import gaussian_score

SCALE = np.array([0.5, 2.0])


def some_hidden(n_features: int = 2, n_hidden: int = 3) -> HiddenVariables:
    """A positive definite symmetric part and any antisymmetric one."""
    rng = np.random.default_rng(0)
    root, other = rng.standard_normal((2, n_features + n_hidden, n_features + n_hidden))
    return HiddenVariables(0.1 * root @ root.T + other - other.T, n_features)


@pytest.mark.statistical
def test_the_observed_density_is_that_of_the_score_and_needs_the_right_noise():
    n = 20_000
    model = LangevinModel(gaussian_score(SCALE), hidden=some_hidden())
    initial = SCALE * np.random.default_rng(1).standard_normal((n, 2))

    def moments() -> np.ndarray:
        x = model.sample(n, 600, 0.01, save_every=600, initial=initial, seed=2).values[:, -1] / SCALE
        return np.array([*x.mean(axis=0), *(x.var(axis=0) - 1), (x[:, 0] * x[:, 1]).mean()])

    # Five standard errors of means, variances and covariance of independent normal values, and the error of the step.
    tolerance = 5 * np.array([1, 1, 2**0.5, 2**0.5, 1]) / n**0.5 + 0.01
    assert (np.abs(moments()) < tolerance).all()
    model.noise_matrix = 1.2 * model.noise_matrix
    assert not (np.abs(moments()) < tolerance).all()


def test_the_kernel_of_a_mode():
    rng = np.random.default_rng(0)
    for rates in rng.uniform(-3, 2, (20, memory_kernel.N_RATES)):
        matrix = memory_kernel.mode_matrix(rates)
        assert np.linalg.eigvalsh(matrix + matrix.T)[0] > -1e-9
        at_once, slopes = memory_kernel.mobility_at_once(rates)
        assert at_once == pytest.approx(matrix[0, 0])
        shifted = [memory_kernel.mobility_at_once(rates + shift)[0] for shift in 1e-6 * np.eye(len(rates))]
        np.testing.assert_allclose((np.array(shifted) - at_once) / 1e-6, slopes, rtol=1e-4, atol=1e-6)
    # Inertia alone: the damped oscillator x'' + γ x' + c² x.
    c, friction, off = 1.0, 0.5, -30.0
    rates = np.log([1e-9, c, friction, 1e-9, 1.0, 1.0, 1e-9, 1.0]).clip(off)
    times = 0.1 * np.arange(60)
    frequency = (c**2 - friction**2 / 4) ** 0.5
    exact = np.exp(-friction * times / 2) * (
        np.cos(frequency * times) + friction / (2 * frequency) * np.sin(frequency * times)
    )
    np.testing.assert_allclose(memory_kernel.mode_correlation(rates, 0.1, 60), exact, atol=1e-6)
    fitted = memory_kernel.fit_mode(exact, 0.1, memory_kernel.starts(1.0), memory_kernel.limits(1.0, 0.1))
    assert np.abs(memory_kernel.mode_correlation(fitted, 0.1, 60) - exact).max() < 0.02
    # The overdamped relaxation has no oscillation to offer.
    assert np.abs(np.exp(-times) - exact).max() > 0.2


def test_rates_are_not_faster_than_the_lags_and_a_stiff_mobility_has_a_price():
    """A twentieth of the variance is gone at the first lag, as by noise of a measurement: any fast rate does that."""
    lags = 2.0 * np.arange(60)
    rho = np.where(lags == 0, 1.0, 0.95 * np.exp(-lags / 20) * np.cos(lags / 8))
    bounds = memory_kernel.limits(6.0, 2.0)
    assert np.exp(bounds[1]).max() == pytest.approx(4.0 / 6.0)
    slow = memory_kernel.limits(60.0, 2.0, 100.0)
    assert np.exp(slow[1]).max() == pytest.approx(0.5)
    # An oscillation has the frequency of its coupling times ten: its period is at least two lags.
    np.testing.assert_allclose(np.exp(slow[1][[1, 3]]), np.pi / 20, rtol=1e-12)

    def fitted(limits: np.ndarray, **options) -> tuple[np.ndarray, float, float]:
        rates = memory_kernel.fit_mode(rho, 2.0, memory_kernel.starts(6.0), limits, **options)
        error = np.abs(memory_kernel.mode_correlation(rates, 2.0, len(rho)) - rho).max()
        return rates, memory_kernel.mobility_at_once(rates)[0], error

    unbounded = fitted(np.array([[-np.inf], [np.inf]]) * np.ones(memory_kernel.N_RATES))
    bounded, cheap = fitted(bounds), fitted(bounds, stiffness=1.0)
    assert (bounded[0] <= bounds[1]).all() and (bounded[0] >= bounds[0]).all()
    assert np.exp(unbounded[0]).max() > np.exp(bounds[1]).max()
    assert cheap[1] < 0.5 * bounded[1]
    assert bounded[2] < 0.06 and cheap[2] < 0.06


def test_a_model_that_needs_too_many_steps_is_refused_before_it_runs():
    model = LangevinModel(gaussian_score(SCALE), hidden=some_hidden())
    start = SCALE * np.random.default_rng(0).standard_normal((100, 2))
    path = simulate_model(model, start, 1.0, 0.1, n_members=20)
    assert path.sizes["time"] * 0.1 == pytest.approx(20.0)
    with pytest.raises(ScientificFailure, match=f"{path.attrs['n_steps']} steps for 20 decorrelation times"):
        simulate_model(model, start, 1.0, 0.1, n_members=20, max_steps=path.attrs["n_steps"] - 1)


class Linear:
    """Residuals ``A (θ − θ₀) + noise`` of 2 × 8 rates, with derivatives that are halved in one direction."""

    def __init__(self, largest: float = np.inf):
        rng = np.random.default_rng(0)
        self.matrix = np.linalg.qr(rng.standard_normal((40, 16)))[0] * 10.0
        self.truth, self.largest = 0.2 * rng.standard_normal((2, memory_kernel.N_RATES)), largest
        self.members, self.noise = [], np.zeros(40)

    def simulate(self, rates, n_members, max_steps=None):
        if np.abs(rates).max() > self.largest:
            raise ScientificFailure("too many steps")
        self.members.append(n_members)
        residuals = self.matrix @ (rates - self.truth).ravel() + self.noise
        return Trial(rates, None, None, residuals, float(np.abs(residuals).max()), 0.0, 100)

    def jacobian(self, trial):
        wrong = np.eye(16) - 0.5 * np.outer(self.truth.ravel(), self.truth.ravel()) / (self.truth**2).sum()
        return self.matrix @ wrong

    def allowed(self, rates):
        return rates


def test_corrections_learn_from_simulations_and_survive_a_trial_that_is_refused():
    start = np.zeros((2, memory_kernel.N_RATES))
    problem = Linear()
    trials = hidden_fit.descend(problem, problem.simulate(start, 7), 1e-6 * problem.truth, 7, 5)
    # The first step goes twice as far as it should, and would for ever: the cost is as large as at the start.
    assert trials[2].error == pytest.approx(trials[0].error, rel=0.05)
    assert min(trial.cost for trial in trials) < 1e-3 * trials[0].cost
    assert len(trials) == 6 and problem.members == [7] * 6

    # The first step is refused, half of it is the answer.
    problem = Linear(largest=1.2 * np.abs(problem.truth).max())
    trials = hidden_fit.descend(problem, problem.simulate(start, 7), 1e-6 * problem.truth, 7, 4)
    assert len(trials) < 5
    assert min(trial.cost for trial in trials) < 1e-2 * trials[0].cost


def test_the_best_of_a_fit_is_judged_on_a_noise_that_it_has_not_seen():
    problem = Linear()
    shape = problem.truth.shape
    near, nearer, far = (problem.truth + shift * np.ones(shape) / 4 for shift in (0.06, -0.05, 3.0))
    problem.noise = -problem.matrix @ (near - problem.truth).ravel()
    trials = [problem.simulate(rates, 7) for rates in (near, far, problem.truth)]
    # On the noise that they were fitted to the first has no error at all; without noise the last has none.
    assert trials[0].cost < 1e-20
    problem.noise, problem.members = np.zeros(40), []
    # What costs more than twice the best has no chance.
    assert hidden_fit.judged(problem, trials, 9).rates is near
    assert problem.members == [9]
    trials = [problem.simulate(rates, 7) for rates in (near, far, nearer)]
    problem.noise, problem.members = 0.3 * problem.matrix @ (near - problem.truth).ravel(), []
    assert hidden_fit.judged(problem, trials, 9).rates is nearer
    assert problem.members == [9, 9]


def ring_path(n_features: int = 4) -> np.ndarray:
    """Shifts of a linear process on a ring, ``(200, 300, n_features)``: neighbours attract each other."""
    rng = np.random.default_rng(0)
    ring = np.roll(np.eye(n_features), 1, axis=0)
    step = 0.5 * np.eye(n_features) + 0.15 * (ring + ring.T)
    path = np.zeros((200, 300, n_features))
    for k in range(1, 300):
        path[:, k] = path[:, k - 1] @ step + rng.standard_normal((200, n_features))
    return path[:, 50:]


def test_what_symmetries_map_onto_each_other_has_one_set_of_rates_and_one_autocorrelation():
    path, ring = ring_path(), np.roll(np.eye(4), 1, axis=0)
    score = gaussian_score(np.ones(4))
    plain = Modes.of(path, score, 2)
    assert plain.orbits.tolist() == [0, 1, 2, 3] and plain.variable_orbits.tolist() == [0, 1, 2, 3]
    modes = Modes.of(path, score, 2, generated_group([ring], 4))
    # The mean, the pair of the wave that fits once, the alternating sum.
    assert modes.orbits.tolist() == [0, 1, 1, 2] and modes.variable_orbits.tolist() == [0, 0, 0, 0]
    assert modes.firsts.tolist() == [0, 1, 3]
    np.testing.assert_allclose(np.abs(modes.to_modes[0]), np.abs(modes.to_modes[0, 0]), rtol=1e-6)
    rates = np.random.default_rng(1).uniform(-3, 0, (3, memory_kernel.N_RATES))
    matrix, shift = modes.matrix(rates), np.eye(20)
    shift[:4, :4] = ring
    # The mobility of the observed variables respects the shift, as does the memory that hidden ones give it.
    np.testing.assert_allclose(shift[:4, :4] @ matrix[:4, :4] @ ring.T, matrix[:4, :4], atol=1e-12)
    memory = matrix[:4, 4:] @ matrix[4:, :4]
    np.testing.assert_allclose(ring @ memory @ ring.T, memory, atol=1e-12)

    variables, of_modes = correlations(path, score, modes, 1, 10)
    alone = correlations(path, score, plain, 1, 10)[0]
    assert np.ptp(variables, axis=1).max() < 1e-12 and np.ptp(of_modes[:, 1:3], axis=1).max() < 1e-12
    assert np.abs(variables[:, 0] - alone.mean(axis=1)).max() < 0.01 < np.ptp(alone, axis=1).max() + 0.01
    # The wave that fits once keeps half of itself a step.
    np.testing.assert_allclose(of_modes[1:4, 1], 0.5 ** np.arange(1, 4), atol=0.02)


def test_derivatives_of_the_law_that_resembles_a_simulation():
    """For a normal law the simulation is the Gaussian law: derivatives are differences of its residuals."""
    path = ring_path()
    score = gaussian_score(path.reshape(-1, 4).std(axis=0))
    modes = Modes.of(path, score, 2, generated_group([np.roll(np.eye(4), 1, axis=0)], 4))
    target = Target(1.0, *correlations(path, score, modes, 1, 20), np.full(4, 2.0))
    problem = Problem.of(score, path[:, 0], target, modes, 0)
    rates = problem.linear_rates()

    def trial(rates: np.ndarray) -> Trial:
        of_modes = [memory_kernel.mode_correlation(rates[orbit], 1.0, 20) for orbit in modes.orbits]
        of_modes = np.stack(of_modes, axis=1)
        at_once = [memory_kernel.mobility_at_once(rates[orbit])[0] for orbit in modes.orbits]
        residuals = target.residuals(of_modes @ modes.shares().T, of_modes)
        return Trial(rates, None, of_modes, np.r_[residuals, target.mode_weight * problem.stiffness * at_once], 0, 0, 1)

    jacobian = problem.jacobian(trial(rates))
    step = 1e-4 * np.random.default_rng(0).standard_normal(rates.shape)
    change = trial(rates + step).residuals - trial(rates - step).residuals
    assert jacobian.shape == (20 * 4 + 4 + 20 * 4 + 4, 3 * memory_kernel.N_RATES)
    np.testing.assert_allclose(2 * jacobian @ step.ravel(), change, atol=0.02 * np.abs(change).max())


@pytest.fixture(scope="module")
def particle():
    """A particle with a velocity in the potential x⁴/4, of which the position is observed: no Markov process."""
    rng = np.random.default_rng(0)
    samples = (rng.choice([-1, 1], 40_000) * (4 * rng.gamma(0.25, size=40_000)) ** 0.25)[:, None]
    score = kgmm.fit_score(samples, families=("polynomial",))
    truth = HiddenVariables(np.array([[0.02, -1.0], [1.0, 0.3]]), 1)
    model = LangevinModel(score, hidden=truth)
    return score, model.sample(200, 4000, 0.05, save_every=4, burn_in=20.0, initial=samples[:200], seed=3)


@pytest.mark.statistical
def test_a_hidden_velocity_is_found_where_every_markov_model_fails(particle):
    score, path = particle
    data = BlockedAutocorrelation.of_path(path)
    start = path.values[:, ::100].reshape(-1, 1)
    fit = fit_hidden(path.values.astype(float), 0.2, score, data, start, n_simulations=3, n_members=256)
    # Both simulations and data have an error of about .01. A Markov process in one variable is reversible.
    assert fit.error < 0.04
    assert 0.0005 < fit.stderr < 0.02
    assert reversible_bound(data)[0].value > 0.1
    # The law is not normal: the rates of a Gaussian law are not those of the particle.
    assert fit.errors[0] > 2 * min(fit.errors)
    assert fit.hidden.n_hidden == 4


def test_a_model_in_a_file_is_the_model(tmp_path):
    model = LangevinModel(gaussian_score(SCALE), hidden=some_hidden())
    save_model(model, tmp_path / "model.nc")
    again = load_model(tmp_path / "model.nc")
    assert repr(again) == repr(model)
    a, b = (one.sample(20, 20, 0.01, seed=1).values for one in (model, again))
    np.testing.assert_array_equal(a, b)


def test_refusals(particle):
    score = gaussian_score(SCALE)
    with pytest.raises(ScientificFailure, match="positive semidefinite"):
        HiddenVariables(np.array([[0.1, 1.0], [1.0, 0.1]]), 1)
    with pytest.raises(ValueError, match="more than 2 rows"):
        HiddenVariables(np.eye(2), 2)
    with pytest.raises(ValueError, match="hidden has 1 observed variables: the score has 2"):
        LangevinModel(score, hidden=some_hidden(1))
    with pytest.raises(ValueError, match="no circulation, can be given"):
        LangevinModel(score, np.eye(2), hidden=some_hidden())
    model = LangevinModel(score, hidden=some_hidden())
    with pytest.raises(ValueError, match="the model has hidden variables"):
        push = np.array([1.0, 0.0])
        perturbed_response(model, push, longest=0.2, interval=0.1, reference=np.zeros((10, 2)))
    rare = particle[1][:, ::20]
    data = BlockedAutocorrelation.of_path(rare)
    with pytest.raises(ScientificFailure, match="too few for the rates"):
        fit_hidden(rare.values.astype(float), 4.0, particle[0], data, rare.values[:, 0])
