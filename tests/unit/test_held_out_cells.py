"""The fold of a score model: whole groups of points are held out, if there are enough cells."""

import numpy as np
import pytest

from kgmm import KGMM, ScoreModel
from kgmm.data.standardization import Standardization
from kgmm.score.cell_targets import held_out_groups
from kgmm.score.training import fit_network

X = np.random.default_rng(0).standard_normal((3000, 2)) * [0.5, 20.0]
STANDARDIZATION = Standardization.of(X)


def folds_of(monkeypatch, n_groups, **options):
    """What ``fit_points`` holds out of groups of three points."""
    seen = {}

    def spy(*args, held_out, **kwargs):
        seen["fold"] = held_out
        return fit_network(*args, held_out=held_out, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr("kgmm.score.model.fit_network", spy)
        rng = np.random.default_rng(1)
        points = rng.standard_normal((3 * n_groups, 2))
        model = ScoreModel.fit_points(
            points, -np.tanh(points), np.ones(3 * n_groups), sigma=0.2, standardization=STANDARDIZATION,
            hidden=(8,), max_iterations=5, **{"group_size": 3, **options},
        )  # fmt: skip
    return seen["fold"], model


def test_few_groups_have_no_fold(monkeypatch):
    fold, model = folds_of(monkeypatch, 499)
    assert fold.shape == (3 * 499,) and not fold.any()
    assert np.isnan(model.history.validation_loss).all()


@pytest.mark.parametrize(("n_groups", "held_out", "expected"), [(500, 0.1, 50), (1000, 0.1, 100), (500, 0.25, 125)])
def test_whole_groups_are_held_out(monkeypatch, n_groups, held_out, expected):
    fold, model = folds_of(monkeypatch, n_groups, held_out=held_out)
    groups = fold.reshape(n_groups, 3)
    assert (groups.all(axis=1) == groups.any(axis=1)).all()
    assert groups.any(axis=1).sum() == expected
    assert np.isfinite(model.history.validation_loss).all()


def test_fold_depends_on_the_seed_and_may_be_empty(monkeypatch):
    first, again, other = (folds_of(monkeypatch, 500, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not folds_of(monkeypatch, 500, held_out=0)[0].any()
    # It is spread over all of them, not one end.
    chosen = np.flatnonzero(held_out_groups(10_000, 0.1, 0))
    assert chosen.mean() == pytest.approx(5000, abs=4.5 * 10_000 / 12**0.5 / 1000**0.5)


@pytest.mark.parametrize("held_out", [-0.1, 1.0, 1.5])
def test_impossible_folds_are_refused(held_out):
    with pytest.raises(ValueError, match=f"held_out is {held_out}: input should be (greater|less) than"):
        ScoreModel.fit_points(X, X, np.ones(len(X)), sigma=0.2, standardization=STANDARDIZATION, held_out=held_out)


@pytest.mark.parametrize(("min_probability", "has_fold"), [(0.02, False), (0.003, False), (0.0012, True)])
def test_fold_of_cells_and_history_survive_a_file(tmp_path, min_probability, has_fold):
    x = np.random.default_rng(2).standard_normal((6000, 2))
    cells = KGMM(0.2, min_probability, max_draws=4).fit(x)
    assert (len(cells.counts_) >= 500) == has_fold
    model = ScoreModel.fit(cells, hidden=(8,), max_iterations=20)
    assert np.isfinite(model.history.validation_loss).all() == has_fold
    model.save(tmp_path / "score.nc")
    loaded = ScoreModel.load(tmp_path / "score.nc").history
    for name in ("iteration", "loss", "validation_loss"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model.history, name))
        assert getattr(loaded, name).dtype == getattr(model.history, name).dtype
    assert loaded.kept == model.history.kept and isinstance(loaded.kept, int)
    stored = model.to_dataset().drop_vars(["iteration", "loss", "validation_loss", "kept"])
    assert stored.sizes.get("evaluation") is None
    without = ScoreModel.from_dataset(stored)
    assert without.history is None
    without.save(tmp_path / "by_hand.nc")
    assert ScoreModel.load(tmp_path / "by_hand.nc").history is None
