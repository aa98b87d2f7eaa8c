"""A user's own data: every format gives the same numbers, and what cannot be used is refused in one sentence."""

import importlib.util
import os
import shutil
import sys
import warnings

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.data import datasets
from kgmm.data.blocks import effective_sizes
from kgmm.data.datasets import check_series, read_dataset
from kgmm.data.imported_series import content_hash, series_effective_size, write_series
from kgmm.data.options import ReadingOptions
from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import open_trajectory
from kgmm.sde.recording import add_effective_size

N_TIMES, STEP = 60, 0.25
NAMES = ["wind", "rain"]
RNG = np.random.default_rng(0)
# Numbers that single precision and ten digits of text hold exactly.
ONE = np.round(RNG.standard_normal((N_TIMES, 2)) * 64) / 64
SEVERAL = np.round(RNG.standard_normal((3, N_TIMES, 2)) * 64) / 64
TIMES = 10.0 + STEP * np.arange(N_TIMES)


def labelled(values, times=TIMES, time="time", member="member") -> xr.Dataset:
    """A dataset with one variable per column; three dimensions have members."""
    dims = (time,) if values.ndim == 2 else (member, time)
    variables = {name: (dims, values[..., k].copy()) for k, name in enumerate(NAMES)}
    return xr.Dataset(variables, coords={} if times is None else {time: times})


def table(values, times=TIMES, time="time", member="member") -> pd.DataFrame:
    frames = []
    for number, own in enumerate(values[None] if values.ndim == 2 else values):
        frame = pd.DataFrame(own, columns=NAMES)
        if times is not None:
            frame.insert(0, time, times)
        if values.ndim == 3:
            frame.insert(0, member, f"run {number}")
        frames.append(frame)
    return pd.concat(frames)


def write(folder, suffix, values, times=TIMES, **names):
    path = folder / f"series{suffix}"
    if suffix == ".csv":
        table(values, times, **names).to_csv(path, index=False)
    elif suffix == ".npy":
        np.save(path, values)
    elif suffix == ".zarr":
        if importlib.util.find_spec("zarr") is None:
            pytest.skip("the package zarr is not installed")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the version of the format
            labelled(values, times, **names).to_zarr(path)
    else:
        labelled(values, times, **names).to_netcdf(path)
    return path


def open_series(path, variables=None, **options):
    return datasets.open_series(path, variables, ReadingOptions.checked(**options))


def opened(path, variables=NAMES, **options):
    if path.suffix == ".npy":
        options.setdefault("time_step", STEP)
    return open_series(path, variables, **options)


def usable(path, variables, **options):
    series = open_series(path, variables, **options)
    check_series(series)
    return series


def refusal(path, variables=NAMES, **options) -> str:
    """The sentence with which a file is refused; it names the file."""
    with pytest.raises(ValueError) as error:
        usable(path, variables, **options)
    message = str(error.value)
    assert "\n" not in message.strip() and message == message.strip()
    assert path.name in message
    return message


FORMATS = [".nc", ".nc4", ".zarr", ".csv", ".npy"]


def test_what_never_ends_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "device.npy").symlink_to("/dev/zero")
    for name in ("pipe.csv", "device.npy"):
        with pytest.raises(ValueError, match=f"{name} is a pipe or a device"):
            read_dataset(tmp_path / name)
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(ValueError, match="does not exist"):
        read_dataset(tmp_path / "loop.csv")


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


# Times.


@pytest.mark.parametrize(("frequency", "days"), [("6h", 0.25), ("D", 1.0), ("7D", 7.0), ("min", 1 / 1440)])
@pytest.mark.parametrize("suffix", [".nc", ".csv"])
def test_dates_count_in_days(tmp_path, suffix, frequency, days):
    path = write(tmp_path, suffix, ONE, pd.date_range("1999-12-28", periods=N_TIMES, freq=frequency))
    assert opened(path).time_step == pytest.approx(days, rel=1e-9)


