"""The estimators as scikit-learn's: its own checks, and work inside its tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from kgmm import DSM, KGMM, DirectGMM

COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])
X = np.random.default_rng(0).multivariate_normal([0, 0], COVARIANCE, 2000)
ESTIMATORS = {
    "KGMM": KGMM(sigma=0.3, min_probability=0.05, max_draws=8),
    "DSM": DSM(sigma=0.3, hidden=(8,), steps=200, batch_size=128),
    "DirectGMM": DirectGMM(sigma=0.1),
}
each = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)

# scikit-learn's checks.

# Their data have ten to thirty samples: too few for the twenty blocks from which KGMM estimates the error of finite
# data by default, which it says in one sentence. With two blocks it passes all of them.
_NEED_FORTY_SAMPLES = (
    "check_fit_score_takes_y", "check_estimators_overwrite_params", "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self", "check_readonly_memmap_input", "check_n_features_in_after_fitting",
    "check_estimators_dtypes", "check_pipeline_consistency", "check_estimators_nan_inf", "check_estimators_pickle",
    "check_f_contiguous_array_estimator", "check_methods_sample_order_invariance", "check_methods_subset_invariance",
    "check_fit2d_1feature", "check_dict_unchanged", "check_fit2d_predict1d",
)  # fmt: skip
DEFAULT = KGMM()


def expected_failures(estimator) -> dict[str, str]:
    reason = "X has fewer than two samples for each of the twenty blocks"
    return dict.fromkeys(_NEED_FORTY_SAMPLES, reason) if estimator.get_params() == DEFAULT.get_params() else {}


@parametrize_with_checks(
    [DEFAULT, KGMM(n_blocks=2, max_draws=4), DSM(hidden=(4,), steps=10, batch_size=8), DirectGMM()],
    expected_failed_checks=expected_failures,
    xfail_strict=True,
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


# Its tools.


@each
def test_clones_are_unfitted_and_equal(estimator):
    sequence = np.random.SeedSequence(7)
    original = clone(estimator)
    if "random_state" in original.get_params():
        original.set_params(random_state=sequence)
    original.fit(X)
    copy = clone(original)
    assert {name for name in vars(copy) if name.endswith("_")} == set()
    np.testing.assert_array_equal(copy.fit(X).score_at(X), original.score_at(X))


@each
def test_pickles_are_the_same_function(estimator):
    fitted = clone(estimator).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).score_at(X), fitted.score_at(X))


@each
def test_pipelines_after_a_scaler(estimator):
    scale, shift = np.array([0.25, 64.0]), np.array([8.0, -512.0])
    pipeline = make_pipeline(StandardScaler(), clone(estimator)).fit(X * scale + shift)
    # The method standardises by itself, so that a scaler before it changes rounding only.
    alone = clone(estimator).fit(X)
    assert pipeline.score(X * scale + shift) == pytest.approx(alone.score(X), abs=0.02)
    scaled = pipeline[0].transform(X * scale + shift)
    found, expected = pipeline[-1].score_at(scaled), alone.score_at(X) * X.std(axis=0)
    assert np.square(found - expected).mean() < 1e-3 * np.square(expected).mean()


def test_pipelines_pass_cells_on():
    pipeline = make_pipeline(StandardScaler(), clone(ESTIMATORS["KGMM"])).fit(X)
    assert set(pipeline.predict(X)) == set(range(len(pipeline[-1].counts_)))


def test_grid_search_finds_the_setting_of_least_error():
    settings = {"min_probability": [0.45, 0.02]}
    cells = GridSearchCV(KGMM(sigma=0.3, max_draws=8, cells="constant"), settings, cv=3).fit(X)
    assert cells.best_params_ == {"min_probability": 0.02}
    error = [error_of(KGMM(0.3, p_min, max_draws=8, cells="constant").fit(X)) for p_min in (0.45, 0.02)]
    assert error[1] < error[0]
    steps = GridSearchCV(ESTIMATORS["DSM"], {"steps": [2, 200]}, cv=2).fit(X)
    assert steps.best_params_ == {"steps": 200}
    assert steps.best_estimator_.score_at(X[:3]).shape == (3, 2)


def error_of(estimator) -> float:
    points = np.random.default_rng(9).multivariate_normal([0, 0], COVARIANCE + 0.09 * np.eye(2), 2000)
    return float(np.square(estimator.score_at(points) - exact_score(points)).mean())


def exact_score(points: np.ndarray) -> np.ndarray:
    return -points @ np.linalg.inv(COVARIANCE + 0.09 * np.eye(2))


# The goodness of a fit.


class Exact(DirectGMM):
    """Gives the exact smoothed score of the law of ``X``, or a multiple of it."""

    factor = 1.0

    @property
    def _fitted(self):
        fitted = super()._fitted
        exact = type("Score", (), {"__call__": lambda _, x: self.factor * exact_score(x)})()
        exact.sigma, exact.standardization = fitted.sigma, fitted.standardization
        return exact


def test_score_is_minus_the_denoising_loss():
    exact = Exact(0.3).fit(X)
    test = np.random.default_rng(3).multivariate_normal([0, 0], COVARIANCE, 20_000)
    # d − E‖ε − z‖² = σ² E‖s‖² = σ² tr (C + σ²)⁻¹ for the optimum, with deviations of one.
    best = 0.09 * np.trace(np.linalg.inv(COVARIANCE + 0.09 * np.eye(2)))
    # A mean over 20 000 of −‖ε‖² + 2 ε·z, of variance 4 E‖ε‖² + Var ‖ε‖² ≤ 6 best: four standard errors.
    assert exact.score(test) == pytest.approx(best, abs=4 * (6 * best / 20_000) ** 0.5)
    # Control: any other multiple of it is worse.
    for factor in (0.5, 0.9, 1.1, 1.5):
        wrong = Exact(0.3).fit(X)
        wrong.factor = factor
        assert wrong.score(test) < exact.score(test)
    # So is every estimate at the same σ.
    assert all(clone(ESTIMATORS[name]).fit(X).score(test) < exact.score(test) for name in ("KGMM", "DSM"))


@each
def test_score_has_one_noise_and_no_state(estimator):
    fitted = clone(estimator).fit(X)
    first = fitted.score(X[:500])
    assert fitted.score(X[:500]) == first == fitted.score(X[:500], np.zeros(500))
    assert fitted.score(X[:500] * 1.0) == first
    folds = cross_val_score(clone(estimator), X, cv=2)
    assert folds.shape == (2,) and np.isfinite(folds).all()


def test_score_is_of_the_fit_whatever_the_parameters_are_now():
    fitted = KGMM(0.3, 0.05, max_draws=4).fit(X)
    before = fitted.score(X)
    fitted.set_params(sigma=0.1)
    assert fitted.score(X) == before


def test_the_method_score_and_the_scores_of_the_cells_are_told_apart():
    fitted = KGMM(0.3, 0.05, max_draws=4).fit(X)
    assert isinstance(fitted.score(X), float)
    assert fitted.score_.shape == (len(fitted.counts_), 2) and fitted.score_at(X).shape == X.shape


# What goes in.


@each
@pytest.mark.parametrize("method", ["score", "score_at", "predict", "score_with_stderr_at"])
def test_unfitted_estimators_say_so(estimator, method):
    unfitted = clone(estimator)
    if hasattr(unfitted, method):
        with pytest.raises(NotFittedError, match=f"This {type(unfitted).__name__} instance is not fitted yet"):
            getattr(unfitted, method)(X)
    with pytest.raises(ValueError, match="NaN or inf"):
        unfitted.fit(X * np.nan)
    with pytest.raises(NotFittedError):  # a fit that was refused is none
        unfitted.score_at(X)


@each
def test_data_frames_give_their_names(estimator):
    frame = pd.DataFrame(X, columns=["u", "v"])
    fitted = clone(estimator).fit(frame)
    assert list(fitted.feature_names_in_) == ["u", "v"] and fitted.n_features_in_ == 2
    np.testing.assert_array_equal(fitted.score_at(frame), clone(estimator).fit(X).score_at(X))
    with pytest.raises(ValueError, match="feature names"):
        fitted.score_at(frame[["v", "u"]])


@each
def test_lists_integers_and_single_precision_are_samples(estimator):
    integers = np.random.default_rng(1).integers(0, 1000, (500, 2))
    expected = clone(estimator).fit(integers.astype(float)).score_at(integers)
    for data in (integers, integers.tolist(), integers.astype(object)):
        np.testing.assert_array_equal(clone(estimator).fit(data).score_at(data), expected)
    single = clone(estimator).fit(integers.astype(np.float32)).score_at(integers)
    assert np.square(single - expected).mean() < 1e-3 * np.square(expected).mean()


@pytest.mark.parametrize("name", ["KGMM", "DSM"])
def test_any_kind_of_random_state(name):
    def fitted(random_state):
        return clone(ESTIMATORS[name]).set_params(random_state=random_state).fit(X).score_at(X[:50])

    for make in (lambda: 3, lambda: [3, 1], lambda: np.random.SeedSequence(3), lambda: np.random.RandomState(3),
                 lambda: np.random.default_rng(3)):  # fmt: skip
        np.testing.assert_array_equal(fitted(make()), fitted(make()))
    state = np.random.RandomState(3)
    assert not np.allclose(fitted(state), fitted(state))  # it moves on
    assert not np.allclose(fitted(None), fitted(None))
    with pytest.raises(ValueError, match=r"the seed is -1: a non-negative integer, a list of them, .* or None"):
        fitted(-1)


def test_parameters_are_neither_checked_nor_changed_before_a_fit():
    hidden, sigma = [8, 4], np.float32(0.3)
    estimator = DSM(sigma, hidden, steps=np.int64(10), batch_size=8)
    assert estimator.hidden is hidden and estimator.sigma is sigma
    estimator.fit(X)
    assert estimator.hidden is hidden and estimator.score_model_.network.hidden == (8, 4)
    KGMM(sigma=-1.0, stopping="soon").set_params(max_draws="many")


def test_few_samples():
    few = X[:5]
    assert KGMM(0.3, n_blocks=2).fit(few).score_at(few).shape == (5, 2)
    assert DSM(0.3, (4,), steps=5, batch_size=4).fit(few[:2]).score_at(few).shape == (5, 2)
    assert DirectGMM(0.3).fit(few[:2]).score_at(few).shape == (5, 2)
