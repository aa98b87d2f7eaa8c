"""Scores of cells from one set of samples, as a whole and in parts, and their comparison."""

from dataclasses import fields

import numpy as np
import pytest

from kgmm import KGMM, CellScore, PreparedCells
from kgmm.score.moments import Moments

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
