"""Denoising score matching: determinism, coordinates, batches, refusals, and its optimum for normal data."""

import numpy as np
import pytest
import torch

from kgmm import DSM, ScoreModel
from kgmm.score.dsm import _batch
from kgmm.score.network import Network
from kgmm.score.options import DSMOptions

SIGMA = 0.3
COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])
X = np.random.default_rng(0).multivariate_normal([0, 0], COVARIANCE, 4000)
QUICK = {"sigma": SIGMA, "hidden": (16,), "steps": 60, "batch_size": 64, "learning_rate": 0.01}


def fit(x=X, **parameters) -> DSM:
    return DSM(**{**QUICK, **parameters}).fit(x)


def stored(model: DSM) -> bytes:
    return model.score_model_.network.parameters.numpy().tobytes()


def test_same_seed_same_bytes():
    first, again, other = fit(random_state=3), fit(random_state=3), fit(random_state=4)
    assert stored(first) == stored(again)
    np.testing.assert_array_equal(first.score_at(X), again.score_at(X))
    assert stored(first) != stored(other)


def test_seed_sequence_is_a_seed_and_is_not_used_up():
    sequence = np.random.SeedSequence([1, 2])
    assert stored(fit(random_state=sequence)) == stored(fit(random_state=sequence))


def test_same_seed_same_file(tmp_path):
    for name in ("a.nc", "b.nc"):
        fit(random_state=3).score_model_.save(tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_refit_starts_anew():
    model = fit()
    assert stored(model.fit(X[:2000])) == stored(fit(X[:2000]))


# Batches.

SAMPLES = torch.from_numpy(X[:500]).float()


def batch(antithetic=True, seed=0, **parameters):
    options = DSMOptions.checked(sigma=SIGMA, batch_size=200, antithetic=antithetic, **parameters)
    return _batch(SAMPLES, options, torch.Generator().manual_seed(seed))


def noise_of(x, target):
    """``z`` by the definition of the target, ``−z + σ x/(1 + σ²)``."""
    return x * (SIGMA / (1 + SIGMA**2)) - target


@pytest.mark.parametrize("antithetic", [True, False])
def test_batches_are_samples_and_noise(antithetic):
    x, target = batch(antithetic)
    assert x.shape == target.shape == (200, 2)
    z = noise_of(x, target)
    mu = x - SIGMA * z
    # Every μ is a sample, to rounding.
    assert (mu[:, None] - SAMPLES).abs().amax(dim=2).min(dim=1).values.max() < 1e-5
    assert z.square().mean() == pytest.approx(1, abs=4.5 * (2 / 200) ** 0.5)
    assert not torch.equal(batch(antithetic, seed=1)[0], x)


def test_antithetic_batches_hold_pairs():
    x, target = batch()
    z = noise_of(x, target)
    torch.testing.assert_close(z[:100], -z[100:], atol=1e-5, rtol=0)
    torch.testing.assert_close((x - SIGMA * z)[:100], (x - SIGMA * z)[100:], atol=1e-5, rtol=0)
    # Control: independent draws hold none.
    z = noise_of(*batch(antithetic=False))
    assert (z[:, None] + z).abs().amax(dim=2).min() > 1e-4


# Its optimum.


def exact_score(x, sigma=SIGMA):
    """Of the law of ``X``, smoothed by its own deviations of one."""
    return -x @ np.linalg.inv(COVARIANCE + sigma**2 * np.eye(2))


def noisy_points(n=4000):
    return np.random.default_rng(9).multivariate_normal([0, 0], COVARIANCE + SIGMA**2 * np.eye(2), n)


def relative_error(score, sigma=SIGMA) -> float:
    x = noisy_points()
    exact = exact_score(x, sigma)
    return float(np.square(score(x) - exact).mean() / np.square(exact).mean())


@pytest.fixture(scope="module")
def good_fit():
    x = np.random.default_rng(1).multivariate_normal([0, 0], COVARIANCE, 20_000)
    return DSM(SIGMA, (16,), steps=1500, batch_size=512, learning_rate=0.01).fit(x)


def test_optimum_is_the_smoothed_score(good_fit):
    # Over other data sets and seeds 0.0007 to 0.0009.
    assert relative_error(good_fit.score_at) < 0.002
    # Controls: another σ, and the network before its fit, which leaves the normal law without correlation.
    for wrong in (0.0, 0.6):
        assert relative_error(good_fit.score_at, wrong) > 0.02
    model = good_fit.score_model_
    start = ScoreModel(Network.random((2, 16, 2), 0), model.residual_scale, SIGMA, model.standardization)
    assert relative_error(start) > 0.1


def test_loss_ends_at_that_of_the_optimum(good_fit):
    # E‖z − E[z | x]‖² = d − σ² E‖s‖² = d − σ² tr (C + σ²)⁻¹.
    floor = 2 - SIGMA**2 * np.trace(np.linalg.inv(COVARIANCE + SIGMA**2 * np.eye(2)))
    # 150 batches of 512, half of them independent: √(2·2/38 400) = 1 %.
    assert np.mean(good_fit.score_model_.history.loss[-10:]) == pytest.approx(floor, rel=0.04)
    assert abs(floor - 2) > 0.1  # a network that finds nothing stays at two


def test_pairs_are_better_than_independent_draws():
    small = 0.05  # where the noise of the draws is most of the gradient's
    errors = {
        kind: np.mean([
            relative_error(fit(sigma=small, antithetic=kind, steps=200, random_state=seed).score_at, small)
            for seed in range(8)
        ])
        for kind in (True, False)
    }  # fmt: skip
    assert errors[True] < 0.5 * errors[False]


# Coordinates.


def test_scaling_and_shifting_the_data_rescales_the_score():
    scale, shift = np.array([0.25, 64.0]), np.array([8.0, -512.0])  # powers of two: rounding stays as it was
    plain, moved = fit(), fit(X * scale + shift)
    points = X[:200]
    expected = plain.score_at(points) / scale
    np.testing.assert_allclose(moved.score_at(points * scale + shift), expected, rtol=1e-3, atol=1e-3 / scale.max())
    assert not np.allclose(moved.score_at(points * scale + shift), plain.score_at(points), rtol=1e-2)


def test_score_is_double_precision_and_its_shape_that_of_the_points():
    model = fit(X.astype(np.float32))
    assert model.score_at(X[:7].astype(np.float32)).dtype == np.float64
    assert model.score_at(X[:7]).shape == (7, 2)
    assert model.n_features_in_ == 2
    with pytest.raises(ValueError, match="X has 3 features, but DSM is expecting 2 features as input"):
        model.score_at(np.zeros((4, 3)))


@pytest.mark.parametrize("n_features", [1, 5])
def test_other_dimensions(n_features):
    x = np.random.default_rng(2).standard_normal((500, n_features))
    assert np.isfinite(fit(x).score_at(x)).all()


def test_fit_does_not_touch_the_data():
    before = X.copy()
    fit()
    np.testing.assert_array_equal(X, before)


def test_large_data_are_thinned(monkeypatch):
    monkeypatch.setattr("kgmm.score.dsm._MAX_NUMBERS", 200)
    seen = []
    monkeypatch.setattr("kgmm.score.dsm._batch", lambda samples, *rest: seen.append(samples) or _batch(samples, *rest))
    assert np.isfinite(fit().score_at(X)).all()
    assert seen[0].shape == (100, 2)


# Parameters, observers, files.


def test_get_params_round_trip():
    model = DSM(0.2, (8, 4), steps=20, antithetic=False)
    assert model.get_params() == {
        "sigma": 0.2, "hidden": (8, 4), "steps": 20, "batch_size": 1024, "learning_rate": None, "antithetic": False,
        "random_state": 0, "device": "cpu",
    }  # fmt: skip
    assert DSM(**model.get_params()).get_params() == model.get_params()


def test_observer_sees_the_fit_as_it_goes():
    seen = []
    model = DSM(**QUICK).fit(X, observe=lambda step, network: seen.append((step, network)))
    assert [step for step, _ in seen] == list(range(1, 61))
    assert torch.equal(seen[-1][1].parameters, model.score_model_.network.parameters)
    assert stored(model) == stored(fit())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sigma": 0.0}, r"sigma is 0\.0: input should be greater than 0"),
        ({"sigma": -1.0}, r"sigma is -1\.0"),
        ({"sigma": np.inf}, "sigma is inf"),
        ({"sigma": np.nan}, "sigma is nan"),
        ({"batch_size": 63}, "batch_size is 63: input should be a multiple of 2"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"steps": 1}, "steps is 1: input should be greater than or equal to 2"),
    ],
)
def test_unusable_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        fit(**parameters)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            np.where(np.arange(8000).reshape(4000, 2) == 7, np.nan, X),
            "X has 1 NaN or inf values, the first in sample 3, feature 1",
        ),
        (X * [1.0, 0.0], "feature 1 of X is constant"),
        (X[:1], "X has 1 samples: at least 2 are needed"),
        (X[:, 0], r"X has shape \(4000,\)"),
    ],
)
def test_unusable_data_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        fit(data)


def test_file_gives_the_same_function(tmp_path):
    model = fit(X * 3.0 + 5.0)
    model.score_model_.save(tmp_path / "score.nc")
    loaded = ScoreModel.load(tmp_path / "score.nc")
    np.testing.assert_array_equal(loaded(X * 3.0 + 5.0), model.score_at(X * 3.0 + 5.0))
    np.testing.assert_array_equal(loaded.history.loss, model.score_model_.history.loss)
    assert loaded.sigma == SIGMA and loaded.network.hidden == (16,)
