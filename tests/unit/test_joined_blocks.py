"""Blocks of a stream are joined, so that their number is bounded; means and errors stay."""

from dataclasses import replace

import numpy as np
import pytest

from kgmm import CellScore
from kgmm.score.cells import estimate
from kgmm.score.moments import Moments, sums_of_squares
from tests.statistical.exact_laws import mean_is
from tests.unit.cell_scores import X, fit


def test_a_stream_has_a_bounded_number_of_blocks():
    stream, n_blocks = fit(X[:500], n_blocks=5), []
    for part in X[500:].reshape(-1, 100, 2):
        stream = stream.extend(part)
        n_blocks.append(stream.sums.moments.n_blocks)
    assert max(n_blocks) <= 4 * 5
    assert min(n_blocks) < 12 and stream.sums.moments.fine_squares is not None  # joined at least once
    assert stream.sums.moments.count.sum() == 8 * len(X)
    # Streams of random numbers are counted on: none is used twice.
    assert stream.sums.n_streams >= 5 + 35


def streamed_in_blocks(seed: int) -> CellScore:
    x = np.random.default_rng(seed).standard_normal((4000, 1))
    return fit(x, sigma=0.3, min_probability=0.05, n_blocks=40, random_state=seed)


def test_joining_blocks_leaves_the_means_and_the_error_of_the_draws():
    moments = streamed_in_blocks(0).sums.moments
    joined = moments.with_joined_blocks(20)
    before, after = estimate(moments), estimate(joined)
    assert joined.n_blocks == 20
    for name in ("count", "center", "noise_mean", "noise_squared_mean", "stderr_draws"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-9, atol=1e-15)
    # Control: from the joined blocks alone the draws' part would be another.
    forgetful = estimate(replace(joined, fine_squares=None))
    assert not np.allclose(forgetful.stderr_draws, before.stderr_draws, rtol=1e-3)


def test_joining_blocks_of_independent_samples_leaves_the_error_of_the_data():
    ratios = []
    for seed in range(24):
        moments = streamed_in_blocks(seed).sums.moments
        ratios.append(
            [
                estimate(m).mean_errors[1] ** 2 / estimate(moments).mean_errors[1] ** 2
                for m in (moments.with_joined_blocks(20), moments.with_joined_blocks(20).with_joined_blocks(10))
            ]
        )
    ratios = np.array(ratios)[:, :, None]
    for ratio in (ratios[:, 0], ratios[:, 1]):
        assert mean_is(ratio, 1.0)
        assert not mean_is(ratio, 1.5)  # what is known from 24 of them is better than that


@pytest.mark.parametrize("n_blocks", [1, 7, 20, 39])
def test_blocks_join_to_neighbours_of_about_equal_size(n_blocks):
    rng = np.random.default_rng(3)
    size = rng.exponential(1000, 60).round() + 1
    moments = by_hand(size, rng.standard_normal((60, 1)))
    joined = moments.with_joined_blocks(n_blocks)
    assert n_blocks / 2 < joined.n_blocks <= n_blocks
    ends, old_ends = joined.count[:, 0].cumsum(), size.cumsum()
    assert np.isin(ends, old_ends).all() and ends[-1] == old_ends[-1]
    np.testing.assert_allclose(joined.noise[:, 0, 0].cumsum(), moments.noise[:, 0, 0].cumsum()[np.isin(old_ends, ends)])
    # None is larger than its share and one more block.
    assert (joined.count[:, 0] <= size.sum() / n_blocks + size.max()).all()
    assert joined.n_rounds == moments.n_rounds
    np.testing.assert_array_equal(joined.fine_squares, moments.block_squares)


def test_blocks_that_are_few_already_stay_as_they_are():
    moments = fit(X).sums.moments
    for n_blocks in (20, 40):
        joined = moments.with_joined_blocks(n_blocks)
        np.testing.assert_array_equal(joined.count, moments.count)
        np.testing.assert_array_equal(joined.noise, moments.noise)


def by_hand(size, noise) -> Moments:
    """Blocks of ``size`` ``(n_blocks,)`` whose sums of noise ``(n_blocks, n_cells)`` are the same in two rounds."""
    count, noise = np.repeat(size[:, None], noise.shape[1], axis=1).astype(float), noise[:, :, None]
    columns = np.zeros((noise.shape[1], 1))
    return Moments(count, noise, columns, columns, sums_of_squares(count, noise) / 2, 2)


def test_error_of_the_data_is_right_for_blocks_of_any_size():
    """Blocks whose sums are independent with a variance of their size: the mean over all has 1 over the total."""
    rng = np.random.default_rng(4)
    for size in (np.full(10, 100.0), np.array([600.0, 100, 100, 100, 100]), np.array([10.0, 10, 10, 970])):
        noise = 0.3 * size[:, None] + rng.standard_normal((len(size), 20_000)) * size[:, None] ** 0.5
        cells = estimate(by_hand(size, noise))
        assert (cells.stderr_draws < 1e-3 * cells.stderr_data.mean()).all()  # up to rounding
        found = cells.stderr**2 * size.sum()
        assert mean_is(found, 1.0)
        # Control: the factor for equal blocks is wrong for others.
        share, n = size / size.sum(), len(size)
        assert mean_is(found * (1 - (share**2).sum()) * n / (n - 1), 1.0) == (n == 10)


def test_joined_streams_go_on():
    odd = fit(X[:600], n_blocks=3).sums.moments
    joined = odd.with_joined_blocks(2)
    assert joined.n_blocks == 2
    np.testing.assert_array_equal(joined.count, [odd.count[0], odd.count[1] + odd.count[2]])
    both = joined.merge_data(odd)
    assert both.n_blocks == 5
    np.testing.assert_allclose(both.block_squares, 2 * odd.block_squares)
    with pytest.raises(ValueError, match="blocks that were joined take no more rounds"):
        joined.merge_rounds(joined)


def test_error_of_the_data_does_not_depend_on_the_size_of_the_parts():
    ratios = []
    for seed in range(2):
        x = np.random.default_rng(seed).standard_normal((5000, 1))
        options = {"sigma": 0.3, "min_probability": 0.1, "max_draws": 4, "n_blocks": 5, "random_state": seed}
        small, large = fit(x[:1000], **options), fit(x[:1000], **options)
        for part in x[1000:].reshape(-1, 20, 1):
            small = small.extend(part)
        ratios.append(small.data_error / large.extend(x[1000:]).data_error)
    # Parts of 1000: 0.96 to 1.07, of 200, a block each: 0.84 to 1.08.
    assert np.mean(ratios) == pytest.approx(1, abs=0.3)
