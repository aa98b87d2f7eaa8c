"""The mean velocity as a circulation: its estimate, the density that it keeps, and laws with holes."""

import numpy as np
import pytest
import torch

import kgmm
from kgmm import LangevinModel, ScientificFailure
from kgmm.data.trajectory import as_trajectory
from kgmm.langevin.candidate_models import FitData, regressed_model
from kgmm.langevin.circulation import Circulation
from kgmm.langevin.fit_dynamics import fit_dynamics
from kgmm.langevin.mean_velocity import MeanVelocity
from kgmm.langevin.mean_velocity_fit import fit_mean_velocity
from kgmm.langevin.model_file import load_model, save_model
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from tests.unit.test_circulation import gaussian_score

SCALE = np.array([1.0, 3.0])
BASIS = PolynomialBasis.of_degree(np.zeros(2), np.full(2, 5.0), 2)
TRUTH = Circulation(BASIS, np.array([[1.5, 0.8, -0.6, 0.0, 0.0, 0.4]]), rate=2.0)


@pytest.fixture(scope="module")
def path():
    model = LangevinModel(gaussian_score(SCALE), 0.2 * np.diag(SCALE**2), TRUTH)
    initial = SCALE * np.random.default_rng(0).standard_normal((400, 2))
    return model.sample(400, 5000, 0.002, save_every=10, initial=initial, seed=1)


@pytest.fixture(scope="module")
def fit(path):
    return fit_mean_velocity(path.values.astype(float), 0.02, gaussian_score(SCALE))


@pytest.mark.statistical
def test_the_velocity_of_a_circulation_is_recovered(fit):
    x = np.random.default_rng(2).standard_normal((2, 2000)).astype(np.float32)
    state, score = torch.tensor(x), torch.tensor(-x)
    exact, fitted = TRUTH.evaluator()(state, score), fit.circulation.evaluator()(state, score)
    # 200 000 velocities of noise √(2 D/(2 h)) ≈ 3 and twenty coefficients: an error of about 0.03.
    assert (fitted - exact).square().mean() ** 0.5 < 0.03 * exact.square().mean() ** 0.5
    # R of degree two times a linear score.
    assert fit.basis == "velocity of degree 3"
    assert fit.gain_over_constant.value > 5 * fit.gain_over_constant.stderr


@pytest.mark.statistical
def test_the_density_is_kept_by_the_velocity_and_not_by_one_with_a_source(fit):
    n = 20_000

    def moments(field: MeanVelocity) -> np.ndarray:
        model = LangevinModel(gaussian_score(SCALE), 0.2 * np.diag(SCALE**2), field)
        initial = SCALE * np.random.default_rng(6).standard_normal((n, 2))
        x = model.sample(n, 1000, 0.01, save_every=1000, initial=initial, seed=7).values[:, -1] / SCALE
        return np.array([*x.mean(axis=0), *(x.var(axis=0) - 1), (x[:, 0] * x[:, 1]).mean()])

    # Five standard errors of means, variances and covariance of independent normal values, and what the error of 0.03
    # of the velocity, about 2, may move them by against the diffusion of 0.2: the gradient part of it is far smaller.
    tolerance = 5 * np.array([1, 1, 2**0.5, 2**0.5, 1]) / n**0.5 + 0.03
    field = fit.circulation
    assert (np.abs(moments(field)) < tolerance).all()
    source = np.zeros_like(field.coefficients)
    first = int(np.flatnonzero((field.basis.orders == [1, 0]).all(axis=1))[0])
    source[0, first] = 0.1 * field.basis.half_width[0] / 3**0.5  # v₁ = 0.1 x₁: the variance becomes 2
    assert not (np.abs(moments(MeanVelocity(field.basis, field.coefficients + source))) < tolerance).all()


@pytest.fixture(scope="module")
def limit_cycle():
    """``dx = −∇U dt + 2 J x dt + √2ε dW`` with ``U = (r² − 1)²/4``: a ring of density, turning as a whole."""
    rng, noise, dt = np.random.default_rng(0), 0.03, 0.005
    angle = rng.uniform(0, 2 * np.pi, 200)
    x, states = np.stack([np.cos(angle), np.sin(angle)], axis=1), []
    for step in range(4000):
        drift = -x * ((x**2).sum(axis=1, keepdims=True) - 1) + 2 * np.stack([-x[:, 1], x[:, 0]], axis=1)
        x = x + dt * drift + (2 * noise * dt) ** 0.5 * rng.standard_normal(x.shape)
        if step >= 1000 and step % 4 == 0:
            states.append(x)
    return as_trajectory(np.stack(states, axis=1), ["x", "y"], 0.02)


@pytest.mark.statistical
def test_currents_around_a_hole_take_the_velocity(limit_cycle):
    score = kgmm.fit_score(limit_cycle.values[:, ::20].reshape(-1, 2), families=("polynomial",))
    model = fit_dynamics(limit_cycle, score, circulation="velocity")
    # The autocorrelation of the data oscillates: a model without the rotation is off by .5.
    assert model.dynamics.check.worst < 0.05
    assert model.dynamics.check.quantile_errors.max() < 0.05
    correlations = BlockedAutocorrelation.of_path(limit_cycle)
    data = FitData(limit_cycle, score, correlations, limit_cycle.values[:, ::50].reshape(-1, 2), (), 0)
    chosen = regressed_model(data)
    assert chosen.dynamics.circulation == "velocity"
    assert "an antisymmetric R(x) by" in chosen.dynamics.reason


def test_without_holes_the_bounded_circulation_is_taken(path):
    correlations = BlockedAutocorrelation.of_path(path)
    data = FitData(path, gaussian_score(SCALE), correlations, path.values[:, ::50].reshape(-1, 2), (), 0)
    assert regressed_model(data).dynamics.circulation == "state"


def test_a_model_in_a_file_is_the_model(tmp_path, fit):
    model = LangevinModel(gaussian_score(SCALE), 0.2 * np.diag(SCALE**2), fit.circulation)
    save_model(model, tmp_path / "model.nc")
    again = load_model(tmp_path / "model.nc")
    a, b = (one.sample(20, 20, 0.01, seed=1).values for one in (model, again))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(again.circulation.stderr, fit.circulation.stderr)


def test_refusals(path):
    few = path[:10, :9].values.astype(float)
    with pytest.raises(ValueError, match="90 points: too few for a velocity of 2 variables"):
        fit_mean_velocity(few, 0.02, gaussian_score(SCALE), degrees=(1, 2))
    with pytest.raises(ScientificFailure, match="too rarely for velocities"):
        fit_dynamics(path[:, ::50], gaussian_score(SCALE), circulation="velocity")
    dataset = MeanVelocity(BASIS, np.zeros((2, 6))).to_dataset()
    with pytest.raises(ValueError, match="mean velocity"):
        MeanVelocity.from_dataset(dataset.isel(component=[0]))