def test_dates_of_a_calendar_without_leap_years_count_in_days(tmp_path):
    dataset = labelled(ONE, np.arange(N_TIMES))
    dataset["time"].attrs = {"units": "days since 2004-02-20", "calendar": "noleap"}
    dataset.to_netcdf(tmp_path / "x.nc")
    assert opened(tmp_path / "x.nc").time_step == pytest.approx(1.0)


def test_a_time_step_that_is_given_is_taken(tmp_path):
    working_days = pd.bdate_range("2000-01-03", periods=N_TIMES)
    for suffix in (".nc", ".csv"):
        path = write(tmp_path, suffix, ONE, working_days)
        assert opened(path, time_step=1 / 12).time_step == 1 / 12
        assert "unequal, between 1 and 3: give --gaps" in refusal(path)


@pytest.mark.parametrize("units", ["months since 2000-01-01", "days since the beginning"])
def test_a_time_step_that_is_given_makes_the_coordinate_superfluous(tmp_path, units):
    """The coordinate is not looked at, so that it need not be one that anybody understands."""
    dataset = labelled(ONE, np.arange(N_TIMES))
    dataset["time"].attrs["units"] = units
    dataset.to_netcdf(tmp_path / "x.nc")
    assert opened(tmp_path / "x.nc", time_step=1.0).time_step == 1.0


def test_units_of_time_that_nobody_understands_are_refused_in_a_sentence_about_the_file(tmp_path):
    dataset = labelled(ONE, np.arange(N_TIMES))
    dataset["time"].attrs["units"] = "days since the beginning"
    dataset.to_netcdf(tmp_path / "x.nc")
    assert "days since the beginning" in refusal(tmp_path / "x.nc")


def test_durations_stay_in_their_units(tmp_path):
    dataset = labelled(ONE)
    dataset["time"].attrs["units"] = "hours"
    dataset.to_netcdf(tmp_path / "x.nc")
    assert opened(tmp_path / "x.nc").time_step == pytest.approx(STEP)


def test_rounded_times_are_equal_steps(tmp_path):
    third = np.arange(N_TIMES) / 3
    for times in (third.astype(np.float32), np.round(third, 4)):
        assert opened(write(tmp_path, ".nc", ONE, times)).time_step == pytest.approx(1 / 3, rel=1e-5)


def irregular(index, change):
    times = TIMES.copy()
    times[index:] += change
    return times


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
@pytest.mark.parametrize(
    ("times", "message"),
    [
        (irregular(30, 0.1), "the time steps of 'time' in {} are unequal, between 0.25 and 0.35"),
        (irregular(30, 0.001), "are unequal, between 0.25 and 0.251"),
        (irregular(30, -0.25), "the time coordinate 'time' of {} does not increase from index 29 to 30"),
        (irregular(12, -100), "does not increase from index 11 to 12"),
        (TIMES[::-1], "does not increase from index 0 to 1"),
        (np.full(N_TIMES, 3.0), "does not increase from index 0 to 1"),
        (np.where(np.arange(N_TIMES) == 9, np.nan, TIMES), "does not increase from index 8 to 9"),
        (None, "{} has no time coordinate 'time': give time_step, the time between its states"),
    ],
    ids=["gap", "small gap", "repeated", "jump back", "backwards", "constant", "missing", "none"],
)
def test_times_that_give_no_step_are_refused(tmp_path, suffix, times, message):
    path = write(tmp_path, suffix, ONE, times)
    assert message.format(path) in refusal(path)
    assert usable(path, NAMES, time_step=2.0).time_step == 2.0


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4"])
def test_times_that_decrease_are_refused_in_any_type(tmp_path, dtype):
    path = write(tmp_path, ".nc", ONE, np.arange(N_TIMES)[::-1].astype(dtype))
    assert "does not increase from index 0 to 1" in refusal(path)


@pytest.mark.parametrize("times", [TIMES[::-1], irregular(30, 0.1), irregular(30, -3)], ids=["back", "gap", "jump"])
def test_the_times_of_every_member_are_looked_at(tmp_path, times):
    frames = table(SEVERAL)
    frames.loc[frames["member"] == "run 1", "time"] = times
    frames.to_csv(tmp_path / "x.csv", index=False)
    assert "time" in refusal(tmp_path / "x.csv")


