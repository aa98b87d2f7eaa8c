"""The estimator: determinism, coordinates, files and stopping. Its laws are tested under tests/statistical."""

import numpy as np
import pytest

from kgmm import KGMM, CellScore
from kgmm.data.blocks import effective_sizes
from kgmm.data.standardization import Standardization
from kgmm.score.preparation import default_min_probability

X = np.random.default_rng(0).standard_normal((4000, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
FITTED = ("centers_", "score_", "score_stderr_", "divergence_", "counts_")


def fit(x=X, **parameters) -> KGMM:
    return KGMM(**{"sigma": 0.2, "min_probability": 0.02, "max_draws": 8, **parameters}).fit(x)


def assert_same(a: KGMM, b: KGMM, rtol=0.0):
    for name in FITTED:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol)


def test_same_seed_same_bytes():
    a, b, other = fit(random_state=3), fit(random_state=3), fit(random_state=4)
    assert_same(a, b)
    assert a.score_.shape != other.score_.shape or not np.array_equal(a.score_, other.score_)


def test_seed_sequence_is_a_seed_and_is_not_used_up():
    sequence = np.random.SeedSequence([1, 2])
    assert_same(fit(random_state=sequence), fit(random_state=sequence))


def test_number_of_threads_does_not_change_a_byte(threads):
    alone = fit()
    threads(2)
    assert_same(fit(), alone)


def test_fit_does_not_touch_the_data():
    before = X.copy()
    fit()
    np.testing.assert_array_equal(X, before)


def test_scaling_and_shifting_the_data_rescales_the_score():
    scale, shift = np.array([0.25, 64.0]), np.array([8.0, -512.0])  # powers of two: rounding stays as it was
    plain, moved = fit(), fit(X * scale + shift)
    np.testing.assert_array_equal(moved.counts_, plain.counts_)
    np.testing.assert_allclose(moved.centers_, plain.centers_ * scale + shift, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(moved.score_, plain.score_ / scale, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved.score_stderr_, plain.score_stderr_ / scale, rtol=1e-3)
    points = X[:100]
    np.testing.assert_array_equal(moved.predict(points * scale + shift), plain.predict(points))


def test_single_precision_data_give_nearly_the_same_cells():
    double, single = fit(), fit(X.astype(np.float32))
    # A sample that crosses a plane by rounding moves one count in thousands.
    np.testing.assert_allclose(single.score_, double.score_, atol=0.05 * np.abs(double.score_).max())
    assert single.score_.dtype == np.float64


def test_integers_are_accepted():
    counts = np.random.default_rng(1).integers(0, 1000, (2000, 1))
    assert_same(fit(counts), fit(counts.astype(float)))


def test_predict_agrees_with_the_partition_and_score_at_with_predict():
    cells = fit(cells="constant")
    cell = cells.predict(X)
    assert set(cell) == set(range(len(cells.counts_)))
    np.testing.assert_array_equal(cells.score_at(X), cells.score_[cell])
    # Cells that do not bend: the centre of (nearly) every cell lies in it.
    assert (cells.predict(cells.centers_) == np.arange(len(cells.counts_))).mean() > 0.95


def test_cells_obey_the_mass_bound_and_counts_add_up():
    cells = fit()
    assert cells.counts_.sum() == cells.n_draws_ * len(X)
    # The bound holds on the points of the partition; other draws scatter about it by their standard error.
    bound = 2 * 0.02 * len(X)
    assert cells.counts_.max() / cells.n_draws_ < bound + 5 * bound**0.5
    assert 0.6 < len(cells.counts_) * 0.02 < 0.9


def test_min_probability_is_chosen_from_the_effective_number_of_samples():
    # Independent samples: the effective size is their number, or less by its scatter of sqrt(2/38) = 23 %.
    chosen = fit(X, min_probability=None).min_probability_
    assert 0.005 <= chosen < 0.005 * (1 + 4 * 0.23)
    assert chosen == default_min_probability(effective_sizes(X, Standardization.of(X)).min(), 0.2, 2)
    # Every sample several times: the blocks have the same moments, so that a share of the samples counts.
    twice, often = (fit(np.repeat(X, k, axis=0), min_probability=None).min_probability_ for k in (2, 4))
    assert often == pytest.approx(twice)
    # About the same as for each once; on average over 200 variables the same.
    assert often == pytest.approx(0.005, rel=0.23 * 3)
    many = np.repeat(np.random.default_rng(2).standard_normal((4000, 200)), 4, axis=0)
    each = [default_min_probability(size, 0.2, 2) for size in effective_sizes(many, Standardization.of(many))]
    assert np.mean(each) == pytest.approx(0.005, rel=4.5 * 0.23 / 200**0.5)


@pytest.mark.parametrize(
    ("effective_size", "expected"), [(100, 0.05), (400, 0.05), (4000, 0.005), (4e4, 5e-4), (1e9, 5e-4)]
)
def test_default_min_probability_is_twenty_independent_samples_within_bounds(effective_size, expected):
    assert default_min_probability(effective_size, 0.05, 2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sigma", "n_features", "expected"),
    [
        (0.2, 1, 0.035), (0.2, 2, 0.00175), (0.2, 3, 5e-4), (0.05, 1, 0.00875), (0.05, 2, 5e-4), (1.0, 2, 0.04375),
        (1.0, 3, 0.0109375), (1.0, 20, 5e-4), (2.0, 1, 0.05), (8.0, 3, 0.05),
    ],
)  # fmt: skip
def test_default_min_probability_leaves_no_cell_smaller_than_the_noise(sigma, n_features, expected):
    """In volume: each of the variables extends over four deviations."""
    assert default_min_probability(1e9, sigma, n_features) == pytest.approx(expected)
    # Few samples ask for more, and no noise for less.
    assert default_min_probability(1000, sigma, n_features) == pytest.approx(max(0.02, expected))


@pytest.mark.parametrize(("sigma", "n_features", "expected"), [(0.2, 1, 0.035), (0.8, 2, 0.028)])
def test_bound_of_the_noise_is_used_by_a_fit(sigma, n_features, expected):
    assert fit(X[:, :n_features], sigma=sigma, min_probability=None).min_probability_ == pytest.approx(expected)


def test_stopping_rules():
    assert (fit(max_draws=2, min_draws=2, stopping="paper").stopped_by_) == "max_draws"
    loose, tight = (fit(stopping="paper", convergence=c, max_draws=64) for c in (0.5, 1e-3))
    assert loose.stopped_by_ == "paper"
    assert loose.n_draws_ < tight.n_draws_
    few = fit(max_draws=64)
    assert few.stopped_by_ == "stderr"
    assert few.draws_error_ <= 0.5 * few.data_error_
    assert fit(min_draws=40, max_draws=64).n_draws_ >= 40


def test_more_draws_lower_the_draws_error_and_not_that_of_the_data():
    few, many = (fit(min_draws=n, max_draws=n) for n in (8, 64))
    # Eight times the draws: a root of eight, measured on 35 cells.
    assert few.draws_error_ / many.draws_error_ == pytest.approx(8**0.5, rel=0.2)
    assert few.data_error_ / many.data_error_ == pytest.approx(1, abs=0.2)


def test_get_params_and_repr():
    cells = KGMM(0.1, 0.01, n_blocks=30)
    assert cells.get_params() == {
        "sigma": 0.1, "min_probability": 0.01, "max_draws": 64, "min_draws": 4, "stopping": "stderr",
        "convergence": 5e-3, "n_blocks": 30, "cells": "auto", "random_state": 0, "device": "cpu",
    }  # fmt: skip
    assert eval(repr(cells)).get_params() == cells.get_params()
    assert KGMM(**cells.get_params()).get_params() == cells.get_params()


def test_file_gives_the_same_estimator(tmp_path):
    cells = fit(stopping="paper", random_state=np.random.SeedSequence(5))
    cells.cell_score_.save(tmp_path / "cells.nc")
    loaded = CellScore.load(tmp_path / "cells.nc")
    for name in FITTED:
        np.testing.assert_array_equal(getattr(loaded, name.rstrip("_")), getattr(cells, name))
    np.testing.assert_array_equal(loaded.score_at(X), cells.score_at(X))
    for name in ("n_draws_", "stopped_by_", "min_probability_", "draws_error_", "data_error_"):
        assert getattr(loaded, name.rstrip("_")) == getattr(cells, name)
    assert loaded.n_features == cells.n_features_in_
    assert loaded.sigma == 0.2 and loaded.prepared.options.stopping == "paper"
    assert (tmp_path / "cells.nc").read_bytes()[1:4] == b"HDF"


# Linear cells.

COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])
SIGMA = 0.3
PRECISION = np.linalg.inv(COVARIANCE + SIGMA**2 * np.eye(2))


