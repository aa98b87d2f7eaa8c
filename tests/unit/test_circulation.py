"""Circulations: bases and their derivatives, symmetries, the density that they keep, and their estimate."""

import numpy as np
import pytest
import torch
from scipy.linalg import block_diag

from kgmm import LangevinModel, ScientificFailure, ScoreModel, get_system
from kgmm.data.standardization import Standardization
from kgmm.langevin.circulation import Circulation, variable_pairs
from kgmm.langevin.circulation_fit import fit_circulation
from kgmm.langevin.fit_dynamics import fit_dynamics
from kgmm.langevin.model_file import load_model, save_model
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.langevin.radial import RadialBasis
from kgmm.langevin.symmetries import equivariant_coefficients, generated_group
from kgmm.score.network import Network


def gaussian_score(scale, sigma: float = 1e-3) -> ScoreModel:
    """The score of a normal law with independent variables of mean 0."""
    scale = np.asarray(scale, dtype=float)
    d = scale.size
    network = Network(((torch.zeros(d, d), torch.zeros(d)),))
    return ScoreModel(network, 1.0, sigma, Standardization(np.zeros(d), scale, -5 * scale, 5 * scale))


def bases(d: int) -> list:
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((12, d))
    return [
        PolynomialBasis.of_degree(np.zeros(d), np.full(d, 5.0), 3),
        RadialBasis(np.zeros(d), np.ones(d), centers, 1.5),
    ]


