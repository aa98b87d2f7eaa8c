"""The network, its fit, and the score model as a function and a file."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import xarray as xr

from kgmm import KGMM, DirectGMM, ScientificFailure, ScoreModel
from kgmm.network import Network, fit_network
from kgmm.standardize import Standardization

X = np.random.default_rng(0).standard_normal((3000, 2)) * [0.5, 20.0] + [1.0, -4.0]
STANDARDIZATION = Standardization.of(X)


@pytest.fixture(scope="module")
def model():
    cells = KGMM(0.2, 0.02, max_draws=8).fit(X)
    return ScoreModel.fit(cells, hidden=(16, 8), max_iterations=60, seed=1)


def test_network_is_the_formula_it_states():
    network = Network.random((3, 5, 4, 2), seed=0)
    x = torch.randn(10, 3)
    (w1, b1), (w2, b2), (w3, b3) = network.layers
    first = x @ w1.T + b1
    second = first / (1 + torch.exp(-first)) @ w2.T + b2
    expected = second / (1 + torch.exp(-second)) @ w3.T + b3
    torch.testing.assert_close(network(x), expected)
    with torch.no_grad():  # where it works in place
        before = x.clone()
        torch.testing.assert_close(network(x), expected)
        assert torch.equal(x, before)
    assert network.hidden == (5, 4)


def test_random_weights_depend_on_the_seed_only():
    a, b, c = (Network.random((2, 4, 1), seed) for seed in (0, 0, 1))
    assert torch.equal(a.layers[0][0], b.layers[0][0])
    assert not torch.equal(a.layers[0][0], c.layers[0][0])
    assert a.layers[1][0].abs().max() <= 0.5  # 1/√4


def regression(n=200):
    x = np.random.default_rng(1).uniform(-2, 2, (n, 1))
    return x, np.sin(2 * x), np.ones(n)


def test_fit_lowers_the_loss_to_nearly_zero_and_is_reproducible():
    fits = [fit_network(*regression(), hidden=(20,), max_iterations=300, seed=3) for _ in range(2)]
    assert fits[0].loss[-1] < 1e-4 < 0.1 < fits[0].loss[0]
    np.testing.assert_array_equal(fits[0].loss, fits[1].loss)
    assert fits[0].iterations[0] == 0
    assert (np.diff(fits[0].iterations) > 0).all()


@pytest.mark.parametrize("limit", [1, 15, 20])
def test_fit_keeps_to_the_number_of_iterations(limit):
    assert fit_network(*regression(), hidden=(20,), max_iterations=limit).iterations[-1] <= limit


def test_points_without_weight_do_not_count():
    x, y, w = regression()
    x, y, w = np.vstack([x, x]), np.vstack([y, y + 5]), np.concatenate([w, 0 * w])
    assert fit_network(x, y, w, hidden=(20,), max_iterations=300).loss[-1] < 1e-3


def test_prior_shrinks_the_parameters_where_targets_are_noisy():
    def size(noise_fraction):
        fit = fit_network(*regression(), hidden=(20,), max_iterations=100, noise_fraction=noise_fraction)
        return sum(float((p**2).sum()) for layer in fit.network.layers for p in layer)

    assert size(1.0) < 0.8 * size(0.0)


def test_loss_that_cannot_fall_is_a_failure():
    x = np.random.default_rng(2).standard_normal((50, 2))
    start = Network.random((2, 8, 2), seed=4)
    perfect = start(torch.tensor(x, dtype=torch.float32)).numpy()
    with pytest.raises(ScientificFailure, match=r"the network's loss did not fall: .* before, .* after"):
        fit_network(x, perfect, np.ones(50), hidden=(8,), seed=4)
    with pytest.raises(ScientificFailure, match="the network's loss did not fall: nan before, nan after"):
        fit_network(x, np.full((50, 2), np.nan), np.ones(50), hidden=(8,))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": ()}, r"hidden is \(\): at least one layer of positive width is needed"),
        ({"hidden": (8, 0)}, r"hidden is \(8, 0\): at least one layer"),
        ({"max_iterations": 0}, "max_iterations is 0: at least 1 is needed"),
        ({"weights": np.ones(3)}, r"points \(200, 1\), targets \(200, 1\) and weights \(3,\) must agree"),
        ({"targets": np.ones((5, 1))}, r"targets \(5, 1\)"),
    ],
)
def test_fit_refuses(changes, message):
    arguments = dict(zip(("points", "targets", "weights"), regression())) | changes
    with pytest.raises(ValueError, match=message):
        fit_network(**arguments)


def test_far_from_the_data_the_gaussian_pulls_back():
    zero = Network(((torch.zeros(4, 2), torch.zeros(4)), (torch.zeros(2, 4), torch.zeros(2))))
    model = ScoreModel(zero, 3.0, 0.5, STANDARDIZATION)
    x = np.array([[1e3, 1e3], [-5.0, 40.0]])
    expected = -(x - STANDARDIZATION.mean) / STANDARDIZATION.scale**2 / 1.25
    np.testing.assert_allclose(model(x), expected, rtol=1e-6)
    np.testing.assert_allclose(model.divergence(x), -(1 / STANDARDIZATION.scale**2).sum() / 1.25, rtol=1e-6)


def test_jacobian_is_the_derivative(model):
    x, diagonal = X[:50], model.jacobian_diagonal(X[:50])
    for k, scale in enumerate(STANDARDIZATION.scale):
        step = 2e-2 * scale * np.eye(2)[k]
        difference = (model(x + step) - model(x - step))[:, k] / (0.04 * scale)
        np.testing.assert_allclose(diagonal[:, k], difference, atol=0.02 / scale**2)
    np.testing.assert_allclose(model.divergence(x), diagonal.sum(axis=1))
    assert np.abs(diagonal[:, 0] * STANDARDIZATION.scale[0] ** 2 + 1 / 1.04).max() > 0.01  # the network takes part


def test_batches_do_not_change_the_score(model, monkeypatch):
    whole = model(X)
    monkeypatch.setattr("kgmm.score._BATCH", 700)
    np.testing.assert_allclose(model(X), whole, rtol=1e-4, atol=1e-6)


def test_score_takes_single_precision_and_gives_double(model):
    assert model(X.astype(np.float32)).dtype == np.float64
    np.testing.assert_allclose(model(X.astype(np.float32)), model(X), rtol=1e-3, atol=1e-4)


def test_mixture_control_is_fitted_to_the_scores_of_the_mixture():
    mixture = DirectGMM(0.5).fit(X)
    model = ScoreModel.fit_mixture(mixture, X[:500], hidden=(16,), max_iterations=100)
    scale = STANDARDIZATION.scale
    error = (model(X[500:900]) - mixture.score_at(X[500:900])) * scale
    assert np.mean(error**2) < 0.1 * np.mean((mixture.score_at(X[500:900]) * scale) ** 2)
    assert model.sigma == 0.5


def test_file_gives_the_same_function(model, tmp_path):
    model.save(tmp_path / "score.nc")
    loaded = ScoreModel.load(tmp_path / "score.nc")
    np.testing.assert_array_equal(loaded(X), model(X))
    np.testing.assert_array_equal(loaded.jacobian_diagonal(X), model.jacobian_diagonal(X))
    np.testing.assert_array_equal(loaded.history[1], model.history[1])
    assert (loaded.sigma, loaded.residual_scale, loaded.network.hidden) == (0.2, model.residual_scale, (16, 8))
    loaded.save(tmp_path / "again.nc")  # the file is closed and can be written over
    loaded.save(tmp_path / "score.nc")


def test_file_holds_numbers_and_text_only(model, tmp_path):
    model.save(tmp_path / "score.nc")
    with xr.open_dataset(tmp_path / "score.nc") as dataset:
        assert {v.dtype.kind for v in dataset.variables.values()} <= {"f", "i"}
        assert {type(v).__module__ for v in dataset.attrs.values()} <= {"builtins", "numpy"}
    code = f"import pickle; pickle.load(open({str(tmp_path / 'score.nc')!r}, 'rb'))"
    assert b"UnpicklingError" in subprocess.run([sys.executable, "-c", code], capture_output=True).stderr


def test_other_files_are_refused(model, tmp_path):
    xr.Dataset(attrs={"format": "something"}).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(ValueError, match="this is no score model: attribute 'format' is 'something'"):
        ScoreModel.load(tmp_path / "other.nc")
    newer = model.to_dataset().assign_attrs(version=99)
    with pytest.raises(ValueError, match="score model of version 99: this kgmm reads up to 1"):
        ScoreModel.from_dataset(newer)
