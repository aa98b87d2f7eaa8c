"""Trajectories as files, their division into training and held-out parts, and samples taken from them."""

import json
from pathlib import Path

import numpy as np
import psutil
import pytest
import xarray as xr

from kgmm.data import trajectory as trajectory_module
from kgmm.data.samples import as_samples
from kgmm.data.trajectory import as_trajectory, concatenate_members, open_trajectory, split, write_trajectory


def numbered(n_members: int, n_times: int, n_features: int = 2) -> xr.DataArray:
    """Entry = 1000·member + time, in every variable."""
    values = 1000.0 * np.arange(n_members)[:, None] + np.arange(n_times)
    return as_trajectory(np.repeat(values[:, :, None], n_features, axis=2), ["a", "b"][:n_features], 0.5)


def write(path, trajectory, pieces, **changes):
    n_members, n_times, _ = trajectory.shape
    arguments = {
        "n_members": n_members, "n_times": n_times, "variables": ["a", "b"], "interval": 0.5,
        "attributes": {"system": "numbers", "parameters": {"b": 1, "a": [2]}, "seed": 3},
    }  # fmt: skip
    write_trajectory(path, pieces, **{**arguments, **changes})


def test_written_in_pieces_and_read_as_a_whole(tmp_path):
    trajectory = numbered(3, 7)
    values = trajectory.values
    write(tmp_path / "t.nc", trajectory, [values[:, :4], values[:, 4:5], values[:, 5:]])
    opened = open_trajectory(tmp_path / "t.nc")
    np.testing.assert_array_equal(opened.values, values)
    np.testing.assert_allclose(opened["time"], trajectory["time"])
    assert list(opened["variable"].values) == ["a", "b"]
    assert opened.attrs["system"] == "numbers" and opened.attrs["seed"] == 3
    assert json.loads(opened.attrs["parameters"]) == {"a": [2], "b": 1}


def test_too_few_pieces_are_refused(tmp_path):
    trajectory = numbered(3, 7)
    with pytest.raises(ValueError, match="4 times were given for a trajectory of 7"):
        write(tmp_path / "t.nc", trajectory, [trajectory.values[:, :4]])


def test_file_without_a_trajectory_is_refused(tmp_path):
    xr.Dataset({"state": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(ValueError, match=r"other.nc holds no variable 'state' with dimensions \('member', 'time'"):
        open_trajectory(tmp_path / "other.nc")


def parts_of(folder, trajectory, sizes):
    """Files with the members of a trajectory, in order."""
    paths, first = [], 0
    for size in sizes:
        part = trajectory[first : first + size]
        paths.append(folder / f"part{first}.nc")
        write(paths[-1], part, [part.values])
        first += size
    return paths


def test_parts_are_opened_one_at_a_time(monkeypatch, tmp_path):
    """An open file holds megabytes: memory does not grow with the number of shards."""
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", 30)
    read, found = trajectory_module._times_of, []

    def watched(*given):
        found.append([file.path for file in psutil.Process().open_files() if Path(file.path).name.startswith("part")])
        return read(*given)

    monkeypatch.setattr(trajectory_module, "_times_of", watched)
    concatenate_members(parts_of(tmp_path, numbered(7, 11), (1,) * 7), tmp_path / "whole.nc", {})
    assert len(found) >= 7 and not any(found)


@pytest.mark.parametrize("sizes", [(7,), (3, 4), (3, 2, 2), (1, 1, 5)], ids=str)
@pytest.mark.parametrize("numbers_per_piece", [1, 30, 8_000_000])
def test_members_put_together_are_those_of_the_parts_in_order(monkeypatch, tmp_path, sizes, numbers_per_piece):
    monkeypatch.setattr("kgmm.data.trajectory.NUMBERS_PER_PIECE", numbers_per_piece)
    trajectory = numbered(7, 11)
    concatenate_members(parts_of(tmp_path, trajectory, sizes), tmp_path / "whole.nc", {"shards": {"n": len(sizes)}})
    found = open_trajectory(tmp_path / "whole.nc")
    np.testing.assert_array_equal(found, trajectory)
    np.testing.assert_allclose(found["time"], trajectory["time"])
    assert list(found["variable"].values) == ["a", "b"]
    assert json.loads(found.attrs["shards"]) == {"n": len(sizes)}
    assert "system" not in found.attrs  # those of the parts are not those of the whole


@pytest.mark.parametrize(("n_members", "share", "held"), [(10, 0.2, 2), (50, 0.1, 5), (10, 0.01, 1), (100, 0.25, 25)])
def test_whole_members_are_held_out(n_members, share, held):
    parts = split(numbered(n_members, 6), share)
    members = [set((part.values // 1000).ravel()) for part in parts]
    assert members[0].isdisjoint(members[1])
    assert (len(members[0]), len(members[1])) == (n_members - held, held)
    assert parts.training.sizes["time"] == parts.held_out.sizes["time"] == 6


def test_few_members_are_cut_in_time_with_a_gap():
    parts = split(numbered(4, 200), 0.25, gap=0.1)
    training, held_out = (part.values % 1000 for part in parts)
    assert training.shape == (4, 150, 2)
    assert training.max() == 149
    assert held_out.min() == 150 + 20
    assert held_out.max() == 199


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5])
def test_impossible_share_is_refused(share):
    with pytest.raises(ValueError, match=f"held_out is {share}: input should be (greater than 0|less than 1)"):
        split(numbered(10, 5), share)


@pytest.mark.parametrize(("shape", "share"), [((10, 5), 0.99), ((4, 10), 0.95), ((4, 10), 0.01)])
def test_neither_part_is_ever_empty(shape, share):
    try:
        parts = split(numbered(*shape), share)
    except ValueError as error:
        assert "held_out" in str(error)
    else:
        assert parts.training.size > 0
        assert parts.held_out.size > 0


def test_all_samples_member_by_member_in_order_of_time():
    np.testing.assert_array_equal(as_samples(numbered(2, 3))[:, 0], [0, 1, 2, 1000, 1001, 1002])


def test_fewer_samples_are_spread_over_the_times():
    samples = as_samples(numbered(4, 101), 12)[:, 0]
    np.testing.assert_array_equal(samples % 1000, [0, 50, 100] * 4)
    np.testing.assert_array_equal(samples // 1000, np.repeat(range(4), 3))


def test_up_to_one_sample_per_member_every_sample_is_another_member():
    samples = as_samples(numbered(50, 10), 30)[:, 0]
    assert len(set(samples // 1000)) == 30


@pytest.mark.parametrize("n_samples", [51, 75, 100, 101, 499, 500])
def test_members_are_used_up_first(n_samples):
    samples = as_samples(numbered(50, 10), n_samples)[:, 0]
    assert len(samples) == len(set(samples)) == n_samples
    assert len(set(samples // 1000)) == 50


def test_more_samples_than_there_are_is_refused():
    with pytest.raises(ValueError, match="13 samples are asked for: the data hold 12"):
        as_samples(numbered(4, 3), 13)


@pytest.mark.parametrize("n_samples", [0, -3])
def test_no_samples_are_refused(n_samples):
    with pytest.raises(ValueError, match=str(n_samples)):
        as_samples(numbered(4, 3), n_samples)
