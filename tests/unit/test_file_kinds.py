"""Files as scientists have them: each kind is read with the right numbers and step, or refused with the option to type.

A kind is a function that writes the file and says what is in it. The numbers are the same for all: a monthly or unit
series of 120 states.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.io import savemat

import kgmm
from kgmm.data.datasets import open_series
from kgmm.data.imported_series import write_series
from kgmm.data.options import ReadingOptions
from kgmm.data.paths import as_path
from kgmm.data.readers import READERS
from kgmm.data.trajectory import open_trajectory

N = 120
X = np.round(np.random.default_rng(7).standard_normal((N, 2)) * 64) / 64
MONTH = 365.2425 / 12
MONTHS = pd.date_range("1951-01-01", periods=N, freq="MS")
DAYS = pd.date_range("1958-12-20", periods=N, freq="D")
KINDS: dict = {}


@dataclass
class Kind:
    """What a file holds, and how it is asked for."""

    content: str | bytes | None = None
    step: float = 1.0
    names: list[str] = field(default_factory=lambda: ["u", "v"])
    values: np.ndarray = field(default_factory=lambda: X)
    options: dict = field(default_factory=dict)
    variables: list[str] | None = None
    refused: str | None = None


def kind(name: str):
    """Registers the writer of a kind under the name of its file."""

    def register(write):
        KINDS[name if name not in KINDS else f"{write.__name__}/{name}"] = write
        return write

    return register


def rows(separator=",", times=range(N), decimal=".", columns=X) -> str:
    def text(value) -> str:
        return str(value).replace(".", decimal) if isinstance(value, (float, np.floating)) else str(value)

    return "".join(
        separator.join([text(time), *(text(float(value)) for value in row)]) + "\n" for time, row in zip(times, columns)
    )


# Text.


@kind("comma.csv")
def _(folder):
    return Kind("time,u,v\n" + rows())


@kind("semicolon.csv")
def _(folder):
    return Kind("time;u;v\n" + rows(";"))


@kind("german.csv")
def _(folder):
    return Kind("time;u;v\n" + rows(";", decimal=","))


@kind("tabs.tsv")
def _(folder):
    return Kind("time\tu\tv\n" + rows("\t"))


@kind("tabs-and-commas.txt")
def _(folder):
    return Kind("time\tu\tv\n" + rows("\t", decimal=","))


@kind("blanks.dat")
def _(folder):
    return Kind("time u v\n" + rows("   "))


@kind("blanks-and-commas.dat")
def _(folder):
    return Kind("time u v\n" + rows("  ", decimal=","))


@kind("mark.csv")
def _(folder):
    return Kind(b"\xef\xbb\xbf" + ("time,u,v\n" + rows()).encode())


@kind("utf16.csv")
def _(folder):
    return Kind(("time,u,v\n" + rows()).encode("utf-16"))


@kind("windows.csv")
def _(folder):
    return Kind(("time,u,v\n" + rows()).replace("\n", "\r\n").encode())


@kind("no-header.csv")
def _(folder):
    return Kind(rows(), names=["x1", "x2"])


@kind("numbers-only.txt")
def _(folder):
    text = "".join(f"{value}\n" for value in X[:, 0])
    return Kind(text, names=["x1"], values=X[:, :1], options={"time_step": 0.5}, step=0.5)


@kind("no-header-no-time.dat")
def _(folder):
    text = "".join(f"{a} {b}\n" for a, b in X)
    return Kind(text, names=["x1", "x2"], options={"time_step": 2.0}, step=2.0)


@kind("no-time.csv")
def _(folder):
    return Kind("u,v\n" + rows(times=X[:, 0], columns=X[:, 1:]), refused="give time_step")


@kind("soi.csv")
def _(folder):
    table = "".join(f"{1951 + k // 12},{k % 12 + 1},{X[k, 0]}\n" for k in range(N))
    return Kind("Southern Oscillation Index\nYear,Month,Value\n" + table, MONTH, ["Value"], X[:, :1])


@kind("cited.csv")
def _(folder):
    head = "A title, with commas\nSmith, J. et al., 2003: a record. J. Clim. 16\n\n"
    return Kind(head + "time,u,v\n" + rows())


@kind("core.csv")
def _(folder):
    table = "".join(f"{k};{str(X[k, 0]).replace('.', ',')}\n" for k in range(N))
    return Kind("# source: core 1\nage (kyr);d18O (per mil)\n" + table, 1.0, ["d18O"], X[::-1, :1])


@kind("commented-header.txt")
def _(folder):
    return Kind("# station 7\n# time u v\n" + rows(" "))


@kind("units.csv")
def _(folder):
    return Kind("time,u,v\n(days),(m/s),(m/s)\n" + rows())


@kind("units-in-names.dat")
def _(folder):
    return Kind("time (d) u (m/s) v (m/s)\n" + rows(" "))


@kind("footer.csv")
def _(folder):
    return Kind("time,u,v\n" + rows() + "\nMissing values: none\nSource: station 7, 1951\n")


@kind("trailing-separator.csv")
def _(folder):
    return Kind("time,u,v,\n" + rows().replace("\n", ",\n"))


@kind("quoted.csv")
def _(folder):
    return Kind('"time","u","v"\n' + rows())


@kind("row-numbers.csv")
def _(folder):
    lines = rows().splitlines()
    return Kind('"","time","u","v"\n' + "".join(f'"{k}",{line}\n' for k, line in enumerate(lines, 1)))


@kind("with-text.csv")
def _(folder):
    lines = rows().splitlines()
    return Kind("time,u,v,station\n" + "".join(f"{line},north\n" for line in lines))


@kind("longer.csv")
def _(folder):
    return Kind("time,u\n" + rows(), refused="rows have more fields than the header")


@kind("prose.txt")
def _(folder):
    return Kind("It was a dark and stormy night;\nthe rain fell in torrents.\n", refused="it has no rows of numbers")


@kind("bytes.csv")
def _(folder):
    return Kind(bytes(range(256)) * 8, refused="it holds bytes and not text")


@kind("latin.csv")
def _(folder):
    return Kind(("time,größe\n" + rows(columns=X[:, :1])).encode("latin-1"), refused="cannot be read")


@kind("codes.csv")
def _(folder):
    values = X.copy()
    values[[0, 1], 0] = -9999.0
    options = {"missing": [-9999.0], "gaps": "drop-edges"}
    return Kind("time,u,v\n" + rows(columns=values), 1.0, values=X[2:], options=options)


# Dates.


@kind("iso.csv")
def _(folder):
    return Kind("date,u,v\n" + rows(times=DAYS.strftime("%Y-%m-%d")))


@kind("iso-zone.csv")
def _(folder):
    times = pd.date_range("2001-03-20", periods=N, freq="6h").strftime("%Y-%m-%dT%H:%M:%SZ")
    return Kind("time,u,v\n" + rows(times=times), 0.25)


@kind("year-month.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(times=MONTHS.strftime("%Y-%m")), MONTH)


@kind("packed-days.csv")
def _(folder):
    return Kind("date,u,v\n" + rows(times=DAYS.strftime("%Y%m%d")))


@kind("packed-weeks.dat")
def _(folder):
    weeks = pd.date_range("1958-12-27", periods=N, freq="7D")
    return Kind("date u v\n" + rows(" ", times=weeks.strftime("%Y%m%d")), 7.0)


@kind("packed-months.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(times=MONTHS.strftime("%Y%m")), MONTH)


@kind("year-month-day.csv")
def _(folder):
    return Kind("year,month,day,u,v\n" + rows(times=DAYS.strftime("%Y,%m,%d")))


@kind("day-of-year.csv")
def _(folder):
    return Kind("year,doy,u,v\n" + rows(times=DAYS.strftime("%Y,%j")))


@kind("table-of-months.dat")
def _(folder):
    text = "YEAR JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC\n"
    text += "".join(f"{1951 + k} " + " ".join(map(str, X[12 * k : 12 * k + 12, 0])) + "\n" for k in range(N // 12))
    return Kind(text, MONTH, ["table-of-months"], X[:, :1])


@kind("bare-table-of-months.txt")
def _(folder):
    text = "".join(f"{1951 + k} " + " ".join(map(str, X[12 * k : 12 * k + 12, 0])) + "\n" for k in range(N // 12))
    return Kind(text, MONTH, ["bare-table-of-months"], X[:, :1])


@kind("decimal-years.csv")
def _(folder):
    times = [f"{1871 + k / 12:.2f}" for k in range(N)]
    return Kind("time,u,v\n" + rows(times=times), 1 / 12)


@kind("trading-days.csv")
def _(folder):
    times = pd.bdate_range("2001-01-01", periods=N).strftime("%Y-%m-%d")
    return Kind("date,u,v\n" + rows(times=times), refused="--time-step to take them as equal")


@kind("trading-days-equal.csv")
def _(folder):
    times = pd.bdate_range("2001-01-01", periods=N).strftime("%Y-%m-%d")
    return Kind("date,u,v\n" + rows(times=times), options={"time_step": 1.0})


@kind("decreasing.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(times=range(N, 0, -1)), refused="does not increase from index 0 to 1")


# Gaps and preparation.


def with_gap() -> str:
    lines = rows().splitlines(keepends=True)
    return "time,u,v\n" + "".join(lines[:60] + lines[62:])


@kind("gap.csv")
def _(folder):
    return Kind(with_gap(), refused="--gaps interpolate or --gaps segments")


@kind("gap-interpolated.csv")
def _(folder):
    values = X.copy()
    values[60:62] = X[59] + np.array([[1 / 3], [2 / 3]]) * (X[62] - X[59])
    return Kind(with_gap(), values=values, options={"gaps": "interpolate"})


@kind("gap-too-long.csv")
def _(folder):
    return Kind(with_gap(), options={"gaps": "interpolate", "max_gap": 1}, refused="--max-gap is 1: give a larger one")


@kind("missing-months.csv")
def _(folder):
    values = X.copy()
    values[50] = 0.5 * (X[49] + X[51])
    kept = np.delete(np.arange(N), 50)
    text = "time,u,v\n" + rows(times=MONTHS[kept].strftime("%Y-%m-%d"), columns=X[kept])
    return Kind(text, MONTH, values=values, options={"gaps": "interpolate"})


@kind("no-multiples.csv")
def _(folder):
    times = np.cumsum(0.5 + np.random.default_rng(0).random(N))
    return Kind("time,u,v\n" + rows(times=times), options={"gaps": "segments"}, refused="give --resample")


@kind("resampled.csv")
def _(folder):
    times = np.arange(N) + np.where(np.arange(N) % 2, 0.5, 0.0)
    expected = np.stack([np.interp(np.arange(N), times, column) for column in X.T], axis=1)
    text = "time,u,v\n" + rows(times=times)
    return Kind(text, values=expected, options={"resample": 1.0})


@kind("anomalies.csv")
def _(folder):
    season = 5 * np.sin(2 * np.pi * np.arange(N) / 12)[:, None]
    means = np.stack([X[m::12].mean(axis=0) for m in range(12)])
    text = "time,u,v\n" + rows(times=MONTHS.strftime("%Y-%m"), columns=X + season)
    return Kind(text, MONTH, values=X - means[np.arange(N) % 12], options={"anomalies": "monthly"})


@kind("standardised.csv")
def _(folder):
    values = (X - X.mean(axis=0)) / X.std(axis=0)
    return Kind("time,u,v\n" + rows(), values=values, options={"standardise": True})


@kind("embedded.csv")
def _(folder):
    values = np.concatenate([X[1:], X[:-1]], axis=1)
    return Kind("time,u,v\n" + rows(), 1.0, ["u", "v", "u_lag1", "v_lag1"], values, {"lag_embed": 2})


@kind("derivative.csv")
def _(folder):
    values = np.concatenate([X[1:-1], 0.5 * (X[2:] - X[:-2])], axis=1)
    return Kind("time,u,v\n" + rows(), 1.0, ["u", "v", "du/dt", "dv/dt"], values, {"derivative": True})


# NetCDF and Zarr.


def labelled(**further) -> xr.Dataset:
    variables = {"u": ("time", X[:, 0]), "v": ("time", X[:, 1])}
    return xr.Dataset(variables | further, coords={"time": np.arange(N, dtype=float)})


FIELD = np.random.default_rng(1).standard_normal((N, 4, 5))
LATITUDES, LONGITUDES = np.array([-60.0, -20.0, 20.0, 60.0]), np.array([100.0, 150.0, 200.0, 250.0, 300.0])


def field_file(folder, land: bool = False):
    values = FIELD.copy()
    if land:
        values[:, 0, 0] = np.nan
    dataset = xr.Dataset(
        {"sst": (("time", "lat", "lon"), values)},
        coords={"time": MONTHS, "lat": LATITUDES, "lon": LONGITUDES},
    )
    dataset.to_netcdf(folder / "field.nc")
    return dataset


@kind("packed.nc")
def _(folder):
    encoding = {"u": {"dtype": "i2", "scale_factor": 1 / 64, "add_offset": 1.0, "_FillValue": -32768}}
    labelled().to_netcdf(folder / "packed.nc", encoding=encoding)
    return Kind()


@kind("unsigned.nc")
def _(folder):
    encoding = {"u": {"dtype": "i2", "scale_factor": 1 / 64, "add_offset": -8.0, "_Unsigned": "true", "_FillValue": -1}}
    labelled().to_netcdf(folder / "unsigned.nc", encoding=encoding)
    return Kind()


@kind("unlimited.nc")
def _(folder):
    labelled().to_netcdf(folder / "unlimited.nc", unlimited_dims=["time"])
    return Kind()


@kind("scalar-dimension.nc")
def _(folder):
    dataset = labelled().expand_dims(level=[500.0]).transpose("time", "level")
    dataset.to_netcdf(folder / "scalar-dimension.nc")
    return Kind()


@kind("noleap.nc")
def _(folder):
    times = xr.date_range("0001-02-01", periods=N, freq="D", calendar="noleap", use_cftime=True)
    labelled().assign_coords(time=times).to_netcdf(folder / "noleap.nc")
    return Kind()


@kind("360-days.nc")
def _(folder):
    times = xr.date_range("2000-01-16", periods=N, freq="30D", calendar="360_day", use_cftime=True)
    labelled().assign_coords(time=times).to_netcdf(folder / "360-days.nc")
    return Kind(step=30.0)


@kind("groups.nc")
def _(folder):
    labelled().to_netcdf(folder / "groups.nc", group="ocean")
    return Kind(refused="(ocean): choose one by --group")


@kind("group.nc")
def _(folder):
    labelled().to_netcdf(folder / "group.nc", group="ocean")
    return Kind(options={"group": "ocean"})


@kind("no-such-group.nc")
def _(folder):
    labelled().to_netcdf(folder / "no-such-group.nc", group="ocean")
    return Kind(options={"group": "land"}, refused="has no group 'land' (ocean)")


@kind("field.nc")
def _(folder):
    field_file(folder)
    return Kind(refused="--reduce pcs=3")


@kind("mean/field.nc")
def _(folder):
    field_file(folder, land=True)
    weights = np.broadcast_to(np.cos(np.deg2rad(LATITUDES))[:, None], (4, 5)).ravel()[1:]
    mean = FIELD.reshape(N, -1)[:, 1:] @ weights / weights.sum()
    return Kind(None, MONTH, ["sst"], mean[:, None], {"reduce": "mean"})


@kind("point/field.nc")
def _(folder):
    field_file(folder)
    return Kind(None, MONTH, ["sst"], FIELD[:, 2, 1:2], {"select": {"lat": "19", "lon": "150"}})


@kind("region/field.nc")
def _(folder):
    field_file(folder)
    part = FIELD[:, 1:3, 2:4].reshape(N, -1).mean(axis=1)  # equal weights at ±20°
    options = {"select": {"lat": "-30:30", "lon": "190:260"}, "reduce": "mean"}
    return Kind(None, MONTH, ["sst"], part[:, None], options)


@kind("nowhere/field.nc")
def _(folder):
    field_file(folder)
    return Kind(options={"select": {"lat": "70:80"}}, refused="lies between -60.0 and 60.0")


@kind("word/field.nc")
def _(folder):
    field_file(folder)
    return Kind(options={"reduce": "median"}, refused="reduce is 'median': mean or pcs=3 is expected")


@kind("store.zarr")
def _(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labelled().to_zarr(folder / "store.zarr", zarr_format=3)
    return Kind()


@kind("store-2.zarr")
def _(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labelled().to_zarr(folder / "store-2.zarr", zarr_format=2)
    return Kind()


@kind("no-field.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(), options={"reduce": "mean"}, refused="reduce is given: ")


# Others.


@kind("table.parquet")
def _(folder):
    pytest.importorskip("pyarrow", reason="the package pyarrow is not installed")
    pd.DataFrame({"date": DAYS, "u": X[:, 0], "v": X[:, 1]}).to_parquet(folder / "table.parquet")
    return Kind()


@kind("vectors.mat")
def _(folder):
    savemat(folder / "vectors.mat", {"time": np.arange(N, dtype=float), "u": X[:, 0], "v": X[:, 1], "note": "text"})
    return Kind()


@kind("matrix.mat")
def _(folder):
    savemat(folder / "matrix.mat", {"wind": X.T})
    return Kind(None, 0.5, ["wind_0", "wind_1"], options={"time_step": 0.5})


@kind("tree.h5")
def _(folder):
    h5py = pytest.importorskip("h5py", reason="the package h5py is not installed")
    with h5py.File(folder / "tree.h5", "w") as file:
        file["run/u"], file["run/v"] = X[:, 0], X[:, 1]
    return Kind(refused="run/u (120,), run/v (120,): choose by --variables")


@kind("named/tree.h5")
def _(folder):
    h5py = pytest.importorskip("h5py", reason="the package h5py is not installed")
    with h5py.File(folder / "tree.h5", "w") as file:
        file["run/u"], file["run/v"] = X[:, 0], X[:, 1]
    names = ["run/u", "run/v"]
    return Kind(None, 1.0, names, options={"time_step": 1.0}, variables=names)


def test_there_are_forty_kinds():
    assert len(KINDS) >= 40


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_or_refused_with_a_remedy(tmp_path, name):
    asked = KINDS[name](tmp_path)
    file = tmp_path / name.split("/")[-1]
    if asked.content is not None:
        content = asked.content if isinstance(asked.content, bytes) else asked.content.encode()
        file.write_bytes(content)
    if asked.refused is not None:
        with pytest.raises(ValueError) as error:
            kgmm.read(file, asked.variables, **asked.options)
        said = str(error.value)
        assert asked.refused in said and file.name in said and "\n" not in said.strip()
        return
    path = kgmm.read(file, asked.variables, **asked.options)
    assert list(path["variable"].values) == asked.names
    assert float(path["time"][0]) == pytest.approx(asked.step, rel=1e-9 if asked.step != 1 / 12 else 1e-3)
    np.testing.assert_allclose(path.values[0], asked.values, rtol=0, atol=1e-9)
    # The workflow reads the same numbers in pieces.
    series = open_series(file, asked.variables, ReadingOptions.checked(**asked.options))
    np.testing.assert_allclose(series.read(3, 9)[0], asked.values[3:9], rtol=0, atol=1e-9)


def test_every_option_is_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs/reading.md").read_text()
    for name in ReadingOptions.model_fields:
        assert f"`--{name.replace('_', '-')}" in text, name
    for suffix in READERS:
        assert f"`{suffix}`" in text, suffix


def test_segments_become_members_of_unequal_length(tmp_path):
    (tmp_path / "gap.csv").write_text(with_gap())
    path = kgmm.read(tmp_path / "gap.csv", gaps="segments")
    assert path.shape == (2, 60, 2)
    np.testing.assert_array_equal(path.values[0], X[:60])
    np.testing.assert_array_equal(path.values[1, :58], X[62:])
    assert np.isnan(path.values[1, 58:]).all()
    assert path.attrs["preparation"] == "2 missing states divide the series into 2 members"
    series = open_series(tmp_path / "gap.csv", None, ReadingOptions(gaps="segments"))
    assert series.shape == (1, N - 1, 2)  # in one member, for the workflow, with a missing state between them
    write_series(series, samples=tmp_path / "samples.nc", path=tmp_path / "path.nc")
    said = open_trajectory(tmp_path / "samples.nc").attrs["preparation"]
    assert said.endswith("; 118 states in 2 segments of 58 to 60 are used")


def test_principal_components_are_those_of_the_weighted_covariance(tmp_path):
    field_file(tmp_path)
    path = kgmm.read(tmp_path / "field.nc", reduce="pcs=2")
    assert list(path["variable"].values) == ["sst_pc1", "sst_pc2"]
    weights = np.sqrt(np.repeat(np.cos(np.deg2rad(LATITUDES)), 5))
    weighted = (FIELD.reshape(N, -1) - FIELD.reshape(N, -1).mean(axis=0)) * weights
    largest = np.linalg.eigvalsh(np.cov(weighted.T))[::-1][:2]
    np.testing.assert_allclose(path.values[0].var(axis=0, ddof=1), largest, rtol=1e-9)


def test_a_crash_of_the_reader_of_mat_files_is_told(tmp_path, monkeypatch):
    savemat(tmp_path / "x.mat", {"u": X[:, 0]})
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr("kgmm.data.formats.mat_arrays.sys.executable", str(crashing))
    with pytest.raises(ValueError, match=r"x.mat cannot be read as MAT: its reader crashed$"):
        kgmm.read(tmp_path / "x.mat", time_step=1.0)


def test_entries_are_called_by_their_labels(tmp_path):
    values = xr.DataArray(X, dims=("time", "station"), coords={"time": np.arange(float(N))}, name="state")
    values.assign_coords(station=["Tahiti", "Darwin"]).to_netcdf(tmp_path / "labels.nc")
    values.assign_coords(station=[7, 9]).to_netcdf(tmp_path / "numbers.nc")
    for file, names in (("labels.nc", ["Tahiti", "Darwin"]), ("numbers.nc", ["state_0", "state_1"])):
        path = kgmm.read(tmp_path / file)
        assert list(path["variable"].values) == names
        np.testing.assert_array_equal(path.values[0], X)


def test_what_was_done_is_said(tmp_path):
    (tmp_path / "x.csv").write_text("time,u,v\n" + rows())
    path = kgmm.read(tmp_path / "x.csv", detrend=True, standardise=True)
    trend, standardised = path.attrs["preparation"].split("; ")
    assert trend.startswith("the linear trend was subtracted (per unit of time, of dates per day: u ")
    assert standardised.startswith("standardised from mean and deviation of u (")
    line = np.polyval(np.polyfit(np.arange(N), path.values[0], 1)[:, 0], np.arange(N))
    np.testing.assert_allclose(line, 0, atol=1e-9)


def test_what_was_done_is_undone(tmp_path):
    """Season, trend, deviations, derivatives and earlier states; with dates in the middle of months."""
    dates = pd.date_range("1950-01-01", periods=600, freq="MS") + pd.Timedelta(days=14)
    rng = np.random.default_rng(0)
    x = 20 + 3 * np.cos(2 * np.pi * np.arange(600) / 12) + 0.01 * np.arange(600) + rng.normal(size=600)
    table = pd.DataFrame({"time": dates, "x": x, "y": 2 * x + rng.normal(size=600)})
    table.to_csv(tmp_path / "series.csv", index=False)
    path = kgmm.read(
        tmp_path / "series.csv", anomalies="monthly", detrend=True, standardise=True, derivative=True, lag_embed=2
    )
    assert path.shape == (1, 597, 8)
    restored = kgmm.restore(path, path)
    np.testing.assert_allclose(restored.values[0], table[["x", "y"]].to_numpy()[2:-1], rtol=1e-12)
    np.testing.assert_array_equal(restored["date"].values, dates[2:-1].to_numpy())
    # What follows the series: its trend and its season go on.
    mean = kgmm.restore(np.zeros((120, 8)), path, after=597)
    expected = 20 + 3 * np.cos(2 * np.pi * np.arange(599, 719) / 12) + 0.01 * np.arange(599, 719)
    assert np.abs(mean.values[0, :, 0] - expected).max() < 6 / np.sqrt(50)
    assert mean["date"].values[0] == np.datetime64("1999-12-15T00:00")
    with pytest.raises(ValueError, match="the sample has 3 variables: the path has 8"):
        kgmm.restore(np.zeros((10, 3)), path)


def test_daily_means_of_another_calendar_are_undone(tmp_path):
    times = xr.date_range("1950-01-01", periods=2000, freq="D", calendar="noleap", use_cftime=True)
    x = 20 + 3 * np.cos(2 * np.pi * np.arange(2000) / 365) + np.random.default_rng(0).normal(size=2000)
    xr.Dataset({"x": ("time", x)}, {"time": times}).to_netcdf(tmp_path / "daily.nc")
    path = kgmm.read(tmp_path / "daily.nc", anomalies="daily", detrend=True)
    restored = kgmm.restore(path, path)
    np.testing.assert_allclose(restored.values[0, :, 0], x, rtol=1e-12)
    assert restored["date"].values[-1] == times[-1]


def test_nothing_is_undone_without_a_record():
    with pytest.raises(ValueError, match="the path holds no record of a preparation"):
        kgmm.restore(np.zeros((10, 1)), as_path(np.zeros((10, 1))))


@pytest.mark.parametrize(
    "text, first, last",
    [("1951:1951-06", 12, 18), (":1950", 0, 12), ("1998-12:", 587, 600), ("1950-02-10 : 1950-03-20", 1, 3)],
)
def test_part_of_the_times_is_taken(tmp_path, text, first, last):
    dates = pd.date_range("1950-01-01", periods=600, freq="MS") + pd.Timedelta(days=14)
    x = np.random.default_rng(0).normal(size=600)
    pd.DataFrame({"time": dates, "x": x}).to_csv(tmp_path / "series.csv", index=False)
    xr.Dataset({"x": ("time", x)}, {"time": dates}).to_netcdf(tmp_path / "series.nc")
    for file in ("series.csv", "series.nc"):
        series = open_series(tmp_path / file, None, ReadingOptions(select={"time": text}, time_step=None))
        np.testing.assert_allclose(series.read(0, last - first)[0, :, 0], x[first:last])
        assert series.shape[1] == last - first


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("1951", "select time=1951: first:last is expected, two dates of which one may be missing, such as"),
        ("1951:x", "first:last is expected"),
        ("1900:1910", "select time=1900:1910: the times lie between 1950-01-31"),
    ],
)
def test_unusable_parts_of_the_times_are_refused(tmp_path, text, sentence):
    dates = pd.date_range("1950-01-31", periods=50, freq="D")
    pd.DataFrame({"time": dates, "x": np.arange(50.0)}).to_csv(tmp_path / "series.csv", index=False)
    with pytest.raises(ValueError, match=sentence):
        kgmm.read(tmp_path / "series.csv", select={"time": text})


@pytest.mark.parametrize("name", ["comma.csv", "german.csv", "soi.csv", "table-of-months.dat", "iso.csv"])
def test_damaged_files_are_refused_in_a_sentence_or_read(tmp_path, name):
    """Cut at random, bytes exchanged, lines doubled: never another error than ``ValueError``."""
    asked = KINDS[name](tmp_path)
    file = tmp_path / name
    if asked.content is not None:
        file.write_bytes(asked.content.encode())
    content = file.read_bytes()
    rng = np.random.default_rng(11)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(60):
            damaged = bytearray(content)
            for place in rng.integers(0, len(damaged), rng.integers(1, 6)):
                damaged[place] = rng.integers(0, 256)
            file.write_bytes(bytes(damaged[: rng.integers(1, len(damaged) + 1)]))
            try:
                kgmm.read(file, **asked.options)
            except ValueError as error:
                assert "\n" not in str(error).strip()


# What a reader of other eyes found.


def test_codes_in_single_precision_are_found(tmp_path):
    values = X.astype("f4")
    values[[0, 1]] = -99.9
    xr.Dataset({"u": ("time", values[:, 0])}, coords={"time": np.arange(N)}).to_netcdf(tmp_path / "x.nc")
    path = kgmm.read(tmp_path / "x.nc", missing=[-99.9], gaps="drop-edges")
    np.testing.assert_allclose(path.values[0, :, 0], X[2:, 0], atol=1e-6)


def test_a_repeated_code_is_named_with_the_option(tmp_path):
    values = X.copy()
    values[::20] = -9999.0
    (tmp_path / "x.csv").write_text("time,u,v\n" + rows(columns=values))
    found = kgmm.diagnose(kgmm.read(tmp_path / "x.csv"))
    assert "--missing -9999" in str(found[0])


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("190:260", [2, 3]), ("290:110", [0, 4]), ("-70:110", [0, 4]), ("0:360", [0, 1, 2, 3, 4]), ("100:100", [0])],
)
def test_longitudes_go_round(tmp_path, text, chosen):
    field_file(tmp_path)
    path = kgmm.read(tmp_path / "field.nc", select={"lon": text, "lat": "20"})
    np.testing.assert_allclose(path.values[0], FIELD[:, 2, chosen], atol=1e-12)


@pytest.mark.parametrize(("longitude", "chosen"), [("-70", 4), ("290", 4), ("10", 4), ("-250", 0), ("150", 1)])
def test_the_nearest_longitude_is_nearest_around_the_circle(tmp_path, longitude, chosen):
    field_file(tmp_path)
    path = kgmm.read(tmp_path / "field.nc", select={"lon": longitude, "lat": "20"})
    np.testing.assert_allclose(path.values[0], FIELD[:, 2, [chosen]], atol=1e-12)


def test_a_curvilinear_grid_is_weighted_by_area(tmp_path):
    latitude = np.broadcast_to(LATITUDES[:, None], (4, 5))
    dataset = xr.Dataset({"sst": (("time", "y", "x"), FIELD)}, coords={"time": MONTHS, "lat": (("y", "x"), latitude)})
    dataset.to_netcdf(tmp_path / "x.nc")
    weights = np.cos(np.deg2rad(latitude)).ravel()
    expected = FIELD.reshape(N, -1) @ weights / weights.sum()
    np.testing.assert_allclose(kgmm.read(tmp_path / "x.nc", reduce="mean").values[0, :, 0], expected, atol=1e-12)


def test_segments_have_one_trend(tmp_path):
    """Lines of their own would take most of short pieces away."""
    values = X + 0.1 * np.arange(N)[:, None]
    values[3::4] = np.nan
    (tmp_path / "x.csv").write_text("time,u,v\n" + rows(columns=values).replace("nan", ""))
    path = kgmm.read(tmp_path / "x.csv", gaps="segments", detrend=True)
    kept = np.isfinite(values[:, 0])
    left = path.values.reshape(-1, 2)
    slope = np.polyfit(np.arange(N)[kept], values[kept], 1)[0]
    expected = values[kept] - np.outer(np.arange(N)[kept] - np.arange(N)[kept].mean(), slope)
    np.testing.assert_allclose(left, expected, atol=1e-9)


def test_states_at_the_ends_are_cut_and_not_counted_as_interpolated(tmp_path):
    values = np.arange(60.0)
    values[[0, 1, 10, 20, 21, 59]] = np.nan
    np.save(tmp_path / "x.npy", values)
    path = kgmm.read(tmp_path / "x.npy", time_step=1.0, gaps="interpolate")
    assert path.attrs["preparation"] == "3 missing states were interpolated"
    np.testing.assert_array_equal(path.values.ravel(), np.arange(2.0, 59.0))
    with pytest.raises(ValueError, match="2 states in a row are missing from index 20 on, and --max-gap is 1"):
        kgmm.read(tmp_path / "x.npy", time_step=1.0, gaps="interpolate", max_gap=1)


@pytest.mark.parametrize("step", [0.1, 0.3, 0.7])
def test_times_on_the_edge_of_two_steps_belong_to_the_second(tmp_path, step):
    """1.0 // 0.1 is 9: rounding must leave no step without values."""
    times, every = 0.01 * np.arange(5001), round(step / 0.01)
    table = np.column_stack([times, np.arange(times.size)])
    np.savetxt(tmp_path / "x.csv", table, delimiter=",", header="time,x", comments="", fmt="%.10g")
    path = kgmm.read(tmp_path / "x.csv", resample=step)
    whole = 5001 // every
    np.testing.assert_allclose(path.values[0, :whole, 0], every * np.arange(whole) + 0.5 * (every - 1))
    assert np.isfinite(path.values).all()


