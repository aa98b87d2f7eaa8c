"""The way of a file into the store: what is written, its effective size, and the hash of its content."""

import os
import shutil

import numpy as np
import pytest

from kgmm.data.blocks import effective_sizes
from kgmm.data.imported_series import content_hash, series_effective_size, write_series
from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import open_trajectory
from tests.unit.series_files import FORMATS, N_TIMES, NAMES, ONE, SEVERAL, STEP, open_series, opened, write


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
