"""Moments are sums: they merge over rounds and over data, whatever the number of threads."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from kgmm.randomness import torch_generator
from kgmm.score.cells import estimate
from kgmm.score.moments import accumulate_round, block_edges, sums_of_squares
from kgmm.score.partition import bisect

SIGMA = 0.3
SAMPLES = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
TREE = bisect(SAMPLES + 0.3 * torch.randn(4000, 2, generator=torch.Generator().manual_seed(1)), 0.05).to(torch.float32)


def one_round(round_index=0, samples=SAMPLES, n_blocks=20, first_block=0, entropy=7, linear=False):
    return accumulate_round(
        samples,
        block_edges(len(samples), n_blocks),
        SIGMA,
        TREE,
        round_index=round_index,
        entropy=entropy,
        first_block=first_block,
        linear=linear,
    )


PRODUCTS = ("noise_position", "position_squared")
both_kinds = pytest.mark.parametrize("linear", [False, True], ids=["constant", "linear"])


def assert_equal(a, b, rtol=0.0):
    for field in fields(a):
        first, second = getattr(a, field.name), getattr(b, field.name)
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_allclose(first, second, rtol=rtol, atol=rtol)


def test_antithetic_draws_cancel_and_have_the_moments_of_a_normal():
    m = one_round()
    assert m.count.sum() == 2 * 4000
    assert m.count.shape == (20, TREE.n_cells)
    # Terms of one chunk are added in single precision.
    np.testing.assert_allclose(m.noise.sum(axis=(0, 1)), 0, atol=1e-7 * m.count.sum())
    np.testing.assert_allclose(m.position.sum(axis=0), 2 * SAMPLES.double().sum(dim=0), rtol=1e-5, atol=1e-2)
    # E[z²] = 1 with variance 2; pairs count once: 4.5 standard errors of 4000.
    np.testing.assert_allclose(m.noise_squared.sum(axis=0) / 8000, 1, atol=4.5 * (2 / 4000) ** 0.5)
    assert not np.allclose(m.noise.sum(axis=0), 0, atol=1.0)  # in single cells they do not cancel


@both_kinds
def test_two_rounds_merge_to_their_sum(linear):
    a, b = one_round(0, linear=linear), one_round(1, linear=linear)
    merged = a.merge_rounds(b)
    np.testing.assert_array_equal(merged.noise, a.noise + b.noise)
    squares = sums_of_squares(np.concatenate([a.count, b.count]), np.concatenate([a.noise, b.noise]))
    np.testing.assert_allclose(merged.round_squares, squares, rtol=1e-12)
    assert merged.n_rounds == 2
    assert_equal(merged, b.merge_rounds(a))
    for name in PRODUCTS if linear else ():
        np.testing.assert_array_equal(getattr(merged, name), getattr(a, name) + getattr(b, name))


def test_rounds_are_independent_draws():
    assert not np.allclose(one_round(0).noise, one_round(1).noise)
    assert not np.allclose(one_round(0).noise, one_round(0, entropy=8).noise)
    assert_equal(one_round(1), one_round(1))


@both_kinds
def test_halves_of_the_data_merge_to_the_whole(linear):
    first = one_round(samples=SAMPLES[:2000], n_blocks=10, linear=linear)
    second = one_round(samples=SAMPLES[2000:], n_blocks=10, first_block=10, linear=linear)
    whole, merged = one_round(linear=linear), first.merge_data(second)
    for name in ("count", "noise"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))
    assert_equal(merged, whole, rtol=1e-11)  # sums over all blocks are added in another order
    # Without the number of its first block the second half would repeat the noise of the first.
    repeated = one_round(samples=SAMPLES[2000:], n_blocks=10)
    assert not np.allclose(repeated.noise, second.noise)


@both_kinds
def test_rounds_and_data_merge_in_any_order(linear):
    halves = [(SAMPLES[:2000], 0), (SAMPLES[2000:], 10)]
    rounds = [[one_round(r, s, 10, b, linear=linear) for r in range(2)] for s, b in halves]
    by_data = rounds[0][0].merge_data(rounds[1][0]).merge_rounds(rounds[0][1].merge_data(rounds[1][1]))
    by_rounds = rounds[0][0].merge_rounds(rounds[0][1]).merge_data(rounds[1][0].merge_rounds(rounds[1][1]))
    assert_equal(by_data, by_rounds, rtol=1e-11)


@both_kinds
def test_number_of_threads_does_not_change_a_byte(threads, linear):
    alone = one_round(linear=linear)
    threads(3)
    assert_equal(one_round(linear=linear), alone)


def test_products_change_no_other_sum():
    plain, linear = one_round(), one_round(linear=True)
    assert all(getattr(plain, name) is None for name in PRODUCTS)
    for field in fields(plain):
        if field.name not in PRODUCTS:
            np.testing.assert_array_equal(getattr(linear, field.name), getattr(plain, field.name))


def test_products_are_the_sums_they_state():
    z = torch.cat(
        [
            torch.empty(200, 2).normal_(generator=torch_generator(np.random.SeedSequence(7, spawn_key=(0, block))))
            for block in range(20)
        ]
    )
    z, x = torch.cat([z, -z]), torch.cat([SAMPLES + SIGMA * z, SAMPLES - SIGMA * z])
    cell = TREE.assign(x).numpy()
    found = one_round(linear=True)
    for name, left in zip(PRODUCTS, (z, x)):
        expected = np.zeros((TREE.n_cells, 2, 2))
        np.add.at(expected, cell, (left[:, :, None] * x[:, None, :]).double().numpy())
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-5, atol=1e-4)
    assert not np.allclose(found.noise_position, found.noise_position.transpose(0, 2, 1), atol=1.0)  # rows are z
    assert all(matrix is None for matrix in (estimate(one_round()).covariance, estimate(one_round()).slope))
    cells = estimate(found)
    for k in range(TREE.n_cells):
        np.testing.assert_allclose(cells.covariance[k], np.cov(x[cell == k].double().T, ddof=0), atol=1e-4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"rounds over \(20, \d+\) .* do not merge with rounds over \(10, \d+\)"):
        one_round().merge_rounds(one_round(n_blocks=10))
    with pytest.raises(ValueError, match=r"1 rounds do not merge with moments over \d+ cells and 2 rounds"):
        one_round().merge_data(one_round(0).merge_rounds(one_round(1)))


def test_estimates_are_ratios_of_the_sums():
    m = one_round(0).merge_rounds(one_round(1))
    cells = estimate(m)
    count = m.count.sum(axis=0)
    np.testing.assert_array_equal(cells.count, count)
    np.testing.assert_allclose(cells.noise_mean, m.noise.sum(axis=0) / count[:, None])
    np.testing.assert_allclose(cells.center, m.position / count[:, None])
    np.testing.assert_allclose(cells.noise_squared_mean, m.noise_squared / count[:, None])


def test_both_errors_together_are_the_scatter_between_blocks():
    m = one_round(0).merge_rounds(one_round(1)).merge_rounds(one_round(2))
    cells = estimate(m)
    residual = m.noise - cells.noise_mean * m.count[:, :, None]
    between = np.sqrt(residual.var(axis=0, ddof=1) * 20) / cells.count[:, None]
    both = np.hypot(cells.stderr_draws, cells.stderr_data)
    np.testing.assert_allclose(both, np.maximum(between, cells.stderr_draws), rtol=1e-9)


@pytest.mark.parametrize(("n", "blocks"), [(100, 20), (103, 20), (41, 20)])
def test_blocks_cover_the_data_evenly(n, blocks):
    edges = block_edges(n, blocks)
    assert (edges[0], edges[-1], len(edges)) == (0, n, blocks + 1)
    assert set(np.diff(edges)) <= {n // blocks, n // blocks + 1}
