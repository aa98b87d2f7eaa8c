"""Mean, deviation and range of samples that are read in pieces: NumPy's numbers, whatever the pieces."""

import numpy as np
import pytest

from kgmm.data.samples import Samples, pieces_of
from kgmm.data.standardization import Standardization, check_samples
from kgmm.data.trajectory import as_trajectory, open_trajectory, write_trajectory

N = 5000


def samples(seed=0, n=N):
    """Three variables of very different scale, the last a few integers."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.standard_normal(n), 1e4 + 1e-3 * rng.random(n), rng.integers(0, 4, n)])


def of(x, size=None):
    return Standardization.of_pieces(pieces_of(x, size or len(x)))


@pytest.mark.parametrize("size", [1, 7, 1000, N - 1, N, 10 * N])
def test_pieces_give_the_numbers_of_numpy(size):
    x = samples()
    found = of(x, size)
    np.testing.assert_allclose(found.mean, x.mean(axis=0), rtol=1e-13)
    # Numbers with 1e-12 of their deviation as rounding: so accurate is NumPy's own deviation.
    np.testing.assert_allclose(found.scale, x.std(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(found.lower, x.min(axis=0))
    np.testing.assert_array_equal(found.upper, x.max(axis=0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8, np.int64, ">f4", ">f8"])
def test_any_type_of_number_is_summed_in_double_precision(dtype):
    x = np.random.default_rng(1).integers(0, 256, (N, 2)).astype(dtype)
    found = of(x, 100)
    exact = x.astype(float)
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found.scale, exact.std(axis=0), rtol=1e-13)
    for array in (found.mean, found.scale, found.lower, found.upper):
        assert array.dtype == np.float64 and array.shape == (2,)


@pytest.mark.parametrize("size", [1, 64, N])
@pytest.mark.parametrize("offset", [1e6, -1e9])
def test_a_large_offset_costs_no_accuracy(size, offset):
    x = offset + np.random.default_rng(2).standard_normal((N, 1))
    residual = x - offset  # what rounding left of the numbers: exact, the offset being so much larger
    found = of(x, size)
    rounding = np.spacing(abs(offset))
    assert found.scale[0] == pytest.approx(residual.std(), abs=rounding)
    # As many roundings of the mean as pieces, at most.
    assert found.mean[0] - offset == pytest.approx(residual.mean(), abs=4 * N**0.5 * rounding)
    # Negative control: the difference of large sums.
    naive = np.sqrt(abs((x**2).mean() - x.mean() ** 2))
    assert abs(naive / residual.std() - 1) > 1e-6


def test_a_large_offset_in_single_precision_costs_no_more_than_its_rounding():
    x = (1e6 + np.random.default_rng(3).standard_normal((200_000, 1))).astype(np.float32)
    exact = x.astype(float) - 1e6
    found = of(x, 1000)
    assert found.scale[0] == pytest.approx(exact.std(), rel=1e-10)
    assert found.mean[0] - 1e6 == pytest.approx(exact.mean(), abs=1e-9)
    assert abs(x.mean() - 1e6 - exact.mean()) > 1e-4  # summed in single precision


def test_pieces_of_different_levels_are_not_taken_for_constant():
    """Each piece is constant, the whole is not."""
    x = np.repeat([0.0, 3.0, 1.0], 100)[:, None]
    found = of(x, 100)
    assert found.mean[0] == pytest.approx(4 / 3)
    assert found.scale[0] == pytest.approx(x.std())
    assert (found.lower[0], found.upper[0]) == (0.0, 3.0)


def test_a_constant_variable_is_refused_in_pieces_too():
    x = samples()
    x[:, 1] = 0.1
    for size in (1, 999, N):
        with pytest.raises(ValueError, match="feature 1 of X is constant: it has no density"):
            of(x, size)


@pytest.mark.parametrize("size", [1, 100, 333, N])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_reported_with_their_row_in_the_whole(size, value):
    x = samples()
    x[4321, 2] = value
    with pytest.raises(ValueError, match=r"1 NaN or inf values, the first in sample 4321, feature 2"):
        of(x, size)


def test_non_finite_values_in_a_file_are_reported_with_their_row(tmp_path):
    values = np.random.default_rng(4).standard_normal((5, 11, 2)).astype(np.float32)
    values[3, 2, 1] = np.nan
    write_trajectory(
        tmp_path / "t.nc", [values], n_members=5, n_times=11, variables=["a", "b"], interval=1.0, attributes={}
    )
    with pytest.raises(ValueError, match="the first in sample 35, feature 1"):
        Standardization.of(Samples(open_trajectory(tmp_path / "t.nc")))


def test_large_finite_values_are_no_infinities():
    x = np.array([[1e308], [1.1e308], [1.2e308]])
    with np.errstate(over="ignore", invalid="ignore"):  # their squares are
        assert of(x, 3).upper[0] == 1.2e308


def test_samples_of_a_trajectory_give_the_numbers_of_their_array():
    values = np.random.default_rng(5).standard_normal((7, 30, 2)).astype(np.float32)
    trajectory = Samples(as_trajectory(values, ["a", "b"], 1.0))
    ours, arrays = Standardization.of(trajectory), Standardization.of(values.reshape(-1, 2))
    for name in ("mean", "scale", "lower", "upper"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(arrays, name))


def test_forward_and_backward_are_inverse_and_standardise():
    x = samples(7)
    standardization = Standardization.of(x)
    forward = standardization.forward(x)
    np.testing.assert_allclose(forward.mean(axis=0), 0, atol=1e-6)  # the second is 1e7 deviations from zero
    np.testing.assert_allclose(forward.std(axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose(standardization.backward(forward), x, rtol=1e-12, atol=1e-12)


def test_variables_of_a_dataset_give_the_same_standardization_back():
    import xarray as xr

    given = Standardization.of(samples(8))
    read = Standardization.from_dataset(xr.Dataset(given.to_variables()))
    for name in ("mean", "scale", "lower", "upper"):
        np.testing.assert_array_equal(getattr(read, name), getattr(given, name))


def test_checks_pass_samples_on_as_they_are_and_refuse_their_shape():
    values = np.random.default_rng(9).standard_normal((3, 5, 2)).astype(np.float32)
    trajectory = Samples(as_trajectory(values, ["a", "b"], 1.0))
    assert check_samples(trajectory, at_least=15) is trajectory
    with pytest.raises(ValueError, match="X has 15 samples: at least 16 are needed"):
        check_samples(trajectory, at_least=16)
    with pytest.raises(ValueError, match="X has 2 features: the model was fitted with 3"):
        check_samples(trajectory, n_features=3)
