"""Langevin models: mobilities, resets, determinism and refusals."""

import numpy as np
import pytest
import torch

from kgmm import LangevinModel, ScientificFailure, ScoreModel
from kgmm.data.standardization import Standardization
from kgmm.score.network import Network

SCALE, MEAN = np.array([0.5, 10.0]), np.array([2.0, -30.0])


def score(width: float = 10.0, weight: float = 0.0) -> ScoreModel:
    """``s̃ = −x̃/1.01 + weight·x̃``, with data that reach ``width`` deviations."""
    network = Network(((weight * torch.eye(2), torch.zeros(2)),))
    return ScoreModel(network, 1.0, 0.1, Standardization(MEAN, SCALE, MEAN - width * SCALE, MEAN + width * SCALE))


RUN = {"n_members": 50, "n_steps": 40, "dt": 0.01}


def test_identity_in_standardised_coordinates_is_the_squared_scale():
    np.testing.assert_allclose(LangevinModel(score()).mobility, np.diag(SCALE**2))
    given = np.array([[1.0, -0.5], [0.7, 2.0]])
    np.testing.assert_allclose(LangevinModel(score(), given).mobility, given)


def test_given_identity_equals_the_default():
    a = LangevinModel(score()).sample(**RUN, seed=1)
    b = LangevinModel(score(), np.diag(SCALE**2)).sample(**RUN, seed=1)
    np.testing.assert_array_equal(a.values, b.values)


def test_labels_and_determinism():
    a, b, c = (LangevinModel(score()).sample(**RUN, seed=seed) for seed in (1, 1, 2))
    assert a.shape == (50, 4, 2)
    np.testing.assert_allclose(a["time"], [0.1, 0.2, 0.3, 0.4])
    np.testing.assert_array_equal(a.values, b.values)
    assert not np.array_equal(a.values, c.values)
    assert (a.attrs["members_reset"], a.attrs["dt"]) == (0, 0.01)


def test_a_seed_sequence_gives_the_same_bytes_each_time():
    sequence = np.random.SeedSequence(3)
    a, b = (LangevinModel(score()).sample(**RUN, seed=sequence).values for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_it_starts_where_it_is_told():
    start = MEAN + SCALE * np.linspace(-1, 1, 100).reshape(50, 2)
    x = LangevinModel(score()).sample(50, 1, 1e-8, save_every=1, initial=start)
    np.testing.assert_allclose(x.values[:, 0], start, atol=1e-3 * SCALE.max())


@pytest.mark.parametrize(
    ("mobility", "eigenvalues"),
    [
        ([[1.0, 0.0], [0.0, -2.0]], "-2, 1"),
        ([[1.0, 3.0], [1.0, 1.0]], "-1, 3"),
        ([[1.0, 2.0], [0.0, 1.0]], "0, 2"),  # on the edge
    ],
)
def test_mobility_that_is_not_positive_definite_is_a_failure_with_its_eigenvalues(mobility, eigenvalues):
    unit = ScoreModel(score().network, 1.0, 0.1, Standardization(*(np.full(2, v) for v in (0.0, 1.0, -9.0, 9.0))))
    with pytest.raises(ScientificFailure, match=f"not positive definite: its eigenvalues are {eigenvalues}$"):
        LangevinModel(unit, np.array(mobility))


@pytest.mark.parametrize("mobility", [[[np.nan, 0.0], [0.0, 1.0]], [[1.0, np.nan], [0.0, 1.0]], [[1, 0], [0, np.inf]]])
def test_mobility_that_is_not_finite_is_refused(mobility):
    with pytest.raises((ValueError, ScientificFailure), match="mobility"):
        LangevinModel(score(), np.array(mobility))


def test_antisymmetric_part_is_free():
    model = LangevinModel(score(), np.array([[1.0, 50.0], [-50.0, 1.0]]))
    np.testing.assert_allclose(model.mobility[0, 1], 50.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"save_every": 0}, "save_every is 0: input should be greater than or equal to 1"),
        ({"save_every": 41}, "save_every is 41: it must not exceed n_steps = 40"),
        ({"burn_in": 0.015}, "burn_in is 0.015: it must be a non-negative multiple of dt = 0.01"),
        ({"dt": 0.0}, "dt is 0.0: input should be greater than 0"),
        ({"initial": np.zeros((7, 2))}, "initial has 7 states: n_members = 50 are needed"),
        ({"initial": np.zeros((50, 3))}, "X has 3 features: the model was fitted with 2"),
        ({"scheme": "rk5"}, "unknown scheme 'rk5'"),
    ],
)
def test_sample_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        LangevinModel(score()).sample(**{**RUN, **changes})


def test_mobility_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"mobility has shape \(3, 3\): \(2, 2\) is expected"):
        LangevinModel(score(), np.eye(3))


def run(model: LangevinModel, n_steps: int):
    ensemble = model.ensemble(np.tile(MEAN, (50, 1)), dt=0.05, seed=1)
    ensemble.advance(n_steps)
    return ensemble


def test_members_that_leave_are_returned_to_their_start_and_counted():
    # An unstable score in a narrow box: everyone leaves, again and again.
    model = LangevinModel(score(width=1.0, weight=3.0))
    ensemble = run(model, 200)
    box = 1.0 + 1.0 + 6 * 0.1  # the range of the data, half its width more, and six σ, in deviations
    assert (ensemble.state.abs() <= box + 1e-6).all()
    assert ensemble.members_reset == 50
    assert int(ensemble.resets.sum()) > 100
    with pytest.raises(ScientificFailure, match=r"50 of 50 members left the box .* \(\d+ resets\); at most 0\.10%"):
        ensemble.refuse_resets()


def test_a_state_that_is_not_a_number_is_a_reset_and_no_sample():
    ensemble = run(LangevinModel(score()), 1)
    ensemble.state[0, 3] = float("nan")
    ensemble.advance(1)
    assert ensemble.resets.tolist() == [0, 0, 0, 1] + [0] * 46
    assert torch.isfinite(ensemble.state).all()


def test_resets_up_to_the_share_are_allowed():
    model = LangevinModel(score(), largest_reset_share=0.02)
    ensemble = run(model, 1)
    ensemble.resets[4] = 7
    ensemble.refuse_resets()
    ensemble.resets[5] = 1
    with pytest.raises(ScientificFailure, match=r"2 of 50 members .* \(8 resets\); at most 2\.00%"):
        ensemble.refuse_resets()


def test_sample_fails_when_too_many_leave():
    with pytest.raises(ScientificFailure, match="members left the box around the data"):
        LangevinModel(score(width=1.0, weight=3.0)).sample(n_members=50, n_steps=200, dt=0.05)


def test_dropping_members_keeps_the_record_of_resets():
    ensemble = run(LangevinModel(score()), 1)
    ensemble.resets[40] = 1
    ensemble.keep_members(10)
    assert ensemble.members_reset == 1
    piece = next(ensemble.record(2, 3))
    assert piece.shape == (10, 2, 2)
