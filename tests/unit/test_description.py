"""What the page of a trajectory says of it: numbers of synthetic data that are known beforehand."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from kgmm import get_system
from kgmm.data.trajectory import as_trajectory
from kgmm.figures.drawing import draw
from kgmm.statistics.description import describe
from tests.statistical.exact_laws import autoregressive, chained_samples

RING = SimpleNamespace(is_ring=True, has_exact_density=False)


def trajectory(values, interval=0.5, names=None):
    return as_trajectory(values.astype(np.float32), names or [f"v{k}" for k in range(values.shape[2])], interval)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def description(samples, path=None, system=None, sizes=None, interval=0.5, path_interval=0.1):
    path = noise(2, 200, samples.shape[2], seed=1) if path is None else path
    sizes = np.arange(1.0, samples.shape[2] + 1) if sizes is None else sizes
    return describe(trajectory(samples, interval), trajectory(path, path_interval), system, sizes)


# Variables, each by itself.


def test_moments_are_those_of_each_variable():
    samples = noise(30, 40, 3) * [1.0, 10.0, 0.1] + [0.0, 5.0, -2.0]
    found = description(samples)
    assert list(found["variable"].values) == ["v0", "v1", "v2"]
    flat = samples.astype(np.float32).astype(float).reshape(-1, 3)
    np.testing.assert_allclose(found["mean"], flat.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found["deviation"], flat.std(axis=0), rtol=1e-3)  # with n or n − 1
    # Of 1200 independent values: 1/√n and 1/√(2n) deviations, known to 1/√38 from 20 blocks.
    np.testing.assert_allclose(found["mean_stderr"] / found["deviation"], 1200**-0.5, rtol=4 * 38**-0.5)
    np.testing.assert_allclose(found["deviation_stderr"] / found["deviation"], 2400**-0.5, rtol=4 * 38**-0.5)
    np.testing.assert_array_equal(found["effective_size"], [1, 2, 3])


def test_attributes_say_how_much_there_is():
    found = description(noise(30, 40, 2), noise(3, 70, 2), interval=0.5, path_interval=0.1)
    assert found.attrs == {
        "n_samples": 1200, "n_members": 30, "n_segments": 30, "sample_interval": 0.5, "path_members": 3,
        "path_interval": 0.1, "path_length": pytest.approx(7.0), "ring": 0, "coordinates": "physical",
    }  # fmt: skip


def test_densities_are_histograms_that_hold_everything_but_the_outermost_tails():
    found = description(noise(100, 100, 2) * [1, 100])
    width = np.diff(found["bin_center"], axis=1)
    np.testing.assert_allclose(width, width[:, :1] * np.ones_like(width), rtol=1e-9)
    mass = (found["density"] * width[:, :1]).sum("bin")
    np.testing.assert_allclose(mass, 1, atol=3e-4)
    exact = np.exp(-0.5 * found["bin_center"][0] ** 2) / (2 * np.pi) ** 0.5
    # About 300 counts in a bin of the centre: 4.5 standard errors of the most uncertain of 43 bins.
    assert np.abs(found["density"][0] - exact).max() < 4.5 * (exact.max() / (1e4 * width[0, 0])) ** 0.5
    assert "density_exact" not in found


def test_exact_densities_stand_beside_those_of_the_samples():
    system = get_system("ornstein_uhlenbeck")
    found = description(noise(30, 40, 2), system=system)
    for k in range(2):
        np.testing.assert_array_equal(
            found["density_exact"][k], system.marginal_density(k, found["bin_center"][k].values)
        )


def test_correlations_and_times_are_those_of_the_path():
    fast, slow = autoregressive(0.5, 4, 50_000, seed=2), autoregressive(0.9, 4, 50_000, seed=3)
    found = description(noise(30, 40, 2), np.stack([fast, slow], axis=2), path_interval=0.1)
    lag = found["lag"].values
    assert found["autocorrelation"].dims == ("lag", "variable")
    np.testing.assert_array_equal(found["autocorrelation"][0], 1.0)
    np.testing.assert_allclose(np.diff(lag), lag[1])
    for k, keep in enumerate((0.5, 0.9)):
        np.testing.assert_allclose(found["autocorrelation"][:, k], keep ** (lag / 0.1), atol=0.05)
        exact = 0.1 * (1 + keep) / (1 - keep)
        assert abs(found["integrated_time"][k] - exact) < 4.5 * found["integrated_time_stderr"][k]
    # Linear between lags: half-way through the first two steps of 0.5^k.
    np.testing.assert_allclose(found["decorrelation_time"], [0.153, 0.949], rtol=0.05)
    # The slowest has decayed to a tenth after 22 steps: that is shown, and not twenty times as much.
    assert 2.2 < lag[-1] < 10


def test_times_that_a_short_path_does_not_tell_are_missing():
    slow = np.cumsum(noise(1, 60, 1), axis=1)
    found = description(noise(30, 40, 1), np.concatenate([slow, slow + 1]))
    assert np.isnan(found["integrated_time"]).all() and np.isnan(found["integrated_time_stderr"]).all()
    assert np.isfinite(found["autocorrelation"]).all()


def test_the_path_is_the_beginning_of_the_first_member():
    path = noise(3, 2000, 2, seed=4)
    found = description(noise(30, 40, 2), path)
    shown = found.sizes["path_time"]
    assert 1000 < shown < 2000
    np.testing.assert_array_equal(found["path"], path[0, :shown].astype(np.float32))
    np.testing.assert_allclose(found["path_time"], 0.1 * np.arange(1, shown + 1))


@pytest.mark.parametrize("shape", [(1, 5000), (7, 900), (50, 300), (900, 2)], ids=str)
def test_many_samples_are_thinned_evenly(monkeypatch, shape):
    """All members and the whole length are in, and the numbers are those of the whole within their errors."""
    monkeypatch.setattr("kgmm.statistics.description._MAX_VALUES", 700)
    member, time = np.ogrid[: shape[0], : shape[1]]
    samples = np.stack([member + 0.0 * time, time + 0.0 * member], axis=2).astype(float)
    samples += 1e-3 * noise(*samples.shape)
    found = description(samples)
    assert found.attrs["n_samples"] == shape[0] * shape[1]
    if shape[0] <= 350:
        np.testing.assert_allclose(found["mean"][0], (shape[0] - 1) / 2, atol=0.01)
        # Every so many times from the first on: the last may be one step short.
        step = -(-2 * shape[0] * shape[1] // 700)
        np.testing.assert_allclose(found["mean"][1], (shape[1] - 1) / 2, atol=step / 2 + 0.01)


def test_thinning_takes_no_more_than_it_says(monkeypatch):
    from kgmm.statistics.description import _thinned

    monkeypatch.setattr("kgmm.statistics.description._MAX_VALUES", 700)
    for shape in ((1, 5000, 2), (7, 900, 2), (2500, 3, 1), (1001, 2, 3)):
        values = noise(*shape).astype(np.float32)
        thinned = _thinned(trajectory(values))
        assert thinned.shape[0] == shape[0] and thinned.shape[2] == shape[2]
        assert thinned.size <= max(700, shape[0] * shape[2])
        np.testing.assert_array_equal(thinned[:, 0], values[:, 0])
        monkeypatch.setattr("kgmm.statistics.description._MAX_VALUES", 10**9)
        np.testing.assert_array_equal(_thinned(trajectory(values)), values)
        monkeypatch.setattr("kgmm.statistics.description._MAX_VALUES", 700)


# A ring, whose variables are described as one.


def wave(number, n_ring=32, n_members=30, n_times=40):
    """``cos(number x + φ)`` with random phases, and a little of the mean."""
    rng = np.random.default_rng(5)
    phase = 2 * np.pi * rng.random((n_members, n_times, 1))
    level = 1e-3 * rng.standard_normal((n_members, n_times, 1))
    return np.cos(number * 2 * np.pi * np.arange(n_ring) / n_ring + phase) + level


@pytest.mark.parametrize("number", [0, 1, 5, 15, 16])
def test_a_wave_has_its_energy_at_its_number(number):
    samples = wave(number)
    energy = description(samples, system=RING)["energy"].values
    assert energy.shape == (17,)
    assert energy[number] == pytest.approx((samples**2).mean(), rel=1e-4)
    assert np.delete(energy, [0, number]).max() < 1e-10
    assert number == 0 or energy[0] == pytest.approx(1e-6, rel=0.2)


@pytest.mark.parametrize("n_ring", [9, 16, 33, 64])
def test_energies_add_up_to_the_mean_square(n_ring):
    samples = noise(30, 40, n_ring).cumsum(axis=2)
    found = description(samples, system=RING)
    assert float(found["energy"].sum()) == pytest.approx((samples**2).mean(), rel=1e-4)
    np.testing.assert_array_equal(found["wave"], np.arange(n_ring // 2 + 1))


def test_variables_of_a_ring_are_one():
    samples, path = noise(30, 40, 16), noise(2, 300, 16, seed=6)
    found = description(samples, path, RING)
    assert list(found["variable"].values) == ["u"] and found.attrs["ring"] == 1
    np.testing.assert_allclose(found["mean"], samples.mean(), atol=1e-6)
    np.testing.assert_allclose(found["deviation"], samples.std(), rtol=1e-3)
    width = float(np.diff(found["bin_center"][0])[0])
    assert float(found["density"].sum()) * width == pytest.approx(1, abs=3e-4)
    assert found["path"].shape == (300, 16)
    assert found["autocorrelation"].shape[1] == 1
    assert found["effective_size"].values.tolist() == [1.0]  # the least of 1 … 16
    assert found.sizes["bin"] > description(samples[:, :, :8], path[:, :, :8], RING).sizes["bin"]


def test_points_of_a_ring_are_no_independent_samples():
    """The same wave everywhere: the error of the mean follows from members, not from members times points."""
    same = np.repeat(noise(40, 20, 1), 16, axis=2)
    found = description(same, system=RING)
    assert float(found["mean_stderr"][0]) == pytest.approx(800**-0.5, rel=4 * 38**-0.5)


@pytest.mark.parametrize(("system", "n_features"), [(RING, 8), (None, 16), (get_system("ornstein_uhlenbeck"), 2)])
def test_few_variables_and_variables_on_no_ring_are_described_by_themselves(system, n_features):
    found = description(noise(30, 40, n_features), system=system)
    assert found.sizes["variable"] == n_features and found.attrs["ring"] == 0
    assert "energy" not in found


# Stationarity.


def halves(samples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = description(samples)
    return np.stack([found["mean_halves"], found["deviation_halves"]])


SHAPES = [(1, 20_000), (4, 5000), (40, 500)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_halves_of_a_stationary_series_differ_by_their_errors(shape):
    found = np.concatenate([halves(chained_samples(*shape, 0.8, np.random.default_rng(seed))[..., None])
                            for seed in range(60)], axis=1)  # fmt: skip
    # Errors from 20 blocks each: Student's t with 38 degrees of freedom, deviation 1.03, known to 9 % from 60.
    assert ((found.std(axis=1) > 0.65) & (found.std(axis=1) < 1.4)).all()
    assert np.abs(found.mean(axis=1)).max() < 4.5 / 60**0.5
    assert np.abs(found).max() < 5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_halves_of_a_drifting_series_differ_by_more(shape):
    base = chained_samples(*shape, 0.8, np.random.default_rng(7))[..., None]
    time = np.linspace(-1, 1, shape[1])[:, None]
    drift, growth = halves(base + 0.5 * time), halves(base * (1 + 0.3 * time))
    assert drift[0, 0] < -6  # the first half lies below the second
    assert halves(base - 0.5 * time)[0, 0] > 6
    assert abs(growth[0, 0]) < 4.5 and growth[1, 0] < -6
    assert np.abs(halves(base)).max() < 4.5


def test_halves_flag_the_variable_that_drifts_and_no_other():
    base = noise(40, 200, 3)
    base[:, :, 1] += np.linspace(0, 0.5, 200)
    found = halves(base)[0]
    assert abs(found[0]) < 4.5 and abs(found[1]) > 10 and abs(found[2]) < 4.5


def test_halves_of_a_drifting_ring_differ():
    base = noise(40, 200, 16) + np.linspace(0, 0.2, 200)[:, None]
    assert abs(float(description(base, system=RING)["mean_halves"][0])) > 6


def test_a_single_time_has_no_halves():
    found = description(noise(500, 1, 2))
    assert np.isnan(found["mean_halves"]).all() and np.isnan(found["deviation_halves"]).all()
    assert np.isfinite(found["mean"]).all()


# What may come and is no mistake.


@pytest.mark.parametrize("n_times", [1, 2, 3])
def test_a_path_of_a_few_times_is_described(n_times):
    """A simulation may save a path no longer than its interval."""
    found = description(noise(30, 40, 2), noise(4, n_times, 2))
    assert found["path"].shape == (n_times, 2)
    draw(found.assign_attrs(kind="trajectory"))


def test_a_variable_that_rests_nearly_always_can_be_drawn():
    """Rainfall in a desert: all quantiles that bound the histogram are equal."""
    samples = np.zeros((30, 1000, 1))
    samples[3, 100] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the figure is what counts
        found = description(samples, path=noise(2, 100, 1))
        draw(found.assign_attrs(kind="trajectory")).savefig("/dev/null", format="png")


@pytest.mark.parametrize("n_features", [1, 2])
def test_a_path_that_does_not_move_can_be_drawn(n_features):
    path = noise(2, 100, n_features)
    path[:, :, -1] = 3.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = description(noise(30, 40, n_features), path)
    missing = np.isnan(found["decorrelation_time"].values)
    assert missing[-1] and not missing[:-1].any()
    draw(found.assign_attrs(kind="trajectory"))


def test_a_mean_that_vanishes_in_every_sample_is_described():
    """Some rings conserve their mean: there is no error to measure a difference in."""
    values = np.tile([1.0, -1.0], 8) * np.abs(noise(30, 40, 1))
    found = description(values, noise(2, 100, 16), RING)
    assert float(found["mean"][0]) == 0.0
    assert not abs(float(found["mean_halves"][0])) > 3  # zero or missing