def test_nothing_is_interpolated_over_a_long_gap(tmp_path):
    lines = rows().splitlines(keepends=True)
    (tmp_path / "x.csv").write_text("time,u,v\n" + "".join(lines[:20] + lines[90:]))
    with pytest.raises(ValueError, match="--max-gap is 3"):
        kgmm.read(tmp_path / "x.csv", resample=1.0, gaps="interpolate")
    with pytest.raises(ValueError, match="non-finite values"):
        kgmm.read(tmp_path / "x.csv", resample=0.5)
    assert kgmm.read(tmp_path / "x.csv", resample=1.0, gaps="segments").sizes["member"] == 2


def test_bounds_of_times_are_no_variable(tmp_path):
    dataset = labelled(time_bnds=(("time", "bnds"), np.stack([np.arange(N), np.arange(1, N + 1)], axis=1)))
    dataset["time"].attrs["bounds"] = "time_bnds"
    dataset.to_netcdf(tmp_path / "x.nc")
    assert list(kgmm.read(tmp_path / "x.nc")["variable"].values) == ["u", "v"]


@pytest.mark.parametrize(
    ("written", "step"),
    [("%d/%m/%Y", 1.0), ("%m/%d/%Y", 1.0), ("%d.%m.%Y", 1.0)],
)
def test_days_and_months_in_either_order(tmp_path, written, step):
    (tmp_path / "x.csv").write_text("date,u,v\n" + rows(times=DAYS.strftime(written)))
    path = kgmm.read(tmp_path / "x.csv")
    assert float(path["time"][0]) == step
    monthly = tmp_path / "months.csv"
    monthly.write_text("date,u,v\n" + rows(times=MONTHS.strftime("%d/%m/%Y")))
    assert float(kgmm.read(monthly)["time"][0]) == pytest.approx(MONTH)


