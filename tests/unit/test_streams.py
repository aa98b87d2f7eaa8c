"""Fits in parts: shards of prepared data, streams, merged estimators, and the files between them."""

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
import torch
import xarray as xr

from kgmm import KGMM, CellScore, PreparedCells
from kgmm.score.cells import estimate
from kgmm.score.moments import Moments, accumulate_round, block_edges, sums_of_squares
from kgmm.score.options import CellOptions
from kgmm.score.partition import bisect
from tests.statistical.exact_laws import mean_is

X = np.random.default_rng(0).standard_normal((4000, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
FIRST, SECOND = X[:2000], X[2000:]
FITTED = ("centers", "score", "score_stderr", "divergence", "counts", "draws_error", "data_error")
both_kinds = pytest.mark.parametrize("kind", ["constant", "linear"])


def kgmm(**parameters) -> KGMM:
    return KGMM(**{"sigma": 0.2, "min_probability": 0.02, "max_draws": 8, "stopping": "fixed", **parameters})


def prepare(x=X, **parameters) -> PreparedCells:
    return kgmm(**parameters).prepare(x)


def fit(x=X, **parameters) -> CellScore:
    return kgmm(**parameters).fit(x).cell_score_


def loaded_fit(path, x, random_state=None) -> CellScore:
    """What another process makes of prepared cells and its own samples."""
    return CellScore.of_samples(PreparedCells.load(path, random_state=random_state), x)


def assert_same_moments(a: Moments, b: Moments, rtol=0.0):
    for field in fields(a):
        first, second = getattr(a, field.name), getattr(b, field.name)
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_allclose(first, second, rtol=rtol, atol=rtol * np.abs(second).max())


def assert_same(a: CellScore, b: CellScore, rtol=0.0):
    for name in FITTED:
        first, second = getattr(a, name), getattr(b, name)
        np.testing.assert_allclose(first, second, rtol=rtol, atol=rtol * np.abs(second).max())
    assert (a.n_draws, a.stopped_by) == (b.n_draws, b.stopped_by)
    np.testing.assert_allclose(a.score_at(X), b.score_at(X), rtol=rtol, atol=100 * rtol)


def read_back(moments: Moments, path) -> Moments:
    xr.Dataset(moments.to_variables()).to_netcdf(path)
    with xr.open_dataset(path) as dataset:
        return Moments.from_dataset(dataset.load())


# Shards.


@both_kinds
@pytest.mark.parametrize("n_shards", [1, 2, 3, 7])
def test_shards_gather_to_the_fit(kind, n_shards):
    prepared = prepare(X, cells=kind)
    gathered = CellScore.gather(prepared, (prepared.accumulate(X, shard, n_shards) for shard in range(n_shards)))
    # Sums of the same numbers in another order.
    assert_same(gathered, fit(X, cells=kind), rtol=1e-9)
    other = fit(X, cells=kind, random_state=1)
    assert other.score.shape != gathered.score.shape or not np.allclose(other.score, gathered.score, rtol=1e-3)


@both_kinds
def test_shards_gather_through_files(kind, tmp_path):
    prepare(X, cells=kind).save(tmp_path / "prepared.nc")
    shards = []
    for shard in range(3):
        moments = PreparedCells.load(tmp_path / "prepared.nc").accumulate(X, shard, 3)
        shards.append(read_back(moments, tmp_path / f"{shard}.nc"))
        assert_same_moments(shards[-1], moments)
    assert_same(CellScore.gather(PreparedCells.load(tmp_path / "prepared.nc"), shards), fit(X, cells=kind), rtol=1e-9)


def test_joined_moments_survive_a_file(tmp_path):
    joined = fit(X).sums.moments.with_joined_blocks(10)
    assert joined.n_blocks == 10
    assert joined.fine_squares is not None
    assert_same_moments(read_back(joined, tmp_path / "moments.nc"), joined)


def test_every_shard_has_its_own_samples_and_noise():
    prepared = prepare(np.concatenate([FIRST, FIRST]))
    shards = [prepared.accumulate(np.concatenate([FIRST, FIRST]), shard, 2) for shard in range(2)]
    assert [shard.n_blocks for shard in shards] == [10, 10]
    assert [shard.count.sum() for shard in shards] == [8 * 2000] * 2
    # The same samples twice: only the noise can differ.
    assert not np.allclose(shards[0].noise, shards[1].noise)


@pytest.mark.parametrize(("shard", "n_shards"), [(-1, 2), (2, 2), (0, 0), (0, 21)])
def test_impossible_shards_are_refused(shard, n_shards):
    with pytest.raises(ValueError, match=rf"shard is {shard} of {n_shards}: .* not above 20 blocks"):
        prepare(X).accumulate(X, shard, n_shards)


def test_shards_of_other_data_are_refused():
    prepared = prepare(X)
    with pytest.raises(ValueError, match="X has 3 features: the model was fitted with 2"):
        prepared.accumulate(np.zeros((4000, 3)))
    with pytest.raises(ValueError, match="X has 30 samples: at least 40 are needed"):
        prepared.accumulate(X[:30])


def test_shards_of_different_rounds_or_cells_do_not_gather():
    eight, four = (prepare(X, max_draws=n, cells="linear") for n in (8, 4))
    with pytest.raises(ValueError, match=r"4 rounds do not merge with moments over .* 2 rounds"):
        CellScore.gather(eight, [eight.accumulate(X, 0, 2), four.accumulate(X, 1, 2)])
    constant = prepare(X, cells="constant")
    with pytest.raises(ValueError, match="linear cells do not merge with moments of constant cells"):
        CellScore.gather(eight, [eight.accumulate(X, 0, 2), constant.accumulate(X, 1, 2)])


@pytest.mark.parametrize(
    ("chosen", "found"),
    [([], 0), ([0], 7), ([0, 2], 14), ([1, 2], 13), ([0, 1, 2, 2], 27)],
    ids=["none", "first", "middle missing", "first missing", "one too many"],
)
def test_incomplete_shards_do_not_gather(chosen, found):
    prepared = prepare(X)
    # Of three shards of 20 blocks.
    moments = [prepared.accumulate(X, shard, 3) for shard in range(3)]
    assert [m.n_blocks for m in moments] == [7, 6, 7]
    with pytest.raises(ValueError, match=f"the shards hold {found} blocks: all 20 are needed, each once"):
        CellScore.gather(prepared, (moments[shard] for shard in chosen))
    # Control: all of them are accepted, also after the refusal.
    assert_same(CellScore.gather(prepared, moments), fit(X), rtol=1e-9)


# Number of draws and kind of cells.


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


# Streams.


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


# Merged estimators.


@pytest.fixture(scope="module")
def prepared_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "prepared.nc"
    prepare(X).save(path)
    return path


def test_merged_estimators_have_the_sums_of_both(prepared_file):
    a, b = (loaded_fit(prepared_file, part, seed) for seed, part in ((1, FIRST), (2, SECOND)))
    expected, counts = a.sums.moments.merge_data(b.sums.moments), a.counts + b.counts
    mean = (a.score * a.counts[:, None] + b.score * b.counts[:, None]) / counts[:, None]
    errors = a.data_error, b.data_error
    merged = a.merge(b)
    assert_same_moments(merged.sums.moments, expected)
    np.testing.assert_array_equal(merged.counts, counts)
    np.testing.assert_allclose(merged.score, mean, rtol=1e-10, atol=1e-12)
    assert merged.data_error < min(errors)
    # A merged one goes on as a stream.
    assert merged.extend(FIRST).counts.sum() == 8 * (len(X) + len(FIRST))


def test_merge_refuses_what_does_not_belong_together(prepared_file):
    fitted = loaded_fit(prepared_file, FIRST, 1)

    def other(**parameters):
        return fit(FIRST, random_state=9, **parameters)

    for stranger in (other(), other(min_probability=0.05), fit(X, sigma=0.3)):
        with pytest.raises(ValueError, match="scores of different sigma or partition do not merge"):
            fitted.merge(stranger)
    same_noise = loaded_fit(prepared_file, SECOND, 1)
    with pytest.raises(ValueError, match="both scores used the same random numbers"):
        fitted.merge(same_noise)
    with pytest.raises(ValueError, match="both scores used the same random numbers"):
        fitted.merge(fitted)
    without = replace(loaded_fit(prepared_file, FIRST, 2), sums=None)
    for pair in ((fitted, without), (without, fitted)):
        with pytest.raises(ValueError, match="the sums of these cells are not at hand"):
            pair[0].merge(pair[1])
    few = PreparedCells.load(prepared_file, random_state=2)
    few = replace(few, options=CellOptions.checked(**few.options.model_dump() | {"max_draws": 4}))
    with pytest.raises(ValueError, match=r"4 rounds do not merge with .* 2 rounds"):
        fitted.merge(CellScore.of_samples(few, SECOND))
    assert fitted.counts.sum() == 8 * len(FIRST)  # refusals change nothing


def test_merge_refuses_the_same_sigma_over_another_partition(prepared_file):
    fitted = loaded_fit(prepared_file, FIRST, 1)
    wider = loaded_fit(prepared_file, SECOND, 2)
    wider = replace(wider, prepared=replace(wider.prepared, options=CellOptions(sigma=0.25)))
    with pytest.raises(ValueError, match="different sigma or partition"):
        fitted.merge(wider)


def test_merge_refuses_the_same_partition_of_data_in_other_units():
    plain, moved = (prepare(x, random_state=1) for x in (X, 4 * X + 1024))  # powers of two: no rounding
    assert plain.partition.equals(moved.partition)
    moved = replace(moved, entropy=0)  # so that the noise is not what they are refused for
    plain, moved = CellScore.of_samples(plain, X), CellScore.of_samples(moved, 4 * X + 1024)
    for pair in ((plain, moved), (moved, plain)):
        with pytest.raises(ValueError, match="different sigma or partition"):
            pair[0].merge(pair[1])
    # Control: the same units, and the same pair merges.
    plain.merge(replace(moved, prepared=replace(moved.prepared, standardization=plain.standardization)))


# Files.


def test_load_keeps_the_noise_unless_it_is_told_otherwise(prepared_file):
    original = CellScore.of_samples(prepare(X), X)
    kept, other, again = (loaded_fit(prepared_file, X, seed) for seed in (None, 1, 1))
    assert_same(kept, original)
    assert_same(other, again)
    np.testing.assert_array_equal(other.partition.normals, original.partition.normals)
    assert not np.allclose(other.score, original.score, rtol=1e-3)
    # Another draw of the same: apart by the error of the draws. Two of them, 35 cells of 2 variables: 12 %.
    weight = original.counts / original.counts.sum()
    difference = np.square(other.estimates.noise_mean - original.estimates.noise_mean).sum(axis=1) @ weight
    assert (difference / 2) ** 0.5 == pytest.approx(original.draws_error, rel=0.4)


@both_kinds
def test_stream_goes_on_from_a_file_with_sums(kind, tmp_path):
    stream = fit(FIRST, cells=kind, stopping="stderr").extend(X[2000:3000])
    stream.save(tmp_path / "stream.nc", moments=True)
    loaded = CellScore.load(tmp_path / "stream.nc")
    assert_same(loaded, stream)
    stream, loaded = (score.extend(X[3000:]) for score in (stream, loaded))
    assert_same(loaded, stream)
    assert loaded.to_dataset(moments=True).identical(stream.to_dataset(moments=True))


def test_sums_are_stored_only_when_asked_for(tmp_path):
    fitted = fit(X)
    fitted.save(tmp_path / "small.nc")
    loaded = CellScore.load(tmp_path / "small.nc")
    assert not any(str(name).startswith("sum_") for name in loaded.to_dataset().variables)
    assert any(str(name).startswith("sum_") for name in fitted.to_dataset(moments=True).variables)
    with pytest.raises(ValueError, match="the sums of these cells are not at hand"):
        loaded.save(tmp_path / "again.nc", moments=True)
    with pytest.raises(ValueError, match="the sums of these cells are not at hand"):
        loaded.merge(fitted)
    assert_same(loaded, fitted)


def test_stream_without_its_sums_does_not_go_on(tmp_path):
    fitted = fit(FIRST)
    for name, moments in (("small.nc", False), ("large.nc", True)):
        fitted.save(tmp_path / name, moments=moments)
    loaded = CellScore.load(tmp_path / "small.nc")
    with pytest.raises(ValueError, match="the sums of these cells are not at hand"):
        loaded.extend(SECOND)
    assert_same(loaded, fitted)  # it is left as it was
    # Control: with them it goes on.
    assert CellScore.load(tmp_path / "large.nc").extend(SECOND).counts.sum() == 8 * len(X)


def test_copies_of_one_fit_do_not_merge(tmp_path):
    fitted = fit(X)
    fitted.save(tmp_path / "fitted.nc", moments=True)
    for random_state in (None, 1):
        copied = CellScore.load(tmp_path / "fitted.nc", random_state=random_state)
        for pair in ((fitted, copied), (copied, fitted)):
            with pytest.raises(ValueError, match="both scores used the same random numbers"):
                pair[0].merge(pair[1])
    assert fitted.counts.sum() == 8 * len(X)


def test_nothing_is_merged_twice(prepared_file, tmp_path):
    def part(seed, x):
        return loaded_fit(prepared_file, x, seed)

    first, second, third = part(1, FIRST), part(2, SECOND), part(3, FIRST)
    first = first.merge(second)
    first.save(tmp_path / "merged.nc", moments=True)
    read = CellScore.load(tmp_path / "merged.nc", random_state=4)
    for merged in (first, read):
        for pair in ((merged, second), (second, merged)):
            with pytest.raises(ValueError, match="both scores used the same random numbers"):
                pair[0].merge(pair[1])
        assert merged.counts.sum() == 8 * len(X)
    # By way of another one, too; control: what has nothing in common merges.
    third = third.merge(second)
    with pytest.raises(ValueError, match="both scores used the same random numbers"):
        first.merge(third)
    assert first.merge(part(5, FIRST)).counts.sum() == 8 * (len(X) + len(FIRST))
    assert read.merge(part(6, FIRST)).counts.sum() == 8 * (len(X) + len(FIRST))


def test_prepared_file_is_that_of_prepared_cells(prepared_file):
    loaded, prepared = PreparedCells.load(prepared_file), prepare(X)
    assert loaded.to_dataset().identical(prepared.to_dataset())
    assert loaded.predict(X).tolist() == prepared.predict(X).tolist()
    with pytest.raises(ValueError, match="these cells are prepared and hold no score: the attribute 'n_draws' is"):
        CellScore.load(prepared_file)


def test_prepared_cells_are_read_from_a_score(tmp_path):
    fit(X).save(tmp_path / "fitted.nc")
    assert PreparedCells.load(tmp_path / "fitted.nc").to_dataset().identical(prepare(X).to_dataset())


@pytest.mark.parametrize("kind", [PreparedCells, CellScore])
def test_other_files_are_no_cells(tmp_path, kind):
    xr.Dataset({"x": 1.0}).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(ValueError, match="these are no cells of KGMM: the attribute 'tree_depth' is missing"):
        kind.load(tmp_path / "other.nc")


# Known conditional means.


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
