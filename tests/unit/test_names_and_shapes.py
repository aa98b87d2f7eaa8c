"""Names, types and dimensions of variables in a file that are refused, with what it has."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.unit.series_files import (
    FORMATS,
    N_TIMES,
    ONE,
    RNG,
    SEVERAL,
    STEP,
    labelled,
    open_series,
    opened,
    refusal,
    table,
    write,
)


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_unknown_variables_are_refused_with_the_known_ones(tmp_path, suffix):
    message = refusal(write(tmp_path, suffix, ONE), ["wind", "snow"])
    kind = "column" if suffix == ".csv" else "variable"
    assert f"has no {kind} 'snow': it has " in message
    assert "wind" in message and "rain" in message


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


def test_truth_values_are_no_numbers_and_large_integers_are(tmp_path):
    rows = "\n".join(f"{k % 2 == 0},{10**25 + k * 10**23}" for k in range(N_TIMES))
    (tmp_path / "x.csv").write_text(f"flag,large\n{rows}\n")
    assert "holds truth values" in refusal(tmp_path / "x.csv", ["flag"], time_step=1.0)
    series = open_series(tmp_path / "x.csv", ["large"], time_step=1.0)
    np.testing.assert_allclose(series.read(0, 3)[0, :, 0], [1e25, 1.01e25, 1.02e25])


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
