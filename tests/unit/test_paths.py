"""What counts as a path, and what is refused in one sentence."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.data.paths import as_members, as_path, segments, states, time_step_of
from kgmm.data.standardization import check_samples

VALUES = np.random.default_rng(0).standard_normal((3, 20, 2))


def labelled(values=VALUES, step=0.5) -> xr.DataArray:
    times = step * np.arange(values.shape[1])
    coords = {"time": times, "variable": ["a", "b"]}
    return xr.DataArray(values, dims=("member", "time", "variable"), coords=coords)


@pytest.mark.parametrize(
    "given",
    [
        labelled(),
        labelled().transpose("variable", "time", "member"),
        labelled().to_dataset(name="state"),
        labelled().to_dataset("variable"),
    ],
    ids=["array", "transposed", "dataset of a state", "dataset of variables"],
)
def test_labelled_data_keep_their_names_and_times(given):
    path = as_path(given)
    assert path.dims == ("member", "time", "variable") and path.dtype == float
    np.testing.assert_array_equal(path.values, VALUES)
    assert list(path["variable"].values) == ["a", "b"] and time_step_of(path) == 0.5


@pytest.mark.parametrize("hours", [12, 48])
def test_durations_count_in_days(hours):
    durations = np.arange(20) * np.timedelta64(hours, "h")
    assert time_step_of(as_path(labelled().assign_coords(time=durations))) == hours / 24
    assert time_step_of(as_path(pd.DataFrame(VALUES[0], index=pd.TimedeltaIndex(durations)))) == hours / 24


def test_a_member_that_is_missing_is_added():
    path = as_path(labelled().isel(member=0, drop=True))
    assert path.shape == (1, 20, 2) and list(path["variable"].values) == ["a", "b"]
    assert as_path(labelled().isel(member=0, variable=0, drop=True)).shape == (1, 20, 1)


def test_arrays():
    for values, shape in ((VALUES, (3, 20, 2)), (VALUES[0], (1, 20, 2)), (VALUES[0, :, 0], (1, 20, 1))):
        path = as_path(values, time_step=0.1)
        assert path.shape == shape and time_step_of(path) == pytest.approx(0.1)
        assert path["variable"].values[0] == "x1"
    assert time_step_of(as_path(VALUES)) == 1.0
    assert as_path(np.arange(5)).dtype == float


def test_tables_take_their_index_as_time():
    frame = pd.DataFrame(VALUES[0], columns=["u", "v"])
    assert time_step_of(as_path(frame.set_index(0.25 * np.arange(20)))) == 0.25
    days = pd.date_range("2001-01-01", periods=20, freq="6h")
    path = as_path(frame.set_index(days))
    assert time_step_of(path) == 0.25 and list(path["variable"].values) == ["u", "v"]
    assert time_step_of(as_path(frame.set_index(days), time_step=6.0)) == 6.0


def test_members_of_unequal_length_are_padded_and_come_back():
    parts = [VALUES[0], VALUES[1, :7], VALUES[2, :13]]
    path = as_path(parts, time_step=0.5)
    assert path.shape == (3, 20, 2) and np.isnan(path.values[1, 7:]).all()
    for part, segment in zip(parts, segments(path)):
        np.testing.assert_array_equal(part, segment)
    np.testing.assert_array_equal(states(path), np.concatenate(parts))
    whole = as_members(path)
    # A missing state between two of them.
    assert whole.shape == (1, 20 + 7 + 13 + 2, 2) and time_step_of(whole) == 0.5
    np.testing.assert_array_equal(states(whole), np.concatenate(parts))
    assert as_members(VALUES).shape == (3, 20, 2)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (np.zeros((2, 2, 2, 2)), r"the path has shape \(2, 2, 2, 2\): \(time,\), \(time, variable\) or"),
        (np.zeros((0, 2)), r"the path is empty: its shape \(members, times, variables\) is \(1, 0, 2\)"),
        (np.array(["a", "b"]), "the path holds <U1: real numbers are needed"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), "member 0 of the path holds 1 values that are not finite"),
        ([np.zeros((5, 2)), np.zeros((5, 3))], r"the members of the path have \[2, 3\] variables"),
        ([np.zeros((5, 2)), np.full((4, 2), np.inf)], "the path holds 8 values that are not finite"),
        (labelled().rename(time="when"), "'time' is needed, 'member' and 'variable' are allowed"),
        (labelled().assign_coords(time=np.arange(20.0) ** 2), "steps between 1 and 37: equal ones are needed"),
        (labelled().assign_coords(time=np.zeros(20)), "the times of the path do not increase"),
        (pd.DataFrame({"a": ["x", "y"]}), "column 'a' holds no numbers"),
        (pd.DataFrame({"time": np.arange(20.0), "a": VALUES[0, :, 0]}), "column 'time' holds times: make it the index"),
        (pd.DataFrame(VALUES[0], columns=["a", "a"]), "two columns are called 'a': rename one"),
        (pd.Series(VALUES[0, :19, 0], [*range(10), *range(11, 20)]), "steps between 1 and 2: equal ones are needed"),
        (pd.Series([1.0, 2.0], ["1950-01-01", "1950-02-01"]), "the index begins with '1950-01-01': times are expected"),
        (
            pd.DataFrame({"a": np.zeros(4)}, index=pd.MultiIndex.from_product([range(2), range(2)])),
            r"the index begins with \(0, 0\): times are expected",
        ),
        (labelled().assign_coords(time=np.arange(20, 0, -1, dtype="u1")), "do not increase: a step is -1"),
        (labelled().assign_coords(time=[f"t{k}" for k in range(20)]), "the times of the path are <U3"),
        (np.array([[1.0, 2.0], [2.0, np.nan]]), "member 0 of the path holds 1 values that are not finite"),
        (np.array([1.0, 2.0, np.inf]), "member 0 of the path holds 1 values that are not finite"),
        (np.ma.array([1.0, -9999.0, 2.0], mask=[0, 1, 0]), "member 0 of the path holds 1 values that are not finite"),
        ([np.ma.array([1.0, -9999.0], mask=[0, 1])], "the path holds 1 values that are not finite"),
        (
            xr.Dataset({"a": ("time", np.zeros(5)), "b": (("member", "time"), np.zeros((2, 5)))}),
            r"a has the dimensions \('time',\) and b \('member', 'time'\): the same are needed",
        ),
        (xr.Dataset({"a": ("place", [1.0])}), "the dataset has no variable along 'time': it holds a"),
    ],
)
def test_refusals(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        as_path(given)


def test_a_series_of_pandas_has_times_and_a_name():
    series = pd.Series(VALUES[0, :, 0], pd.date_range("2000", periods=20, freq="6h"), name="wind")
    path = as_path(series)
    assert time_step_of(path) == 0.25 and path["variable"].values.tolist() == ["wind"]
    months = as_path(series.set_axis(pd.period_range("2000-01", periods=20, freq="M")))
    assert time_step_of(months) == pytest.approx(365.2425 / 12)
    # Its states need no times.
    assert states(series.iloc[[0, 3, 4]]).shape == (3, 1)


def test_what_a_mask_hides_is_no_sample():
    X = np.ma.array(VALUES[0], mask=np.zeros((20, 2)))
    np.testing.assert_array_equal(check_samples(X), VALUES[0])
    X[4, 1] = np.ma.masked
    with pytest.raises(ValueError, match="X has 1 NaN or inf values, the first in sample 4, feature 1"):
        check_samples(X)


def test_a_time_step_must_be_positive():
    with pytest.raises(ValueError, match="time_step is 0: it must be positive and finite"):
        as_path(VALUES, time_step=0)
