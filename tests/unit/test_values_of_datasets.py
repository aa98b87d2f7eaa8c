"""Values in files that no density has, or that the store cannot hold."""

import numpy as np
import pytest

from kgmm.data.datasets import check_series
from kgmm.data.imported_series import write_series
from kgmm.data.trajectory import open_trajectory
from tests.unit.series_files import (
    FORMATS,
    N_TIMES,
    NAMES,
    ONE,
    SEVERAL,
    STEP,
    labelled,
    open_series,
    refusal,
    usable,
    write,
)


def test_numbers_too_small_for_single_precision_are_refused(tmp_path):
    labelled(1e-300 * ONE).to_netcdf(tmp_path / "x.nc")
    assert "change its units" in refusal(tmp_path / "x.nc")


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
