"""Every kind of file is read with the right numbers and step, or refused with the option to type; damaged ones too."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.io import savemat

import kgmm
from kgmm.data.datasets import open_series
from kgmm.data.options import ReadingOptions
from kgmm.data.readers import READERS
from tests.unit.file_kinds import KINDS
from tests.unit.file_kinds.kind import N, X
from tests.unit.file_kinds.labelled import labelled


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


def test_entries_are_called_by_their_labels(tmp_path):
    values = xr.DataArray(X, dims=("time", "station"), coords={"time": np.arange(float(N))}, name="state")
    values.assign_coords(station=["Tahiti", "Darwin"]).to_netcdf(tmp_path / "labels.nc")
    values.assign_coords(station=[7, 9]).to_netcdf(tmp_path / "numbers.nc")
    for file, names in (("labels.nc", ["Tahiti", "Darwin"]), ("numbers.nc", ["state_0", "state_1"])):
        path = kgmm.read(tmp_path / file)
        assert list(path["variable"].values) == names
        np.testing.assert_array_equal(path.values[0], X)


def test_bounds_of_times_are_no_variable(tmp_path):
    dataset = labelled(time_bnds=(("time", "bnds"), np.stack([np.arange(N), np.arange(1, N + 1)], axis=1)))
    dataset["time"].attrs["bounds"] = "time_bnds"
    dataset.to_netcdf(tmp_path / "x.nc")
    assert list(kgmm.read(tmp_path / "x.nc")["variable"].values) == ["u", "v"]


def test_exponents_of_fortran(tmp_path):
    text = "".join(f"{k} {value:.6E}\n".replace("E", "D") for k, value in enumerate(X[:, 0]))
    (tmp_path / "x.dat").write_text(text)
    np.testing.assert_allclose(kgmm.read(tmp_path / "x.dat").values[0, :, 0], X[:, 0], atol=1e-9)


# Damaged files.


def test_a_crash_of_the_reader_of_mat_files_is_told(tmp_path, monkeypatch):
    savemat(tmp_path / "x.mat", {"u": X[:, 0]})
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr("kgmm.data.formats.mat_arrays.sys.executable", str(crashing))
    with pytest.raises(ValueError, match=r"x.mat cannot be read as MAT: its reader crashed$"):
        kgmm.read(tmp_path / "x.mat", time_step=1.0)


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
