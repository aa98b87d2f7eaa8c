"""Potentials and their score matching against automatic differentiation and exact solutions."""

import numpy as np
import pytest
import torch

from kgmm.score.candidates import Support, kmeans_centers
from kgmm.score.folds import Folded
from kgmm.score.held_out import Comparison, HeldOutLoss
from kgmm.score.orthogonal_momentum import OrthogonalMomentum, orthogonalized
from kgmm.score.potentials import PolynomialFeatures, Potential, RadialFeatures, nearest_distance
from kgmm.score.score_matching import FoldSums

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(200, 3, generator=GENERATOR, dtype=torch.float64)
FAMILIES = {
    "polynomial": PolynomialFeatures.up_to(3, 5, 3),
    "pairs": PolynomialFeatures.up_to(3, 4, 2),
    "radial": RadialFeatures(torch.randn(12, 3, generator=GENERATOR, dtype=torch.float64), 0.8),
}
families = pytest.mark.parametrize("features", FAMILIES.values(), ids=FAMILIES)


def jacobian(function, x):
    """``∂f_i/∂x_k`` at every row, ``(n, d, d)``."""
    return torch.func.vmap(torch.func.jacrev(lambda row: function(row[None])[0]))(x)


@families
def test_moments_are_sums_of_gradients_and_laplacians(features):
    base = torch.randn(X.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gram, linear = features.moments(*features.sums(X, base))
    units = torch.eye(features.n_functions, dtype=torch.float64)
    gradients = torch.stack([features.gradient(X, unit) for unit in units])
    laplacians = torch.stack(
        [jacobian(lambda x, u=unit: features.gradient(x, u), X).diagonal(dim1=1, dim2=2).sum() for unit in units]
    )
    torch.testing.assert_close(gram, torch.einsum("jnd,knd->jk", gradients, gradients), rtol=1e-9, atol=1e-7)
    torch.testing.assert_close(linear, laplacians + torch.einsum("jnd,nd->j", gradients, base), rtol=1e-9, atol=1e-7)


@families
def test_gradient_is_that_of_a_potential(features):
    """Its Jacobian is symmetric, unlike that of a field that is no gradient."""
    weights = torch.randn(features.n_functions, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    matrix = jacobian(lambda x: features.gradient(x, weights), X)
    torch.testing.assert_close(matrix, matrix.transpose(1, 2))
    turned = jacobian(lambda x: features.gradient(x, weights).roll(1, dims=1), X)
    assert (turned - turned.transpose(1, 2)).abs().max() > 0.1


def test_polynomials_are_products_of_normalised_hermite_polynomials():
    features = PolynomialFeatures(torch.tensor([[2, 1]]))
    x = torch.tensor([[0.7, -1.3]], dtype=torch.float64)
    # φ = (x² − 1)/√2 · y
    expected = torch.tensor([[2 * 0.7 * -1.3, 0.7**2 - 1]], dtype=torch.float64) / 2**0.5
    torch.testing.assert_close(features.gradient(x, torch.ones(1, dtype=torch.float64)), expected)


@pytest.mark.parametrize("arguments", [(1, 6, 4), (3, 4, 2), (4, 4, 4), (5, 3, 2)])
def test_number_of_polynomials(arguments):
    features = PolynomialFeatures.up_to(*arguments)
    assert features.n_functions == PolynomialFeatures.number(*arguments) == len(features.exponents.unique(dim=0))
    assert features.exponents.sum(dim=1).max() == arguments[1]
    assert (features.exponents > 0).sum(dim=1).max() <= arguments[2]


def test_fit_of_a_gaussian_family_is_the_inverse_covariance():
    """Score matching in the quadratic family has the sample covariance as its solution, exactly."""
    mixing = torch.tensor([[1.0, 0.4, 0.0], [0.0, 0.8, -0.3], [0.2, 0.0, 1.1]], dtype=torch.float64)
    x = torch.randn(3000, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64) @ mixing + 0.3
    features = PolynomialFeatures.up_to(3, 2, 2)
    sums = FoldSums.of(features, x, lambda rows: -rows, np.linspace(0, 3000, 6).astype(int))
    fit = sums.fit([1e-12])
    mean, covariance = x.mean(dim=0), torch.cov(x.T, correction=0)
    exact = -(x - mean) @ torch.linalg.inv(covariance)
    found = features.gradient(x, torch.as_tensor(fit.weights)) - x
    torch.testing.assert_close(found, exact, rtol=1e-6, atol=1e-6)
    # Each fold is left out in turn, so the fits differ and their scatter is positive.
    assert 0 < fit.variance < 0.1
    assert fit.losses.shape == (5,)


def test_ridge_is_chosen_where_there_is_little_to_learn():
    x = torch.randn(300, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    sums = FoldSums.of(FAMILIES["polynomial"], x, lambda rows: -rows, np.linspace(0, 300, 6).astype(int))
    fit, loose = sums.fit(), sums.fit([1e-7])
    assert fit.losses.mean() < loose.losses.mean()
    assert fit.ridge == 0.1


def bounded(features, weights) -> tuple[Folded, Potential]:
    x = torch.randn(2000, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    data = Folded(x, np.array([0, 1000, 2000]), torch.eye(3, dtype=torch.float64))
    return data, Support.of(data).potential(features, weights, data.precision.float())


def test_potential_is_its_features_at_the_data_and_bounded_elsewhere():
    features = FAMILIES["polynomial"]
    weights = np.random.default_rng(6).standard_normal(features.n_functions)
    data, potential = bounded(features, weights)
    x = data.x.float()
    plain = features.gradient(x, torch.as_tensor(weights, dtype=torch.float32))
    same = torch.isclose(potential(x), plain, rtol=1e-4, atol=1e-4).all(dim=1)
    assert same.float().mean() > 0.999
    far = 30.0 * torch.nn.functional.normalize(x, dim=1)
    assert features.gradient(far, torch.as_tensor(weights, dtype=torch.float32)).norm(dim=1).max() > 1e4
    assert potential(far).norm(dim=1).max() <= 1.2 * plain.norm(dim=1).max()
    again = potential.to("cpu", torch.float64)
    torch.testing.assert_close(again(data.x).float(), potential(x), rtol=1e-3, atol=1e-3)


def test_potential_vanishes_far_from_every_sample():
    """Data on two parallel planes: the gap between them holds none."""
    x = torch.randn(2000, 2, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    x[:, 0] = 0.05 * x[:, 0] + 4.0 * (torch.arange(2000) % 2) - 2.0
    data = Folded(x, np.array([0, 1000, 2000]), torch.linalg.inv(x.T @ x / 2000))
    features = PolynomialFeatures.up_to(2, 4, 2)
    potential = Support.of(data).potential(features, np.ones(features.n_functions), data.precision.float())
    middle, on = torch.tensor([[0.0, 0.5]]), torch.tensor([[2.0, 0.5]])
    assert potential(middle).abs().max() == 0
    assert potential(on).abs().max() > 1


def test_potential_reaches_the_tails_of_large_data():
    """Of a million samples a hundred are further from all centres than the rest, and the score is largest there."""
    x = torch.randn(400_000, 1, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    data = Folded(x, np.array([0, 200_000, 400_000]), torch.eye(1, dtype=torch.float64))
    features = FAMILIES["polynomial"].up_to(1, 2, 1)
    weights = np.array([0.3, 0.5])
    potential = Support.of(data).potential(features, weights, data.precision.float())
    plain = features.gradient(x.float(), torch.as_tensor(weights, dtype=torch.float32))
    assert (potential(x.float()) - plain).abs().max() < 1e-4


def test_an_outlier_does_not_carry_the_potential_along():
    x = torch.randn(30_000, 1, generator=torch.Generator().manual_seed(10), dtype=torch.float64)
    x[777] = 40.0
    data = Folded(x, np.array([0, 15_000, 30_000]), torch.eye(1, dtype=torch.float64))
    features = FAMILIES["polynomial"].up_to(1, 2, 1)
    potential = Support.of(data).potential(features, np.array([0.3, 0.5]), data.precision.float())
    assert potential(torch.tensor([[20.0], [40.0]])).abs().max() == 0
    assert potential(torch.tensor([[3.0]])).abs().max() > 0.5


def test_centers_are_means_of_cells_and_near_every_point():
    x = torch.rand(5000, 2, generator=torch.Generator().manual_seed(8))
    centers = kmeans_centers(x, 100)
    assert 50 < len(centers) < 200
    distances = torch.cdist(x, centers).min(dim=1).values
    torch.testing.assert_close(nearest_distance(x, centers), distances, rtol=1e-3, atol=1e-3)
    assert distances.max() < 0.25  # cells of a hundredth of the square


def test_held_out_loss_is_hyvarinens_and_tells_errors():
    """Two scores with independent known errors of a standard normal law."""
    n, d = 20_000, 4
    generator = torch.Generator().manual_seed(9)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    first, second = (0.2 * torch.randn(d, generator=generator, dtype=torch.float64) for _ in range(2))
    first, second = first - (first @ second) / (second @ second) * second, second  # uncorrelated errors
    a = HeldOutLoss.of(lambda rows: -rows + first, x)
    b = HeldOutLoss.of(lambda rows: -rows + second, x)
    torch.testing.assert_close(a.losses, 0.5 * (first - x).square().sum(dim=1) - d)
    compared = Comparison.of(a, b)
    exact = first.square().sum(), second.square().sum()
    # The loss is a mean over samples: within 4.5 of its standard errors.
    for found, expected in zip(compared.squared_errors, exact):
        assert abs(found - expected) < 4.5 * compared.stderr
    assert abs(compared.squared_errors[0] - 2 * exact[0]) > 4.5 * compared.stderr


def test_orthogonalised_matrices_have_equal_singular_values():
    generator = torch.Generator().manual_seed(10)
    for n_rows, n_columns in ((40, 10), (10, 40), (7, 7)):
        rank = min(n_rows, n_columns)
        left, right = (torch.linalg.qr(torch.randn(n, rank, generator=generator))[0] for n in (n_rows, n_columns))
        matrix = left @ torch.diag(torch.logspace(0, -1, rank)) @ right.T
        values = torch.linalg.svdvals(orthogonalized(matrix[None])[0])
        assert values.min() > 0.5 and values.max() < 1.3


def test_optimiser_solves_a_badly_scaled_regression():
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(500, 10, generator=generator) * torch.logspace(0, -1.5, 10)
    truth = torch.randn(3, 10, generator=generator)
    weight, bias = torch.zeros(3, 10), torch.zeros(3)
    optimizer = OrthogonalMomentum([weight, bias])

    def gradients():
        residual = x @ weight.T + bias - (x @ truth.T + 1.0)
        return [residual.T @ x / 500, residual.mean(dim=0)]

    before = (x @ truth.T + 1.0).square().mean()
    for step in range(400):
        optimizer.step(gradients(), 0.1 * (1 - step / 400))
    after = (x @ (weight - truth).T + bias - 1.0).square().mean()
    assert after < 1e-3 * before