def some_circulation(basis, seed: int = 1) -> Circulation:
    shape = (len(variable_pairs(basis.n_features)), basis.n_terms)
    return Circulation(basis, 0.3 * np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("kind", [0, 1], ids=["polynomials", "radial"])
def test_the_divergence_is_that_of_the_matrix(kind):
    field = some_circulation(bases(3)[kind])
    x = np.random.default_rng(2).uniform(-2, 2, (50, 3))
    step = 1e-4
    expected = np.zeros((50, 3))
    for j in range(3):
        shift = np.zeros(3)
        shift[j] = step
        expected += (field.matrix(x + shift) - field.matrix(x - shift))[:, :, j] / (2 * step)
    np.testing.assert_allclose(field.divergence(x), expected, atol=1e-6)
    matrix = field.matrix(x)
    np.testing.assert_allclose(matrix, -matrix.transpose(0, 2, 1), atol=1e-12)


@pytest.mark.parametrize("kind", [0, 1], ids=["polynomials", "radial"])
def test_the_velocity_is_that_of_its_parts(kind):
    field = some_circulation(bases(3)[kind])
    x = np.random.default_rng(3).uniform(-2, 2, (40, 3))
    s = np.random.default_rng(4).standard_normal((40, 3))
    expected = np.einsum("nij,nj->ni", field.matrix(x), s) + field.divergence(x)
    tensors = (torch.tensor(values.T.copy(), dtype=torch.float32) for values in (x, s))
    np.testing.assert_allclose(field.evaluator()(*tensors).T, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.statistical
@pytest.mark.parametrize("kind", [0, 1], ids=["polynomials", "radial"])
def test_any_circulation_keeps_the_density_and_its_divergence_is_needed(kind):
    scale = np.array([0.5, 2.0])
    score, field = gaussian_score(scale), some_circulation(bases(2)[kind], seed=5).scaled(2.0)
    model = LangevinModel(score, circulation=field)

    def standard_moments(model) -> np.ndarray:
        initial = scale * np.random.default_rng(6).standard_normal((20_000, 2))
        x = model.sample(20_000, 300, 0.01, save_every=300, initial=initial, seed=7).values[:, -1] / scale
        return np.array(
            [x[:, 0].mean(), x[:, 1].mean(), x[:, 0].var() - 1, x[:, 1].var() - 1, (x[:, 0] * x[:, 1]).mean()]
        )

    # Standard errors of means, variances and covariance of 20 000 independent normal values; five of them.
    stderr = np.array([1.0, 1.0, 2**0.5, 2**0.5, 1.0]) / 20_000**0.5
    assert (np.abs(standard_moments(model)) < 5 * stderr).all()

    class WithoutDivergence(Circulation):
        def evaluator(self, device="cpu", time_unit=1.0):
            def velocity(state, score):
                matrix = torch.tensor(self.matrix(state.T.numpy()), dtype=torch.float32)
                return torch.einsum("nij,jn->in", matrix, score)

            return velocity

    wrong = LangevinModel(score, circulation=WithoutDivergence(field.basis, field.coefficients))
    assert (np.abs(standard_moments(wrong)) > 10 * stderr).any()


@pytest.mark.statistical
def test_a_circulation_is_recovered_from_its_own_path():
    scale = np.array([1.0, 3.0])
    score = gaussian_score(scale)
    basis = PolynomialBasis.of_degree(np.zeros(2), np.full(2, 5.0), 2)
    truth = Circulation(basis, np.array([[1.5, 0.8, -0.6, 0.0, 0.0, 0.4]]), rate=2.0)
    model = LangevinModel(score, 0.2 * np.diag(scale**2), truth)
    initial = scale * np.random.default_rng(0).standard_normal((400, 2))
    path = model.sample(400, 5000, 0.002, save_every=10, initial=initial, seed=1)
    found = fit_circulation(path.values.astype(float), 0.02, score, degrees=(0, 1, 2), centers=())
    x = np.random.default_rng(2).standard_normal((2000, 2))
    exact, fitted = (field.matrix(x)[:, 0, 1] for field in (truth, found.circulation))
    # 200 000 velocities of noise √(2 D/(2 h)) ≈ 3 and six coefficients: an error of about 0.02 of the rate.
    assert np.sqrt(np.mean((fitted - exact) ** 2)) < 0.04 * np.sqrt(np.mean(exact**2))
    assert found.basis == "polynomials of degree 2"
    assert found.gain_over_constant.value > 5 * found.gain_over_constant.stderr


@pytest.mark.parametrize(("name", "n_features"), [("lorenz63", 3), ("lorenz96", 4), ("kuramoto_sivashinsky", 64)])
def test_symmetries_of_the_systems_are_those_of_their_drift(name, n_features):
    system = get_system(name)
    state = np.random.default_rng(0).standard_normal((system.dimension, 5))

    def is_symmetry(observed: np.ndarray) -> bool:
        # Of Lorenz 96 the slow variables are observed, each of which has a block of fast ones.
        n_fast = system.dimension // n_features - 1
        whole = block_diag(observed, np.kron(observed, np.eye(n_fast))) if n_fast else observed
        return np.allclose(system.drift(whole @ state), whole @ system.drift(state), atol=1e-10)

    assert system.symmetries(n_features)
    assert all(map(is_symmetry, system.symmetries(n_features)))
    # Another sign of one variable alone is none.
    assert not is_symmetry(np.diag([-1.0] + [1.0] * (n_features - 1)))


def test_equivariant_coefficients_respect_the_symmetry():
    group = generated_group([np.diag([-1.0, -1.0, 1.0])], 3)
    for basis in (
        PolynomialBasis.of_degree(np.zeros(3), np.full(3, 5.0), 3),
        RadialBasis.of_data(
            np.random.default_rng(0).standard_normal((500, 3)), 20, origin=np.zeros(3), unit=np.ones(3), group=group
        ),
    ):
        span = equivariant_coefficients(basis, group)
        assert 0 < span.shape[1] < 3 * basis.n_terms
        weights = np.random.default_rng(1).standard_normal(span.shape[1])
        field = Circulation(basis, (span @ weights).reshape(3, -1))
        x = np.random.default_rng(2).standard_normal((20, 3))
        expected = group[1] @ field.matrix(x) @ group[1].T
        np.testing.assert_allclose(field.matrix(x @ group[1].T), expected, atol=1e-8)


def test_a_model_in_a_file_is_the_model(tmp_path):
    scale = np.array([0.5, 2.0])
    score = gaussian_score(scale)
    for number, field in enumerate([None, *map(some_circulation, bases(2))]):
        model = LangevinModel(score, np.array([[1.0, -0.5], [0.7, 2.0]]), field)
        save_model(model, tmp_path / f"{number}.nc")
        again = load_model(tmp_path / f"{number}.nc")
        assert repr(again) == repr(model)
        a, b = (one.sample(20, 20, 0.01, seed=1).values for one in (model, again))
        np.testing.assert_array_equal(a, b)
    score.save(tmp_path / "score.nc")
    with pytest.raises(ValueError, match="holds no Langevin model"):
        load_model(tmp_path / "score.nc")


@pytest.mark.parametrize(
    ("n_features", "interval", "sentence"),
    [(1, 0.02, "one variable has no circulation"), (2, 0.5, "too rarely for velocities")],
)
def test_paths_that_allow_no_circulation(n_features, interval, sentence):
    scale = np.ones(n_features)
    model = LangevinModel(gaussian_score(scale))
    every = round(interval / 0.01)
    path = model.sample(100, 200 * every, 0.01, save_every=every, seed=1)
    with pytest.raises(ScientificFailure, match=sentence):
        fit_dynamics(path, gaussian_score(scale), circulation="state")


def test_refusals():
    basis = PolynomialBasis.of_degree(np.zeros(2), np.ones(2), 1)
    with pytest.raises(ValueError, match="coefficients have shape"):
        Circulation(basis, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="non-finite"):
        Circulation(basis, np.full((1, 3), np.nan))
    with pytest.raises(ValueError, match="circulation has 2 variables: the score has 3"):
        LangevinModel(gaussian_score(np.ones(3)), circulation=Circulation(basis, np.zeros((1, 3))))
    with pytest.raises(ValueError, match="signed permutation"):
        generated_group([0.5 * np.eye(2)], 2)