def test_an_array_needs_a_time_step(tmp_path):
    np.save(tmp_path / "x.npy", ONE)
    assert "x.npy has no time coordinate 'time': give time_step" in refusal(tmp_path / "x.npy")


@pytest.mark.parametrize("time_step", [0, -1.0, float("nan"), float("inf")])
def test_impossible_time_steps_are_refused(tmp_path, time_step):
    with pytest.raises(ValueError, match=f"time_step is {time_step}: input should be "):
        open_series(write(tmp_path, ".csv", ONE), NAMES, time_step=time_step)


def test_a_single_time_has_no_step(tmp_path):
    for suffix in (".nc", ".csv"):
        path = write(tmp_path, suffix, ONE[:1], TIMES[:1])
        assert "two times are needed" in refusal(path)


# Files that are none.


def test_missing_files_and_unknown_suffixes_are_refused(tmp_path):
    for suffix in FORMATS:
        assert f"the data file {tmp_path / 'no'}{suffix} does not exist" in refusal(tmp_path / f"no{suffix}")
    (tmp_path / "x.xlsx").touch()
    message = refusal(tmp_path / "x.xlsx")
    assert "has the suffix '.xlsx': known are .nc, .nc4, .zarr, .csv, .tsv" in message
    assert "has the suffix ''" in refusal(tmp_path / "series")


def truncated(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


@pytest.mark.parametrize("share", [0, 0.0005, 0.1, 0.5, 0.9, 0.9999])
def test_truncated_netcdf_is_refused(tmp_path, share):
    path = truncated(write(tmp_path, ".nc", np.repeat(ONE, 100, axis=0), np.arange(100 * N_TIMES)), share)
    assert "cannot be read" in refusal(path, time_step=1.0)


def test_truncated_classic_netcdf_is_refused(tmp_path):
    path = tmp_path / "x.nc"
    labelled(np.repeat(ONE, 100, axis=0), None).to_netcdf(path, format="NETCDF3_CLASSIC")
    assert usable(path, NAMES, time_step=1.0).shape == (1, 100 * N_TIMES, 2)
    refusal(truncated(path, 0.6), time_step=1.0)


def test_netcdf_with_a_damaged_piece_is_refused(tmp_path):
    path = tmp_path / "x.nc"
    wind = np.random.default_rng(2).standard_normal(100_000)
    encoding = {"wind": {"zlib": True, "chunksizes": (1000,)}}
    xr.Dataset({"wind": ("time", wind)}).to_netcdf(path, encoding=encoding)
    assert usable(path, ["wind"], time_step=1.0).shape == (1, 100_000, 1)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = 20_000 * b"\x07"
    path.write_bytes(content)
    assert "cannot be read" in refusal(path, ["wind"], time_step=1.0)


@pytest.mark.parametrize("suffix", [".nc", ".npy"])
@pytest.mark.parametrize("content", [b"", b"hello\nworld\n", bytes(range(256))], ids=["empty", "text", "bytes"])
def test_files_of_other_content_are_refused(tmp_path, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    assert "cannot be read" in refusal(path, time_step=1.0)


def test_an_archive_of_arrays_is_no_array(tmp_path):
    with open(tmp_path / "x.npy", "wb") as file:
        np.savez(file, wind=ONE)
    refusal(tmp_path / "x.npy", time_step=1.0)


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".npy", ".zarr"])
def test_folders_are_no_files(tmp_path, suffix):
    if suffix == ".zarr":
        pytest.importorskip("zarr", reason="the package zarr is not installed")
    path = tmp_path / f"x{suffix}"
    path.mkdir()
    assert "cannot be read" in refusal(path, time_step=1.0)


def test_without_zarr_a_store_is_refused_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "zarr", None)
    (tmp_path / "x.zarr").mkdir()
    assert "x.zarr is a Zarr store: install the package zarr to read it" in refusal(tmp_path / "x.zarr")


