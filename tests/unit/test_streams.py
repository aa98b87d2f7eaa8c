"""Data that arrive in parts: sums, noise, number of draws and errors of a stream, and results that stay as they are."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from kgmm import CellScore
from tests.unit.cell_scores import FIRST, SECOND, X, assert_same, assert_same_moments, both_kinds, fit, kgmm, prepare


@pytest.mark.parametrize("stopping", ["fixed", "stderr"])
def test_first_part_of_a_stream_is_a_fit(stopping):
    estimator = kgmm(stopping=stopping)
    assert estimator.partial_fit(X) is estimator
    stream, whole = estimator.cell_score_, fit(X, stopping=stopping)
    assert_same(stream, whole)
    assert_same_moments(stream.sums.moments, whole.sums.moments)
    assert_same(CellScore.of_samples(prepare(X, stopping=stopping), X), whole)


@both_kinds
def test_stream_has_the_sums_of_all_its_parts(kind):
    stream = fit(FIRST, cells=kind).extend(SECOND)
    # Twice the blocks of the same size, in one go: the same noise.
    whole = CellScore.of_samples(prepare(FIRST, cells=kind, n_blocks=40), X)
    assert_same_moments(stream.sums.moments, whole.sums.moments, rtol=1e-11)
    assert_same(stream, whole, rtol=1e-9)
    assert stream.counts.sum() == 8 * len(X)
    assert not np.allclose(stream.score, fit(FIRST, cells=kind).score, rtol=1e-3)


def test_repeated_data_get_fresh_noise():
    once, twice = fit(FIRST), fit(FIRST).extend(FIRST)
    added = twice.sums.moments.noise[20:]
    assert added.shape == once.sums.moments.noise.shape
    assert not np.allclose(added, once.sums.moments.noise)


def test_stream_keeps_the_number_of_draws_of_its_first_part():
    stream = kgmm(stopping="stderr", max_draws=64).fit(FIRST)
    n_draws = stream.n_draws_
    assert n_draws < 64
    stream.max_draws = 8  # of no effect: every sample of a stream counts as much as any other
    for part in np.array_split(SECOND, 3):
        stream.partial_fit(part)
        assert (stream.n_draws_, stream.stopped_by_) == (n_draws, "stderr")
    assert stream.counts_.sum() == n_draws * len(X)


def one_dimensional_errors(n_parts: int) -> tuple[float, float]:
    """Square of the true and of the promised error of ``E[z | x]``, averaged over cells and 24 streams."""
    true, promised = [], []
    for seed in range(24):
        x = np.random.default_rng(seed).standard_normal((n_parts, 2000, 1))
        stream = kgmm(sigma=0.3, min_probability=0.05, max_draws=4, n_blocks=10, random_state=seed)
        for part in x:
            stream.partial_fit(part)
        stream = stream.cell_score_
        noise_scale = 0.3 * stream.standardization.scale[0]
        exact = stream.centers[:, 0] * noise_scale / (1 + noise_scale**2)
        true.append(np.average((stream.estimates.noise_mean[:, 0] - exact) ** 2, weights=stream.counts))
        promised.append(stream.data_error**2 + stream.draws_error**2)
    return float(np.mean(true)), float(np.mean(promised))


def test_error_falls_as_a_stream_grows():
    few, many = (np.array(one_dimensional_errors(n_parts)) for n_parts in (1, 8))
    # Eight times the data: an eighth of the square. 24 streams of some 14 cells that hang together in pairs: about 170
    # independent squares each, so the ratio of two such means is known to √(2/170 + 2/170) = 15 %; three of these.
    np.testing.assert_allclose(few / many, 8, rtol=0.45)
    # 11 %, and the bend of the score over a cell, which no data remove and no error promises.
    assert few[0] / few[1] == pytest.approx(1, abs=0.4)


def test_parts_with_other_features_are_refused():
    with pytest.raises(ValueError, match="X has 1 features: the model was fitted with 2"):
        fit(X).extend(X[:, :1])
    with pytest.raises(ValueError, match="X has 1 features: the model was fitted with 2"):
        CellScore.of_samples(prepare(X), X[:, :1])
    with pytest.raises(ValueError, match="X has 1 features, but KGMM is expecting 2 features as input"):
        kgmm().fit(X).partial_fit(X[:, :1])


def test_refit_starts_anew():
    used, fresh = kgmm().fit(FIRST).partial_fit(SECOND), kgmm().fit(FIRST)
    used.fit(FIRST)
    assert_same(used.cell_score_, fresh.cell_score_)
    assert_same_moments(used.cell_score_.sums.moments, fresh.cell_score_.sums.moments)
    assert_same(used.partial_fit(SECOND).cell_score_, fresh.partial_fit(SECOND).cell_score_)


def test_results_stay_as_they_are():
    estimator = kgmm()
    prepared = estimator.prepare(X)
    assert vars(estimator) == vars(kgmm())
    first = estimator.fit(FIRST).cell_score_
    before = first.to_dataset(moments=True)
    estimator.partial_fit(SECOND)
    assert estimator.cell_score_ is not first
    first.merge(loaded := CellScore.of_samples(replace(first.prepared, entropy=5), SECOND))
    assert loaded.counts.sum() == 8 * len(SECOND)
    assert first.to_dataset(moments=True).identical(before)
    for result, name in ((first, "n_draws"), (prepared, "entropy"), (first, "sums")):
        with pytest.raises(FrozenInstanceError):
            setattr(result, name, 1)


def test_results_have_a_line_to_show():
    assert repr(prepare(X)) == f"PreparedCells({prepare(X).partition.n_cells} cells, 2 variables, sigma=0.2)"
    score = fit(X)
    assert repr(score) == f"CellScore({len(score.counts)} cells, 2 variables, sigma=0.2, 8 draws)"
