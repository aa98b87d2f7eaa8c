"""What may not change a result: threads, sizes of chunks, precision of the data. And data that are hard to divide."""

import numpy as np
import pytest

from kgmm import KGMM, CellScore, ScoreModel

X = np.random.default_rng(0).standard_normal((4000, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
both_kinds = pytest.mark.parametrize("kind", ["constant", "linear"])


def fit(x=X, **parameters) -> KGMM:
    return KGMM(**{"sigma": 0.2, "min_probability": 0.02, "max_draws": 8, **parameters}).fit(x)


def network(cells: KGMM, **options) -> ScoreModel:
    return ScoreModel.fit(cells, hidden=(16,), max_iterations=40, **options)


def root_mean_square(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


# Threads and files.


@both_kinds
def test_number_of_threads_does_not_change_a_byte_of_the_file(threads, tmp_path, kind):
    for n in (1, 2, 3):
        threads(n)
        fit(cells=kind).cell_score_.save(tmp_path / f"{n}.nc", moments=True)
    assert (tmp_path / "1.nc").read_bytes() == (tmp_path / "2.nc").read_bytes() == (tmp_path / "3.nc").read_bytes()


def test_number_of_threads_does_not_change_the_network(threads):
    cells, scores = fit(), []
    for n in (1, 2):
        threads(n)
        scores.append(network(cells)(X))
    # Sums of the loss may be split between threads: single precision, magnified by 40 iterations.
    assert root_mean_square(scores[1] - scores[0]) < 1e-3 * root_mean_square(scores[0])
    # Control: another start of the network is farther away.
    assert root_mean_square(network(cells, seed=1)(X) - scores[0]) > 1e-3 * root_mean_square(scores[0])


@both_kinds
def test_same_seed_same_file(tmp_path, kind):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        cells = fit(cells=kind, random_state=seed)
        cells.cell_score_.save(tmp_path / f"cells-{name}.nc")
        network(cells, seed=seed).save(tmp_path / f"score-{name}.nc")
    for what in ("cells", "score"):
        a, b, c = ((tmp_path / f"{what}-{name}.nc").read_bytes() for name in "abc")
        assert a == b
        assert a != c


@both_kinds
def test_reading_and_writing_changes_no_byte(tmp_path, kind):
    cells = fit(cells=kind)
    for thing, cls in ((cells.cell_score_, CellScore), (network(cells), ScoreModel)):
        thing.save(tmp_path / "first.nc")
        cls.load(tmp_path / "first.nc").save(tmp_path / "second.nc")
        assert (tmp_path / "first.nc").read_bytes() == (tmp_path / "second.nc").read_bytes()


# Chunks.


@both_kinds
@pytest.mark.parametrize("rows", [64, 128, 4096])
def test_rows_per_read_do_not_change_a_byte(monkeypatch, tmp_path, kind, rows):
    monkeypatch.setattr("kgmm.score.moments._CHUNK", 64)
    for n in (64 * 50, rows):
        monkeypatch.setattr("kgmm.score.moments._ROWS_PER_READ", n)
        fit(cells=kind).cell_score_.save(tmp_path / f"{n}.nc", moments=True)
    assert (tmp_path / f"{rows}.nc").read_bytes() == (tmp_path / "3200.nc").read_bytes()


@both_kinds
@pytest.mark.parametrize("chunk", [64, 128])
def test_size_of_chunks_changes_rounding_only(monkeypatch, kind, chunk):
    whole = fit(cells=kind)
    monkeypatch.setattr("kgmm.score.moments._CHUNK", chunk)
    chunks = fit(cells=kind)
    np.testing.assert_array_equal(chunks.counts_, whole.counts_)
    # Terms of one chunk are added in single precision.
    for name in ("centers_", "score_", "score_stderr_", "divergence_"):
        found, expected = getattr(chunks, name), getattr(whole, name)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    first, second = network(chunks)(X), network(whole)(X)
    # Forty iterations magnify it.
    assert root_mean_square(first - second) < 1e-2 * root_mean_square(second)


def test_odd_chunks_change_the_draws_and_not_what_they_estimate(monkeypatch):
    """Torch makes sixteen normal numbers at a time, so that chunks of another multiple get others."""
    whole = fit()
    monkeypatch.setattr("kgmm.score.moments._CHUNK", 50)
    chunks = fit()
    np.testing.assert_array_equal(chunks.cell_score_.partition.offsets, whole.cell_score_.partition.offsets)
    weight = whole.counts_ / whole.counts_.sum()
    difference = (
        np.square(chunks.cell_score_.estimates.noise_mean - whole.cell_score_.estimates.noise_mean).sum(axis=1) @ weight
    )
    # Two draws of the same; 70 numbers, half of them independent: √(2/35)/2 = 12 %, the errors themselves as well.
    assert difference**0.5 == pytest.approx(np.hypot(chunks.draws_error_, whole.draws_error_), rel=0.5)


@both_kinds
def test_chunks_of_known_values_add_to_the_same_sums(monkeypatch, kind):
    """Without noise of the draws, in effect: at a σ so small that no sample crosses a plane by it."""
    fits = []
    for size in (32_768, 50):
        monkeypatch.setattr("kgmm.score.moments._CHUNK", size)
        monkeypatch.setattr("kgmm.score.moments._ROWS_PER_READ", 4 * size)
        fits.append(fit(sigma=1e-6, cells=kind))
    assert np.abs(fits[0].counts_ - fits[1].counts_).max() <= 8
    np.testing.assert_allclose(fits[0].centers_, fits[1].centers_, atol=2e-3)


# Precision of the data.


@both_kinds
def test_single_precision_data_give_nearly_the_same_estimator(kind):
    double, single, rounded = (
        fit(cells=kind),
        fit(X.astype(np.float32), cells=kind),
        fit(X.astype(np.float16), cells=kind),
    )
    assert single.score_.shape == double.score_.shape
    # A sample in 10⁵ crosses a plane by rounding at 1e-7 of cells 0.3 wide: with 32 000 draws none or one.
    assert np.abs(single.counts_ - double.counts_).max() <= 2
    size = root_mean_square(double.score_)
    error = root_mean_square(single.score_at(X) - double.score_at(X))
    assert error < 1e-3 * size
    for name in ("centers_", "score_", "score_stderr_"):
        assert getattr(single, name).dtype == np.float64
    # Control: half precision is seen, so that the bound tells single from less.
    assert rounded.score_.shape != double.score_.shape or not np.array_equal(rounded.counts_, double.counts_)


def test_single_precision_data_give_nearly_the_same_network():
    double, single = (network(fit(x))(X) for x in (X, X.astype(np.float32)))
    assert root_mean_square(single - double) < 0.01 * root_mean_square(double)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_large_means_cost_no_precision(offset):
    plain, moved = fit(), fit(X + offset)
    # The data themselves are rounded at 1e-12; standardised, nothing else is lost.
    np.testing.assert_allclose(moved.score_at(X + offset), plain.score_at(X), atol=0.02 * np.abs(plain.score_).max())


# Data that are hard to divide.


def two_clusters(n):
    rng = np.random.default_rng(1)
    return rng.standard_normal((n, 2)) * 0.01 + 1e3 * (rng.random((n, 1)) < 0.3)


def repeated(n, share=0.3):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((n, 2))
    x[rng.random(n) < share] = [0.5, -0.2]
    return x


HARD = {
    "student": lambda n: np.random.default_rng(0).standard_t(2, (n, 2)),
    "cauchy": lambda n: np.random.default_rng(0).standard_cauchy((n, 2)),
    "repeated": repeated,
    "nearly all repeated": lambda n: repeated(n, 0.97),
    "two far clusters": two_clusters,
    "two values": lambda n: np.random.default_rng(3).integers(0, 2, (n, 2)).astype(float),
    "a line": lambda n: np.random.default_rng(4).standard_normal((n, 1)) * [1.0, 2.0],
    "one outlier": lambda n: np.concatenate(
        [np.full((1, 2), 1e6), np.random.default_rng(5).standard_normal((n - 1, 2))]
    ),
}


def assert_finite(cells: KGMM, x):
    for name in ("centers_", "score_", "score_stderr_", "divergence_", "counts_"):
        assert np.isfinite(getattr(cells, name)).all()
    assert np.isfinite([cells.draws_error_, cells.data_error_, cells.min_probability_]).all()
    assert np.isfinite(cells.score_at(x)).all()
    assert cells.counts_.sum() == cells.n_draws_ * len(x)


@both_kinds
@pytest.mark.parametrize("sigma", [0.2, 1e-3])
@pytest.mark.parametrize("data", HARD.values(), ids=HARD)
def test_hard_data_give_finite_scores(data, kind, sigma):
    x = data(2000)
    cells = fit(x, cells=kind, sigma=sigma)
    assert_finite(cells, x)
    # The mean of the noise is zero over all draws, which come in pairs; terms are added in single precision.
    total = (cells.cell_score_.estimates.noise_mean * cells.counts_[:, None]).sum(axis=0)
    assert (np.abs(total) < 1e-5 * cells.counts_.sum()).all()


@both_kinds
@pytest.mark.parametrize("data", HARD.values(), ids=HARD)
def test_hard_data_give_a_finite_network(data, kind):
    x = data(2000)
    model = network(fit(x, cells=kind))
    assert np.isfinite(model(x)).all()
    assert np.isfinite(model.divergence(x)).all()


def test_repeated_values_are_a_peak_of_the_width_of_the_noise():
    """Where 97 % of the samples are one point the blurred density is a normal law about it."""
    x = HARD["nearly all repeated"](4000)
    cells = fit(x, min_probability=0.05, sigma=0.5, cells="linear")
    scale = cells.cell_score_.standardization.scale
    near = np.array([0.5, -0.2]) + 0.5 * scale * np.array([[0.5, 0.0], [-0.5, 0.5], [0.0, -0.5]])
    expected = -(near - [0.5, -0.2]) / (0.5 * scale) ** 2
    # The width of the cells and the other 3 %.
    np.testing.assert_allclose(cells.score_at(near), expected, atol=0.25 * np.abs(expected).max())


def test_far_clusters_have_a_score_each():
    x = two_clusters(4000)
    spread = x.std(axis=0)
    cells = fit(x, sigma=0.05)
    upper = x[:, 0] > 500
    for chosen in (upper, ~upper):
        middle = x[chosen].mean(axis=0)
        sides = cells.score_at(middle + np.array([[0.05], [-0.05]]) * spread)
        assert (sides[0] < 0).all() and (sides[1] > 0).all()


@both_kinds
def test_empty_cells_have_no_weight(kind):
    """A partition of other data than those that are counted: cells that nothing falls into."""
    prepared = KGMM(0.05, 0.02, max_draws=4, stopping="fixed", cells=kind).prepare(X)
    cells = CellScore.of_samples(prepared, X[X[:, 0] > 1.0])
    empty = cells.counts == 0
    assert 5 < empty.sum() < len(empty)
    assert (cells.score[empty] == 0).all() and (cells.score_stderr[empty] == 0).all()
    assert np.isfinite(cells.divergence).all() and np.isfinite([cells.draws_error, cells.data_error]).all()
    assert np.isfinite(cells.score_at(X)).all()
    assert np.isfinite(network(cells)(X)).all()


@both_kinds
@pytest.mark.parametrize("d", [1, 2, 5, 16])
def test_any_dimension(d, kind):
    rng = np.random.default_rng(6)
    x = rng.standard_normal((4000, d)) * np.geomspace(0.1, 10, d)
    cells = fit(x, cells=kind, sigma=0.5, min_probability=0.05)
    assert_finite(cells, x)
    assert cells.score_.shape == (len(cells.counts_), d) and cells.n_features_in_ == d
    model = network(cells)
    assert model(x).shape == (4000, d)
    # A normal law: the score is linear, and the network starts from it. Half of it would be an error of 25 %.
    fresh = rng.standard_normal((2000, d))
    exact = -fresh / 1.25**0.5
    noisy = fresh * 1.25**0.5 * cells.cell_score_.standardization.scale + cells.cell_score_.standardization.mean
    error = np.square(model(noisy) * cells.cell_score_.standardization.scale - exact).mean() / np.square(exact).mean()
    assert error < 0.15
    assert np.square(0.5 * exact).mean() / np.square(exact).mean() > 0.15