@pytest.mark.parametrize(
    ("start", "frequency", "step"),
    [
        ("1950-01-15", "MS", 365.2425 / 12),
        ("1950-01-31", "ME", 365.2425 / 12),
        ("1950-01-01", "QS", 365.2425 / 4),
        ("1950-01-01", "YS", 365.2425),
    ],
)
def test_calendar_months_and_years_are_equal_steps(tmp_path, start, frequency, step):
    times = pd.date_range(start, periods=len(ONE), freq=frequency)
    table = pd.DataFrame({"time": times, "wind": ONE[:, 0]})
    table.to_csv(tmp_path / "x.csv", index=False)
    assert opened(tmp_path / "x.csv", ["wind"]).time_step == pytest.approx(step)
    # One month missing is a gap all the same.
    table.drop(index=3).to_csv(tmp_path / "x.csv", index=False)
    assert "are unequal" in refusal(tmp_path / "x.csv", ["wind"])


# Names and shapes.


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_unknown_variables_are_refused_with_the_known_ones(tmp_path, suffix):
    message = refusal(write(tmp_path, suffix, ONE), ["wind", "snow"])
    kind = "column" if suffix == ".csv" else "variable"
    assert f"has no {kind} 'snow': it has " in message
    assert "wind" in message and "rain" in message


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_all_variables_are_read_unless_some_are_named(tmp_path, suffix):
    """The times are none of them."""
    series = opened(write(tmp_path, suffix, ONE), None)
    assert sorted(series.variables) == ["rain", "wind"]


def test_a_file_without_numbers_besides_its_times_is_refused_with_what_it_has(tmp_path):
    pd.DataFrame({"time": [1.0, 2.0], "station": ["a", "b"]}).to_csv(tmp_path / "x.csv", index=False)
    assert "has no column of numbers besides 'time': its columns are time, station" in refusal(tmp_path / "x.csv", None)
    xr.Dataset({"place": ("site", [1.0, 2.0])}).to_netcdf(tmp_path / "x.nc")
    assert "has no variable of numbers along 'time': it has place" in refusal(tmp_path / "x.nc", None)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_list_of_variables_is_refused(tmp_path, suffix):
    with pytest.raises(ValueError, match="variables is an empty list: at least one name is needed"):
        opened(write(tmp_path, suffix, ONE), [])


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_variable_cannot_be_asked_for_twice(tmp_path, suffix):
    """Two equal variables have no density."""
    path = write(tmp_path, suffix, ONE)
    assert "wind" in refusal(path, ["wind", "wind"], time_step=STEP)


def test_names_of_entries_do_not_meet_those_of_variables(tmp_path):
    dataset = labelled(ONE).rename(rain="flow_0").assign(flow=(("time", "level"), ONE[:, ::-1]))
    dataset.to_netcdf(tmp_path / "x.nc")
    assert "flow_0" in refusal(tmp_path / "x.nc", ["flow", "flow_0"])


def test_an_array_takes_as_many_names_as_it_has_columns(tmp_path):
    np.save(tmp_path / "x.npy", ONE)
    assert "variables names 3 columns: " in refusal(tmp_path / "x.npy", ["a", "b", "c"], time_step=1.0)


