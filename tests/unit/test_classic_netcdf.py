"""The length of classic NetCDF files, by their headers: nothing that is cut off is read as zeros."""

import netCDF4
import numpy as np
import pytest

import kgmm
from kgmm.data.formats.classic_netcdf import needed_bytes

KINDS = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")
TYPES = ("f8", "f4", "i4", "i2", "i1", "S1")
N_TIMES = 47  # odd, so that small types need padding
RNG = np.random.default_rng(0)


def write(path, kind: str, columns, *, records: bool, title: str = ""):
    """A file of a time and some variables along it, ``columns`` being their types."""
    with netCDF4.Dataset(path, "w", format=kind) as file:
        file.title = title
        file.createDimension("time", None if records else N_TIMES)
        file.createDimension("level", 3)
        names = [file.createVariable("time", "f8", "time")]
        for k, dtype in enumerate(columns):
            names.append(file.createVariable(f"v{k}" * (k + 1), dtype, ("time", "level")[: 1 + k % 2]))
            names[-1].units = "m" * k
        names[0][:] = np.arange(N_TIMES)
        for variable in names[1:]:
            shape = (N_TIMES, 3)[: variable.ndim]
            is_text = variable.dtype.kind == "S"
            variable[:] = np.full(shape, b"a") if is_text else (100 * RNG.standard_normal(shape)).astype(variable.dtype)


@pytest.mark.parametrize("records", [False, True], ids=["fixed", "records"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_header_says_how_long_a_file_is(tmp_path, kind, records):
    for trial in range(10):
        columns = RNG.choice(TYPES, trial % 4)
        write(tmp_path / "x.nc", kind, columns, records=records, title="x" * trial)
        # The end of the last variable may be padded.
        assert 0 <= (tmp_path / "x.nc").stat().st_size - needed_bytes(tmp_path / "x.nc") < 4


@pytest.mark.parametrize("records", [False, True], ids=["fixed", "records"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_its_last_bytes_is_refused(tmp_path, kind, records):
    write(tmp_path / "x.nc", kind, ["f8", "f8"], records=records)
    content = (tmp_path / "x.nc").read_bytes()
    assert kgmm.read(tmp_path / "x.nc", ["v0"]).sizes["time"] == N_TIMES
    for missing in (1, 8, 80):
        (tmp_path / "x.nc").write_bytes(content[:-missing])
        with pytest.raises(ValueError, match="truncated"):
            kgmm.read(tmp_path / "x.nc", ["v0"])


def test_other_formats_have_checks_of_their_own(tmp_path):
    write(tmp_path / "x.nc", "NETCDF4", ["f8"], records=True)
    assert needed_bytes(tmp_path / "x.nc") == 0


def test_a_damaged_header_is_refused(tmp_path):
    write(tmp_path / "x.nc", KINDS[0], ["f8"], records=True)
    content = (tmp_path / "x.nc").read_bytes()
    for stop in range(4, 60, 5):
        (tmp_path / "x.nc").write_bytes(content[:stop])
        with pytest.raises(ValueError, match="its header is cut or damaged"):
            needed_bytes(tmp_path / "x.nc")