def gaussian_cells(kind, seed, min_probability):
    x = np.random.default_rng(seed).multivariate_normal([0, 0], COVARIANCE, 20_000)
    return KGMM(SIGMA, min_probability, cells=kind, max_draws=8, min_draws=8, random_state=seed).fit(x)


def mean_slopes(min_probability):
    """Of eight data sets, averaged over cells."""
    cells = [gaussian_cells("linear", seed, min_probability).cell_score_.estimates for seed in range(8)]
    return np.array([np.average(c.slope, axis=0, weights=c.count) for c in cells])


def test_slope_of_a_gaussian_is_exact():
    found, exact = mean_slopes(0.2), SIGMA * PRECISION  # E[z | x] = σ (C + σ²)⁻¹ x
    error = found.std(axis=0, ddof=1) / 8**0.5
    assert (error < 0.02 * np.abs(exact)).all()
    # Student's t with 7 degrees: 6 is 5e-4. Slopes are shrunk by the share of noise in them, here below a hundredth.
    assert (np.abs(found.mean(axis=0) - exact) < 6 * error + 0.01 * np.abs(exact)).all()
    assert not (np.abs(found.mean(axis=0) - SIGMA * np.linalg.inv(COVARIANCE)) < 6 * error + 0.01 * exact.max()).all()


