"""A user's own data: every format gives the same numbers, whatever the order, type and shape in the file."""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from kgmm.data.datasets import check_series, read_dataset
from kgmm.data.imported_series import series_effective_size, write_series
from kgmm.data.trajectory import open_trajectory
from kgmm.sde.recording import add_effective_size
from tests.unit.series_files import (
    FORMATS,
    N_TIMES,
    NAMES,
    ONE,
    RNG,
    SEVERAL,
    STEP,
    TIMES,
    labelled,
    open_series,
    opened,
    refusal,
    usable,
    write,
)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("values", [ONE, SEVERAL], ids=["one member", "three members"])
def test_every_format_gives_the_same_numbers(tmp_path, suffix, values):
    series = opened(write(tmp_path, suffix, values))
    check_series(series)
    expected = values.reshape(-1, N_TIMES, 2)
    assert series.shape == expected.shape
    assert series.variables == ("wind", "rain")
    assert series.time_step == pytest.approx(STEP, rel=1e-12)
    np.testing.assert_array_equal(series.read(0, N_TIMES), expected)
    np.testing.assert_array_equal(series.read(7, 23), expected[:, 7:23])
    loaded = series.load()
    assert loaded.dims == ("member", "time", "variable") and list(loaded["variable"].values) == NAMES
    np.testing.assert_array_equal(loaded, expected)
    np.testing.assert_allclose(loaded["time"], STEP * np.arange(1, N_TIMES + 1))
    np.testing.assert_array_equal(read_dataset(series.source, NAMES, time_step=STEP), expected)


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_variables_are_taken_in_the_order_asked_for(tmp_path, suffix):
    path = write(tmp_path, suffix, SEVERAL)
    np.testing.assert_array_equal(opened(path, ["rain", "wind"]).read(0, 5), SEVERAL[:, :5, ::-1])
    np.testing.assert_array_equal(opened(path, ["rain"]).read(0, 5), SEVERAL[:, :5, 1:])


@pytest.mark.parametrize("suffix", [".nc", ".csv"])
def test_time_and_member_may_have_other_names(tmp_path, suffix):
    path = write(tmp_path, suffix, SEVERAL, time="t", member="run")
    series = opened(path, time="t", member="run")
    assert series.shape == (3, N_TIMES, 2) and series.time_step == pytest.approx(STEP)
    np.testing.assert_array_equal(series.read(0, N_TIMES), SEVERAL)


@pytest.mark.parametrize("size", [1, 100, 8_000_000])
def test_pieces_put_together_are_the_series(monkeypatch, tmp_path, size):
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", size)
    series = opened(write(tmp_path, ".nc", SEVERAL))
    starts, pieces = zip(*series.pieces())
    assert list(starts) == list(range(0, N_TIMES, pieces[0].shape[1]))
    assert max(piece.size for piece in pieces) <= max(size, 6)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), SEVERAL)


@pytest.mark.parametrize("values", [ONE[:, 0], ONE, SEVERAL], ids=["time", "time variable", "member time variable"])
def test_arrays_of_one_to_three_dimensions(tmp_path, values):
    np.save(tmp_path / "x.npy", values)
    series = open_series(tmp_path / "x.npy", time_step=2)
    n_features = 1 if values.ndim == 1 else 2
    assert series.shape == (3 if values.ndim == 3 else 1, N_TIMES, n_features)
    assert series.variables == ("x1", "x2")[:n_features]
    assert series.time_step == 2.0
    np.testing.assert_array_equal(series.read(0, N_TIMES).reshape(values.shape), values)


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f4", "f2", "i8", ">i2", "u1"])
def test_any_real_type_and_byte_order(tmp_path, dtype):
    values = np.arange(120).reshape(N_TIMES, 2).astype(dtype)
    np.save(tmp_path / "x.npy", values)
    series = usable(tmp_path / "x.npy", NAMES, time_step=1.0)
    write_series(series, samples=tmp_path / "s.nc", path=tmp_path / "p.nc")
    add_effective_size(tmp_path / "s.nc")
    stored = open_trajectory(tmp_path / "s.nc").values
    np.testing.assert_array_equal(stored[0], values.astype(float))
    assert stored.dtype == np.float32
    assert np.isfinite(series_effective_size(series))


def test_extra_dimension_gives_a_variable_for_each_entry(tmp_path):
    levels = RNG.standard_normal((N_TIMES, 3))
    dataset = labelled(ONE).assign(flow=(("time", "level"), levels))
    dataset.to_netcdf(tmp_path / "x.nc")
    series = open_series(tmp_path / "x.nc", ["flow", "rain"])
    assert series.variables == ("flow_0", "flow_1", "flow_2", "rain")
    np.testing.assert_array_equal(series.read(3, 9)[0], np.column_stack([levels, ONE[:, 1]])[3:9])


def test_order_of_dimensions_in_the_file_does_not_matter(tmp_path):
    turned = np.random.default_rng(1).standard_normal((2, N_TIMES, 3))
    xr.Dataset({"u": (("level", "time", "member"), turned)}, coords={"time": TIMES}).to_netcdf(tmp_path / "x.nc")
    series = open_series(tmp_path / "x.nc", ["u"])
    assert series.shape == (3, N_TIMES, 2)
    np.testing.assert_array_equal(series.read(0, N_TIMES), turned.transpose(2, 1, 0))


def test_packed_integers_are_unpacked_and_fill_values_are_missing(tmp_path):
    dataset = labelled(ONE)
    dataset["rain"][17] = np.nan
    packed = {name: {"dtype": "i2", "scale_factor": 1 / 64, "_FillValue": -32768} for name in NAMES}
    dataset.to_netcdf(tmp_path / "x.nc", encoding=packed)
    np.testing.assert_array_equal(open_series(tmp_path / "x.nc", ["wind"]).read(0, N_TIMES)[0], ONE[:, :1])
    assert "1 non-finite values, the first in 'rain' at time index 17" in refusal(tmp_path / "x.nc")


def test_a_file_that_netcdf_wrote_in_another_way_is_read_too(tmp_path):
    """An unlimited time dimension, single precision, big endian, a scalar beside the series."""
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("time", None)
        time = file.createVariable("time", "f4", ("time",))
        wind = file.createVariable("wind", np.dtype(">f4"), ("time",), endian="big")
        file.createVariable("height", "f8", ())[:] = 10.0
        time[:], wind[:] = TIMES, ONE[:, 0]
    series = usable(tmp_path / "x.nc", ["wind"])
    assert series.time_step == pytest.approx(STEP)
    np.testing.assert_array_equal(series.read(0, N_TIMES)[0, :, 0], ONE[:, 0])
    assert "none is called 'time'" in refusal(tmp_path / "x.nc", ["height"])


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_all_variables_are_read_unless_some_are_named(tmp_path, suffix):
    """The times are none of them."""
    series = opened(write(tmp_path, suffix, ONE), None)
    assert sorted(series.variables) == ["rain", "wind"]
