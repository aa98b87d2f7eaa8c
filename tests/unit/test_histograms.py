"""Histograms, blocks and the pieces of evaluation that have one right answer."""

import numpy as np
import pytest

from kgmm.data.blocks import blocks_of
from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import as_trajectory
from kgmm.score.evaluation import noise_cloud, score_field, score_profile
from kgmm.stages.comparison import thinned
from kgmm.statistics.comparison import block_mean, compare, stein_residual
from kgmm.statistics.histograms import blocked_histogram, histogram_edges, relative_entropy
from kgmm.statistics.quantiles import ordered_quantiles


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_edges_hold_the_central_mass():
    x = normal(100_000)
    edges = histogram_edges(x)
    assert edges.shape == (103,)
    assert (edges[0], edges[-1]) == (-np.inf, np.inf)
    np.testing.assert_allclose(np.diff(edges[1:-1]), (edges[-2] - edges[1]) / 100)
    assert ((x > edges[1]) & (x < edges[-2])).mean() == pytest.approx(0.9998, abs=1e-5)


def test_counts_are_those_of_numpy_and_complete():
    x = normal(40, 30)
    edges = histogram_edges(x)
    counts = blocked_histogram(x, edges).counts
    assert counts.shape == (20, 102)
    expected = np.histogram(x, np.concatenate([[-1e9], edges[1:-1], [1e9]]))[0]
    # numpy closes the last bin: a value on the last inner edge may belong to either neighbour.
    np.testing.assert_allclose(counts.sum(axis=0), expected, atol=1)
    np.testing.assert_array_equal(counts.sum(axis=1), 60)


def test_blocks_are_members_where_they_suffice_and_times_otherwise():
    many, few = np.arange(40 * 3).reshape(40, 3), np.arange(2 * 100).reshape(2, 100)
    assert [block.shape for block in blocks_of(many)] == [(2, 3)] * 20
    assert [block.tolist() for block in blocks_of(few)][:2] == [list(range(10)), list(range(10, 20))]


def test_block_mean_of_known_blocks():
    values = np.repeat(np.arange(20.0), 5).reshape(20, 5)
    found = block_mean(values)
    assert found.value == 9.5
    assert found.stderr == pytest.approx(np.arange(20).std(ddof=1) / 20**0.5)


def test_relative_entropy_of_other_bins_is_refused():
    x = normal(40, 30)
    first = blocked_histogram(x, histogram_edges(x))
    with pytest.raises(ValueError, match="different bins"):
        relative_entropy(first, blocked_histogram(x, histogram_edges(2 * x)))


def test_bins_that_the_model_never_reaches_leave_the_entropy_finite():
    x = normal(40, 300)
    edges = histogram_edges(x)
    found = relative_entropy(blocked_histogram(x, edges), blocked_histogram(0.1 * x, edges))
    assert np.isfinite(found.value) and found.value > 1


def test_stein_residual_of_a_known_matrix():
    points = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert stein_residual(-2 * points, points).value == pytest.approx(0)
    assert stein_residual(0 * points, points).value == pytest.approx(2**0.5)


def test_compare_has_one_row_per_statistic_and_variable():
    def trajectory(seed, n=2):
        return as_trajectory(normal(40, 20, n, seed=seed), [f"v{k}" for k in range(n)], 1.0)

    table = compare(trajectory(0), trajectory(1))
    assert list(table.columns) == [
        "statistic", "variable", "value", "stderr", "interval_low", "interval_high", "data_value", "floor",
        "floor_stderr", "effective_size_data", "effective_size_model",
    ]  # fmt: skip
    assert table.groupby("variable").statistic.apply(list).to_dict() == {
        v: ["relative_entropy", "relative_entropy_kde", "wasserstein", "mean", "standard_deviation"]
        for v in ("v0", "v1")
    }
    # Without a fresh run the floors are those of halves of the data.
    assert table.floor.notna().all()
    assert compare(trajectory(0), trajectory(1), trajectory(2)).floor.notna().all()
    of_mean = table[table.statistic == "mean"]
    assert (of_mean.floor < 5 * of_mean.stderr).all()
    assert compare(trajectory(0)[:1, :39], trajectory(1)).floor.isna().all()
    with pytest.raises(ValueError, match="data have 2 variables and the model 1"):
        compare(trajectory(0), trajectory(1, n=1))


def test_profile_covers_the_range_of_the_data():
    x = normal(500, 1)
    points, values = score_profile(lambda v: -3 * v, Standardization.of(x), n_points=50)
    assert (points[0], points[-1], len(points)) == (x.min(), x.max(), 50)
    np.testing.assert_array_equal(values, -3 * points)


def test_cloud_holds_the_noise_that_was_added():
    samples, scale = normal(5000, 2), np.array([1.0, 30.0])
    points, targets = noise_cloud(samples, 0.5, scale, np.random.default_rng(1), n_points=100)
    chosen = samples[np.linspace(0, 4999, 100).astype(int)]
    np.testing.assert_allclose(points - chosen, -targets * (0.5 * scale) ** 2)


def test_field_leaves_out_where_no_data_are():
    x = np.concatenate([normal(5000, 2) * 0.2 - 2, normal(5000, 2, seed=1) * 0.2 + 2])
    points, values = score_field(lambda v: 2 * v, x, n_per_axis=20)
    np.testing.assert_array_equal(values, 2 * points)
    distance = np.minimum(np.linalg.norm(points + 2, axis=1), np.linalg.norm(points - 2, axis=1))
    # Data reach 0.8 from their centres, a point of the grid is kept one cell of 0.27 further on; the gap is at 2.8.
    assert 40 < len(points) < 200
    assert distance.max() < 1.7


@pytest.mark.parametrize("n", [1, 2, 1001])
def test_quantiles_of_ordered_values_are_those_of_numpy(n):
    values, levels = normal(3, n), [0.0, 0.001, 0.3, 0.5, 1.0]
    expected = np.quantile(values, levels, axis=1).T
    np.testing.assert_allclose(ordered_quantiles(np.sort(values, axis=1), levels), expected, rtol=1e-12)


def test_long_data_are_thinned_and_short_ones_are_not():
    long = as_trajectory(np.zeros((3, 400_000, 1), dtype=np.float32), ["x"], 0.5)
    assert thinned(long).shape == (3, 133_334, 1)
    assert float(np.diff(thinned(long)["time"][:2])[0]) == 1.5
    assert thinned(long[:1]).shape == (1, 400_000, 1)