def test_noisy_slopes_are_shrunk_by_their_noise():
    # Where cells are small a line gains less than it costs: 5 % of the energy of the slopes is noise.
    found = np.trace(mean_slopes(0.02), axis1=1, axis2=2) / np.trace(SIGMA * PRECISION)
    assert 0.9 < found.mean() < 0.98


@pytest.mark.parametrize(("min_probability", "gain"), [(0.2, 300), (0.05, 20)])
def test_lines_are_far_better_than_constants_in_coarse_cells(min_probability, gain):
    x = np.random.default_rng(99).multivariate_normal([0, 0], COVARIANCE + SIGMA**2 * np.eye(2), 5000)
    line, constant = (
        np.square(gaussian_cells(kind, 0, min_probability).score_at(x) + x @ PRECISION).mean()
        for kind in ("linear", "constant")
    )
    assert line < constant / gain
    assert line < 0.01 * np.square(x @ PRECISION).mean()


def test_lines_leave_the_means_of_the_cells_as_they_are():
    line, constant = fit(cells="linear"), fit(cells="constant")
    assert_same(line, constant)
    assert constant.cell_score_.estimates.slope is None and constant.cell_score_.estimates.covariance is None
    # At the centre of a cell a line has the value of the mean.
    inside = line.predict(line.centers_) == np.arange(len(line.counts_))
    np.testing.assert_allclose(line.score_at(line.centers_)[inside], line.score_[inside], rtol=1e-9)


def test_lines_in_physical_units_are_those_in_standardised_ones():
    scale, shift = np.array([0.25, 64.0]), np.array([8.0, -512.0])
    plain, moved = fit(cells="linear"), fit(X * scale + shift, cells="linear")
    np.testing.assert_allclose(moved.score_at(X * scale + shift) * scale, plain.score_at(X), rtol=1e-3, atol=1e-3)


def test_file_gives_the_same_lines(tmp_path):
    cells = fit(cells="linear")
    cells = cells.cell_score_
    cells.save(tmp_path / "cells.nc")
    loaded = CellScore.load(tmp_path / "cells.nc")
    assert loaded.prepared.options.cells == "linear"
    n_cells = len(cells.counts)
    for name in ("covariance", "slope"):
        assert getattr(cells.estimates, name).shape == (n_cells, 2, 2)
        np.testing.assert_array_equal(getattr(loaded.estimates, name), getattr(cells.estimates, name))
    np.testing.assert_array_equal(loaded.score_at(X), cells.score_at(X))
    fit(cells="constant").cell_score_.save(tmp_path / "constant.nc")
    assert CellScore.load(tmp_path / "constant.nc").estimates.slope is None


def test_more_products_than_possible_are_refused(monkeypatch):
    monkeypatch.setattr("kgmm.score.prepared_cells._MAX_PRODUCTS", 50)
    with pytest.raises(
        ValueError, match=r"cells is 'linear': \d+ cells in 2 dimensions need .* products, at most 5e\+01"
    ):
        fit(cells="linear")
    fit(cells="constant")
