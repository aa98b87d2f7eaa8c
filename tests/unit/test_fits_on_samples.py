"""Fits on samples that are read in pieces: the same estimate as on the array; standardised samples."""

from itertools import pairwise

import numpy as np
import pytest

import kgmm
from kgmm.data.observation import RingView
from kgmm.data.samples import Samples
from kgmm.data.standardization import Standardization, StandardizedSamples
from kgmm.data.trajectory import as_trajectory
from tests.unit.numbered_states import N_RING, stored

FITTED = ("centers_", "score_", "score_stderr_", "divergence_", "counts_")


def normal_trajectory(n_members=25, n_times=200):
    values = np.random.default_rng(3).standard_normal((n_members, n_times, 2)).cumsum(axis=2)
    return as_trajectory(values.astype(np.float32), ["a", "b"], 1.0)


def fit(X, **parameters):
    return kgmm.KGMM(**{"sigma": 0.2, "min_probability": 0.05, "max_draws": 8, "random_state": 4} | parameters).fit(X)


def assert_same_bytes(one, other):
    assert one.min_probability_ == other.min_probability_ and one.n_draws_ == other.n_draws_
    for name in FITTED:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture(params=["held in memory", "streamed"])
def memory(request, monkeypatch):
    if request.param == "streamed":
        monkeypatch.setattr(StandardizedSamples, "_MAX_IN_MEMORY", 0)
        # Two reads a block; the random numbers come with the chunks, which stay whole.
        monkeypatch.setattr("kgmm.score.moments._ROWS_PER_READ", 128)
        monkeypatch.setattr("kgmm.data.standardization._ROWS_PER_READ", 300)


@pytest.mark.usefixtures("memory", "way_of_reading")
@pytest.mark.parametrize("p_min", [None, 0.05])
def test_fit_on_samples_gives_the_bytes_of_the_fit_on_the_array(monkeypatch, tmp_path, p_min):
    monkeypatch.setattr("kgmm.score.moments._CHUNK", 64)
    data = normal_trajectory()
    samples = Samples(stored(tmp_path / "t.nc", data))
    found = fit(samples, min_probability=p_min)
    with monkeypatch.context() as plain:
        plain.setattr(StandardizedSamples, "_MAX_IN_MEMORY", 10**9)
        plain.setattr("kgmm.score.moments._ROWS_PER_READ", 64 * 10**6)
        plain.setattr("kgmm.data.standardization._ROWS_PER_READ", 10**9)
        assert_same_bytes(found, fit(data.values.reshape(-1, 2), min_probability=p_min))


def test_fit_on_streamed_samples_chooses_the_same_rows_for_the_partition(monkeypatch):
    monkeypatch.setattr("kgmm.score.preparation._SAMPLES_FOR_PARTITION", 2500)  # of 5000, from several pieces
    samples = Samples(normal_trajectory())
    held = fit(samples)
    monkeypatch.setattr(StandardizedSamples, "_MAX_IN_MEMORY", 0)
    monkeypatch.setattr("kgmm.data.standardization._ROWS_PER_READ", 300)
    assert_same_bytes(fit(samples), held)


def test_fit_streams_with_any_number_of_threads(monkeypatch, tmp_path, threads):
    samples = Samples(stored(tmp_path / "t.nc", normal_trajectory()))
    alone = fit(samples)
    monkeypatch.setattr(StandardizedSamples, "_MAX_IN_MEMORY", 0)
    threads(2)
    assert_same_bytes(fit(samples), alone)


def test_fit_on_a_part_of_the_samples_is_that_on_their_array():
    samples = Samples(normal_trajectory(), 3001)
    assert_same_bytes(fit(samples), fit(np.ascontiguousarray(samples[:])))


@pytest.mark.usefixtures("way_of_reading")
@pytest.mark.parametrize("view", [RingView(3), RingView(2, 3)], ids=str)
def test_fit_on_a_view_of_a_ring_is_that_on_its_array(view):
    values = np.random.default_rng(5).standard_normal((25, 80, N_RING)).astype(np.float32)
    samples = Samples(as_trajectory(values, [f"u{k}" for k in range(N_RING)], 1.0), None, view)
    assert_same_bytes(fit(samples), fit(np.ascontiguousarray(samples[:])))


def test_estimators_refuse_samples_as_they_refuse_arrays(tmp_path):
    data = normal_trajectory(4, 9)
    with pytest.raises(ValueError, match="X has 36 samples: at least 40 are needed"):
        fit(Samples(data))
    data = normal_trajectory()
    data[3, 7, 1] = np.nan
    data[20, 0, 0] = np.inf
    for samples in (Samples(data), Samples(stored(tmp_path / "t.nc", data))):
        with pytest.raises(ValueError, match="X has 2 NaN or inf values, the first in sample 607, feature 1"):
            fit(samples)
    data = normal_trajectory()
    data[:, :, 1] = 0.1
    with pytest.raises(ValueError, match="feature 1 of X is constant: it has no density"):
        fit(Samples(data))


def standardized(samples):
    return StandardizedSamples(samples, Standardization.of(samples))


def test_standardised_samples_are_the_same_held_and_streamed(monkeypatch):
    samples = Samples(normal_trajectory())
    held = standardized(samples)
    monkeypatch.setattr(StandardizedSamples, "_MAX_IN_MEMORY", 0)
    streamed = standardized(samples)
    assert held.shape == streamed.shape == (5000, 2)
    expected = Standardization.of(samples).forward(samples[:]).astype(np.float32)
    for start, stop in pairwise([0, 1, 777, 4999, 5000, 5000]):
        for found in (held[start:stop], streamed[start:stop]):
            assert found.numpy().dtype == np.float32
            np.testing.assert_array_equal(found.numpy(), expected[start:stop])


@pytest.mark.parametrize("most_in_memory", [0, 10**9])
def test_chosen_rows_are_different_and_in_order(monkeypatch, most_in_memory):
    monkeypatch.setattr(StandardizedSamples, "_MAX_IN_MEMORY", most_in_memory)
    monkeypatch.setattr("kgmm.data.standardization._ROWS_PER_READ", 97)
    numbers = np.arange(1000.0)[:, None]
    samples = standardized(numbers)
    chosen = samples.choose(300, np.random.default_rng(0)).numpy()[:, 0]
    rows = Standardization.of(numbers).backward(chosen[:, None])[:, 0].round().astype(int)
    assert len(rows) == 300 and (np.diff(rows) > 0).all()
    assert rows.min() < 20 and rows.max() > 980  # from everywhere
    np.testing.assert_array_equal(samples.choose(1000, np.random.default_rng(0)), samples[:])
    np.testing.assert_array_equal(samples.choose(5000, np.random.default_rng(0)), samples[:])
