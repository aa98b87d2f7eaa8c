"""Scores of the same cells are merged; what does not belong together, or was merged before, is refused."""

from dataclasses import replace

import numpy as np
import pytest

from kgmm import CellScore, PreparedCells
from kgmm.score.options import CellOptions
from tests.unit.cell_scores import FIRST, SECOND, X, assert_same_moments, fit, loaded_fit, prepare


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
