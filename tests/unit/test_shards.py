"""Shards of prepared data gather to the fit, also through files; incomplete or strange ones are refused."""

import numpy as np
import pytest
import xarray as xr

from kgmm import CellScore, PreparedCells
from kgmm.score.moments import Moments
from tests.unit.cell_scores import FIRST, X, assert_same, assert_same_moments, both_kinds, fit, prepare


def read_back(moments: Moments, path) -> Moments:
    xr.Dataset(moments.to_variables()).to_netcdf(path)
    with xr.open_dataset(path) as dataset:
        return Moments.from_dataset(dataset.load())


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