def test_dates_that_can_be_read_in_two_ways_are_refused(tmp_path):
    days = pd.date_range("2001-01-01", periods=N, freq="D")
    some = [day.strftime("%d/%m/%Y") for day in days if day.day <= 12]
    (tmp_path / "x.csv").write_text("date,u\n" + rows(times=some, columns=X[: len(some), :1]))
    with pytest.raises(ValueError, match="can be read in two ways: write them as YYYY-MM-DD"):
        kgmm.read(tmp_path / "x.csv")


def test_months_of_other_calendars_are_equal_steps(tmp_path):
    times = xr.date_range("0001-01-16", periods=N, freq="MS", calendar="noleap", use_cftime=True)
    labelled().assign_coords(time=times).to_netcdf(tmp_path / "x.nc")
    path = kgmm.read(tmp_path / "x.nc", anomalies="monthly")
    assert float(path["time"][0]) == pytest.approx(MONTH)
    means = np.stack([X[m::12].mean(axis=0) for m in range(12)])
    shift = times[0].month - 1
    np.testing.assert_allclose(path.values[0], X - means[np.arange(N) % 12], atol=1e-9, err_msg=str(shift))


def test_exponents_of_fortran(tmp_path):
    text = "".join(f"{k} {value:.6E}\n".replace("E", "D") for k, value in enumerate(X[:, 0]))
    (tmp_path / "x.dat").write_text(text)
    np.testing.assert_allclose(kgmm.read(tmp_path / "x.dat").values[0, :, 0], X[:, 0], atol=1e-9)


