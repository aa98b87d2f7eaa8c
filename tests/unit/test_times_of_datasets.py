"""Times in files: the step they give, in days for dates, and those that give none."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.series_files import (
    N_TIMES,
    NAMES,
    ONE,
    SEVERAL,
    STEP,
    TIMES,
    labelled,
    open_series,
    opened,
    refusal,
    table,
    usable,
    write,
)


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