def test_text_is_refused(tmp_path):
    frame = table(ONE).astype({"rain": str})
    frame.loc[4, "rain"] = "trace"
    frame.to_csv(tmp_path / "x.csv", index=False)
    assert "column 'rain' of" in (message := refusal(tmp_path / "x.csv"))
    assert "holds text: numbers are expected" in message
    labelled(ONE).assign(rain=("time", ["a"] * N_TIMES)).to_netcdf(tmp_path / "x.nc")
    assert "numbers are expected" in refusal(tmp_path / "x.nc")
    (tmp_path / "y.csv").write_text("time,wind\nnow,1\nlater,2\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas says how it guesses dates
        assert "column 'time' of" in (message := refusal(tmp_path / "y.csv", ["wind"]))
    assert "holds neither numbers nor dates" in message


@pytest.mark.parametrize(
    "content",
    ["", "\n\n", "time,wind\n1,2\n1,2,3\n", 'time,wind\n1,"2\n'],
    ids=["empty", "blank", "ragged", "open quote"],
)
def test_text_that_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_text(content)
    assert "cannot be read as CSV" in refusal(path, ["wind"])


def test_rows_longer_than_the_header_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,7,9\n2,1,9\n")
    assert "rows have more fields than the header" in refusal(tmp_path / "x.csv", ["a"], time_step=1.0)


def test_truth_values_are_no_numbers_and_large_integers_are(tmp_path):
    rows = "\n".join(f"{k % 2 == 0},{10**25 + k * 10**23}" for k in range(N_TIMES))
    (tmp_path / "x.csv").write_text(f"flag,large\n{rows}\n")
    assert "holds truth values" in refusal(tmp_path / "x.csv", ["flag"], time_step=1.0)
    series = open_series(tmp_path / "x.csv", ["large"], time_step=1.0)
    np.testing.assert_allclose(series.read(0, 3)[0, :, 0], [1e25, 1.01e25, 1.02e25])


def test_numbers_too_small_for_single_precision_are_refused(tmp_path):
    labelled(1e-300 * ONE).to_netcdf(tmp_path / "x.nc")
    assert "change its units" in refusal(tmp_path / "x.nc")


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
def test_truncated_classic_files_are_refused(tmp_path, kind):
    """Their library reads what is missing as zeros."""
    labelled(ONE).to_netcdf(tmp_path / "x.nc", format=kind, engine="netcdf4")
    content = (tmp_path / "x.nc").read_bytes()
    assert open_series(tmp_path / "x.nc", ["wind"]).shape[1] == N_TIMES
    (tmp_path / "x.nc").write_bytes(content[: len(content) - 8 * N_TIMES])
    assert "truncated" in refusal(tmp_path / "x.nc", ["wind"])


def test_text_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes("time,wind,größe\n0,1,2\n".encode("latin-1"))
    assert "cannot be read" in refusal(tmp_path / "x.csv", ["wind"])


def test_a_table_without_rows_is_refused_as_such(tmp_path):
    (tmp_path / "x.csv").write_text("time,wind\n")
    assert "holds text" not in refusal(tmp_path / "x.csv", ["wind"])


def test_pickled_objects_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.save(tmp_path / "x.npy", np.array([Trap(), Trap()], dtype=object), allow_pickle=True)
    assert "cannot be read as NPY" in refusal(tmp_path / "x.npy", time_step=1.0)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.float64(3), "holds float64 of shape (): numbers of shape (time,), (time, variable) or"),
        (np.ones((2, 2, 2, 2)), "holds float64 of shape (2, 2, 2, 2): numbers of shape"),
        (np.array(["a", "b"]), "holds <U1 of shape (2,): numbers of shape"),
        (np.array([True, False]), "holds bool of shape (2,): numbers"),
        (np.zeros(5, dtype=[("a", "f4")]), "of shape (5,): numbers"),
        (ONE + 1j, "holds complex128"),
        (ONE.astype("m8[s]"), "holds timedelta64"),
        (ONE.astype("M8[s]"), "holds datetime64"),
    ],
    ids=["scalar", "four dimensions", "text", "bool", "records", "complex", "durations", "dates"],
)  # fmt: skip
def test_arrays_of_other_shape_or_type_are_refused(tmp_path, values, message):
    np.save(tmp_path / "x.npy", values)
    assert message in refusal(tmp_path / "x.npy", None, time_step=1.0)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (10, 0), (0, 10, 2), (3, 0, 2)], ids=str)
def test_arrays_without_numbers_are_refused(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.empty(shape))
    refusal(tmp_path / "x.npy", None, time_step=1.0)


def test_a_variable_without_times_or_entries_is_refused(tmp_path):
    dataset = xr.Dataset({"none": ("time", np.empty(0)), "flow": (("day", "level"), np.empty((5, 0)))})
    dataset.to_netcdf(tmp_path / "x.nc")
    refusal(tmp_path / "x.nc", ["none"], time_step=1.0)
    refusal(tmp_path / "x.nc", ["flow"], time_step=1.0, time="day")