def test_dates_in_the_index_of_a_table(tmp_path):
    pytest.importorskip("pyarrow", reason="the package pyarrow is not installed")
    pd.DataFrame({"u": X[:, 0]}, index=DAYS).to_parquet(tmp_path / "x.parquet")
    assert float(kgmm.read(tmp_path / "x.parquet")["time"][0]) == 1.0


@pytest.mark.parametrize("name", ["packed.nc", "named/tree.h5", "array.npy", "table.parquet"])
def test_damaged_binary_files_are_refused_in_a_sentence_or_read(tmp_path, name):
    file = tmp_path / name.split("/")[-1]
    if name == "array.npy":
        np.save(file, X)
        options, variables = {"time_step": 1.0}, None
    else:
        asked = KINDS[name](tmp_path)
        options, variables = asked.options, asked.variables
    content = file.read_bytes()
    rng = np.random.default_rng(12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(60):
            damaged = bytearray(content)
            for place in rng.integers(0, min(len(damaged), 4000), rng.integers(1, 6)):
                damaged[place] = rng.integers(0, 256)
            cut = len(damaged) if rng.random() < 0.7 else rng.integers(1, len(damaged) + 1)
            file.write_bytes(bytes(damaged[:cut]))
            try:
                kgmm.read(file, variables, **options)
            except ValueError as error:
                assert "\n" not in str(error).strip()
