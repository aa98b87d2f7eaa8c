"""Series of two variables in files of every format, and the sentences with which files are refused."""

import importlib.util
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from kgmm.data import datasets
from kgmm.data.datasets import check_series
from kgmm.data.options import ReadingOptions

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
