"""Files of prepared cells and of their scores, with the sums and without."""

import numpy as np
import pytest
import xarray as xr

from kgmm import CellScore, PreparedCells
from tests.unit.cell_scores import FIRST, SECOND, X, assert_same, both_kinds, fit, loaded_fit, prepare


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