def test_variables_of_unusable_dimensions_are_refused(tmp_path):
    path = tmp_path / "x.nc"
    map_like = ("map", (("time", "lat", "lon"), np.ones((N_TIMES, 2, 2))))
    still = ("still", ("lat", np.ones(2)))
    runs = ("runs", (("member", "time"), RNG.standard_normal((3, N_TIMES))))
    labelled(ONE).assign(dict([map_like, still, runs])).to_netcdf(path)
    assert "has dimensions ('time', 'lat', 'lon'): one besides time is possible" in refusal(path, ["map"])
    assert "has dimensions ('lat',): none is called 'time'" in refusal(path, ["still"])
    assert "differ in members and times: [(1, 60), (3, 60)]" in refusal(path, ["wind", "runs"])
    assert "time" in refusal(path, ["time"])  # a coordinate is no variable


def test_members_of_unequal_length_are_refused(tmp_path):
    table(SEVERAL).iloc[:-7].to_csv(tmp_path / "x.csv", index=False)
    message = refusal(tmp_path / "x.csv")
    assert "the members of" in message and "have between 53 and 60 times: equal numbers are needed" in message


@pytest.mark.parametrize("rows", [slice(60, 120), slice(None)], ids=["some", "all"])
def test_rows_without_a_member_are_not_dropped_silently(tmp_path, rows):
    frame = table(SEVERAL).reset_index(drop=True)
    frame.loc[frame.index[rows], "member"] = np.nan
    frame.to_csv(tmp_path / "x.csv", index=False)
    assert "member" in refusal(tmp_path / "x.csv")


# Values.


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_counted_and_the_first_in_time_is_named(monkeypatch, tmp_path, suffix, value):
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", 60)  # ten times a piece
    values = SEVERAL.copy()
    values[2, 37, 1] = values[0, 41, 0] = values[1, 59, 1] = value
    path = write(tmp_path, suffix, values)
    options = {"time_step": STEP} if suffix == ".npy" else {}
    message = refusal(path, **options)
    assert "holds 3 non-finite values, the first in 'rain' at time index 37 of member 2" in message


def test_the_place_in_a_single_series_needs_no_member(tmp_path):
    values = ONE.copy()
    values[5, 0] = np.nan
    message = refusal(write(tmp_path, ".csv", values))
    assert "1 non-finite values, the first in 'wind' at time index 5:" in message


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_constant_variable_is_refused(tmp_path, suffix):
    values = SEVERAL.copy()
    values[:, :, 1] = 0.1
    options = {"time_step": STEP} if suffix == ".npy" else {}
    assert "variable 'rain' of" in (message := refusal(write(tmp_path, suffix, values), **options))
    assert "is constant (0.1): it has no density" in message


def test_variables_that_are_constant_in_every_member_alone_are_usable(tmp_path):
    values = SEVERAL.copy()
    values[:, :, 1] = np.arange(3)[:, None]
    assert usable(write(tmp_path, ".csv", values), NAMES).shape == (3, N_TIMES, 2)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e8, -1e12])
def test_variation_is_stored_or_refused_whatever_the_level(tmp_path, offset):
    """Pressures in pascal, Julian dates: what the check accepts must survive the way into the store."""
    values = offset + np.random.default_rng(4).random((2000, 1))
    np.save(tmp_path / "x.npy", values)
    series = open_series(tmp_path / "x.npy", time_step=1.0)
    try:
        check_series(series)
    except ValueError as error:
        assert offset != 0 and "x.npy" in str(error)
        return
    write_series(series, samples=tmp_path / "s.nc", path=tmp_path / "p.nc")
    stored = open_trajectory(tmp_path / "s.nc").values.astype(float)
    assert stored.std() == pytest.approx(values.std(), rel=1e-3)
    assert len(np.unique(stored)) > 1000


def test_numbers_that_the_store_cannot_hold_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", 1e40 * np.random.default_rng(5).random(2000))
    series = open_series(tmp_path / "x.npy", time_step=1.0)
    try:
        check_series(series)
    except ValueError:
        return
    write_series(series, samples=tmp_path / "s.nc", path=tmp_path / "p.nc")
    assert np.isfinite(open_trajectory(tmp_path / "s.nc").values).all()


