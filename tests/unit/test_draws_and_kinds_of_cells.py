"""Number of draws, kind of cells, and known means in the place of the noise."""

import numpy as np
import pytest
import torch

from kgmm.score.cells import estimate
from kgmm.score.moments import accumulate_round, block_edges
from kgmm.score.partition import bisect
from tests.unit.cell_scores import X, fit, prepare


@pytest.mark.parametrize("max_draws", [2, 8, 40])
def test_fixed_makes_as_many_draws_as_it_says(max_draws):
    fixed = fit(X, max_draws=max_draws, min_draws=1)
    assert (fixed.n_draws, fixed.stopped_by) == (max_draws, "fixed")
    assert fixed.counts.sum() == max_draws * len(X)
    if max_draws == 40:
        assert fit(X, max_draws=40, stopping="stderr").n_draws < 40


THREE = np.random.default_rng(5).standard_normal((4000, 3))


def test_automatic_cells_are_constant_in_one_and_two_dimensions_and_linear_in_more(monkeypatch):
    for x in (X[:, :1], X):
        assert fit(x).estimates.slope is None
        assert fit(x, cells="linear").estimates.slope is not None
    linear = fit(THREE)
    assert linear.estimates.slope.shape == (len(linear.counts), 3, 3)
    np.testing.assert_array_equal(linear.estimates.slope, fit(THREE, cells="linear").estimates.slope)
    assert fit(THREE, cells="constant").estimates.slope is None
    monkeypatch.setattr("kgmm.score.prepared_cells._MAX_PRODUCTS", 10)
    large = fit(THREE)
    assert large.estimates.slope is None and large.sums.moments.noise_position is None
    with pytest.raises(
        ValueError, match=r"cells is 'linear': \d+ cells in 3 dimensions need .* products, at most 1e\+01"
    ):
        prepare(THREE, cells="linear")


def test_known_means_take_the_place_of_the_noise():
    samples = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    tree = bisect(samples, 0.1).to(torch.float32)
    slope = 0.3 / (1 + 0.3**2)  # E[z | x] of a normal law

    def sums(mean):
        return accumulate_round(
            samples, block_edges(4000, 20), 0.3, tree, round_index=0, entropy=7, linear=True, conditional_mean=mean
        )

    drawn, known = sums(None), sums(lambda x: slope * x)
    for name in ("count", "position", "position_squared"):  # the same draws
        np.testing.assert_array_equal(getattr(known, name), getattr(drawn, name))
    np.testing.assert_allclose(known.noise.sum(axis=0), slope * known.position, rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(known.noise_position, slope * known.position_squared, rtol=1e-5, atol=1e-2)
    means = [estimate(m).noise_mean for m in (drawn, known)]
    # In the mean over cells they are the same but for the noise, which is what is left out.
    assert not np.allclose(means[0], means[1], atol=1e-3)
    error = np.sqrt(1 / drawn.count.sum(axis=0))[:, None]
    assert (np.abs(means[0] - means[1]) < 4.5 * error).all()
