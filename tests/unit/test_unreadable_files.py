"""Files that are none: missing, endless, truncated, damaged, of text or of another content."""

import os
import sys

import numpy as np
import pytest
import xarray as xr

from kgmm.data.datasets import read_dataset
from tests.unit.series_files import FORMATS, N_TIMES, NAMES, ONE, labelled, open_series, refusal, usable, write


def test_what_never_ends_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "device.npy").symlink_to("/dev/zero")
    for name in ("pipe.csv", "device.npy"):
        with pytest.raises(ValueError, match=f"{name} is a pipe or a device"):
            read_dataset(tmp_path / name)
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(ValueError, match="does not exist"):
        read_dataset(tmp_path / "loop.csv")


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


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
def test_truncated_classic_files_are_refused(tmp_path, kind):
    """Their library reads what is missing as zeros."""
    labelled(ONE).to_netcdf(tmp_path / "x.nc", format=kind, engine="netcdf4")
    content = (tmp_path / "x.nc").read_bytes()
    assert open_series(tmp_path / "x.nc", ["wind"]).shape[1] == N_TIMES
    (tmp_path / "x.nc").write_bytes(content[: len(content) - 8 * N_TIMES])
    assert "truncated" in refusal(tmp_path / "x.nc", ["wind"])


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