# The way into the store.


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_is_what_was_read(monkeypatch, tmp_path, suffix):
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", 50)
    series = opened(write(tmp_path, suffix, SEVERAL))
    write_series(series, samples=tmp_path / "s.nc", path=tmp_path / "p.nc")
    for name in ("s.nc", "p.nc"):
        stored = open_trajectory(tmp_path / name)
        np.testing.assert_array_equal(stored, SEVERAL)
        np.testing.assert_allclose(stored["time"], STEP * np.arange(1, N_TIMES + 1))
        assert list(stored["variable"].values) == NAMES
        assert stored.attrs["source"] == f"series{suffix}"


@pytest.mark.parametrize(("members", "numbers", "shape"), [(2, 10**6, (2, 60)), (64, 66, (3, 11)), (1, 5, (1, 2))])
def test_the_path_is_the_beginning_of_the_first_members(monkeypatch, tmp_path, members, numbers, shape):
    monkeypatch.setattr("kgmm.data.imported_series._PATH_MEMBERS", members)
    monkeypatch.setattr("kgmm.data.imported_series._PATH_NUMBERS", numbers)
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", 6 * 4)  # so that the path ends within a piece
    write_series(opened(write(tmp_path, ".nc", SEVERAL)), samples=tmp_path / "s.nc", path=tmp_path / "p.nc")
    path = open_trajectory(tmp_path / "p.nc")
    assert path.shape == (*shape, 2)
    np.testing.assert_array_equal(path, SEVERAL[: shape[0], : shape[1]])
    np.testing.assert_array_equal(open_trajectory(tmp_path / "s.nc"), SEVERAL)


def test_effective_size_is_that_of_the_slowest_variable(monkeypatch, tmp_path):
    rng = np.random.default_rng(6)
    slow = np.repeat(rng.standard_normal(400), 20)
    values = np.column_stack([rng.standard_normal(8000), slow])
    np.save(tmp_path / "x.npy", values)
    series = open_series(tmp_path / "x.npy", time_step=1.0)
    whole = series_effective_size(series)
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", 777)
    assert series_effective_size(series) == pytest.approx(whole)
    each = effective_sizes(values, Standardization.of(values))
    assert whole == pytest.approx(each[1])
    assert each[0] > 5 * each[1]


def test_content_hash_changes_with_the_content_alone(tmp_path):
    first = write(tmp_path, ".csv", ONE)
    before = content_hash(first)
    os.utime(first, (0, 0))
    assert content_hash(first) == content_hash(str(first)) == before
    elsewhere = tmp_path / "folder" / "other name.csv"
    elsewhere.parent.mkdir()
    shutil.copy(first, elsewhere)
    assert content_hash(elsewhere) == before
    text = first.read_text()
    first.write_text(text.replace(text[-2], str(9 - int(text[-2])) if text[-2].isdigit() else "1", 1))
    assert first.stat().st_size == elsewhere.stat().st_size
    assert content_hash(first) != before
    assert len(before) == 64


def test_content_hash_of_a_folder_is_that_of_all_its_files(tmp_path):
    folder = tmp_path / "a.zarr"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "0").write_bytes(b"one")
    (folder / "1").write_bytes(b"two")
    before = content_hash(folder)
    copy = shutil.copytree(folder, tmp_path / "b.zarr")
    assert content_hash(copy) == before
    hashes = {before}
    (copy / "1").write_bytes(b"twa")
    hashes.add(content_hash(copy))
    (copy / "1").rename(copy / "2")
    hashes.add(content_hash(copy))
    (copy / "empty").touch()
    hashes.add(content_hash(copy))
    (copy / "sub" / "0").unlink()
    hashes.add(content_hash(copy))
    assert len(hashes) == 5


def test_large_files_are_hashed_in_blocks(tmp_path):
    import hashlib

    content = np.random.default_rng(7).bytes(3 * (1 << 20) + 17)
    (tmp_path / "a.npy").write_bytes(content)
    found = content_hash(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(content[:-1] + b"\0")
    assert content_hash(tmp_path / "a.npy") != found != hashlib.sha256(content[: 1 << 20]).hexdigest()


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
