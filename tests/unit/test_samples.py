"""Samples read in pieces from a trajectory: the same numbers as the array."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

import kgmm
from kgmm.data.observation import RingView, split_sizes
from kgmm.data.samples import Samples, as_samples, pieces_of, view_ring
from kgmm.data.trajectory import split
from tests.unit.numbered_states import N_RING, stored, trajectory


def by_loops(values, n_samples=None, points=None, shifts=1):
    """The rows that ``Samples`` promises, by loops over members, shifts and times."""
    n_times, n_ring = values.shape[1:]
    points = points or n_ring
    copies = [
        [member[:, (k * n_ring // points + shift * n_ring // shifts) % n_ring] for k in range(points)]
        for member in values
        for shift in range(shifts)
    ]
    n_samples = n_samples or len(copies) * n_times
    rows = []
    for number, copy in enumerate(copies):
        count = n_samples // len(copies) + (number < n_samples % len(copies))
        times = np.linspace(0, n_times - 1, count).round().astype(int)
        rows.append(np.stack(copy, axis=1)[times])
    return np.concatenate(rows)


SIZES = [(1, 1), (1, 40), (2, 3), (7, 5), (4, 40)]
VIEWS = [None, RingView(6), RingView(3), RingView(1), RingView(2, 3), RingView(6, 6), RingView(3, 2)]


def numbers_of(n_members, n_times, view):
    """Numbers of samples that divide, that do not, fewer than members, all, and all by default."""
    most = n_members * n_times * (view.shifts if view else 1)
    return [None, *sorted({1, min(2, most), most // 2 or 1, max(1, most - 1), most})]


@pytest.fixture(params=["in memory", "file"])
def source(request, tmp_path):
    """Makes a trajectory, in memory or in a file that is read when asked."""

    def make(n_members, n_times):
        made = trajectory(n_members, n_times)
        return made if request.param == "in memory" else stored(tmp_path / f"{n_members}x{n_times}.nc", made)

    return make


@pytest.mark.usefixtures("way_of_reading")
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_samples_are_the_rows_of_plain_loops(source, size):
    data = source(*size)
    values = trajectory(*size).values
    for view in VIEWS:
        points, shifts = view or (None, 1)
        for n_samples in numbers_of(*size, view):
            expected = by_loops(values, n_samples, points, shifts)
            samples = Samples(data, n_samples, view)
            assert samples.shape == expected.shape
            assert len(samples) == len(expected) and samples.ndim == 2
            np.testing.assert_array_equal(samples[:], expected)
            np.testing.assert_array_equal(as_samples(data, n_samples, view), expected)


@pytest.mark.usefixtures("way_of_reading")
@pytest.mark.parametrize("view", [None, RingView(2, 3)], ids=str)
@pytest.mark.parametrize("n_samples", [None, 29, 16, 5])
def test_slices_are_those_of_the_array(source, view, n_samples):
    samples = Samples(source(5, 7), n_samples, view)
    whole = samples[:]
    n = len(whole)
    edges = [None, -n - 2, -n, -8, -1, 0, 1, 6, 7, 8, 13, 14, 15, n - 1, n, n + 2]
    for start, stop in product(edges, edges):
        piece = samples[start:stop]
        np.testing.assert_array_equal(piece, whole[start:stop])
        assert piece.shape[1] == whole.shape[1] and piece.dtype == whole.dtype


@pytest.mark.usefixtures("way_of_reading")
@pytest.mark.parametrize("size", [1, 3, 7, 34, 35, 1000])
def test_pieces_put_together_are_the_whole(source, size):
    samples = Samples(source(5, 7))
    numbers, pieces = zip(*pieces_of(samples, size))
    assert all(len(piece) <= size for piece in pieces)
    assert list(numbers) == list(range(0, 35, size))
    np.testing.assert_array_equal(np.concatenate(pieces), samples[:])


def test_pieces_of_an_array_are_those_of_samples():
    samples = Samples(trajectory(3, 4))
    for ours, theirs in zip(pieces_of(samples, 5), pieces_of(samples[:], 5), strict=True):
        assert ours[0] == theirs[0]
        np.testing.assert_array_equal(ours[1], theirs[1])


@pytest.mark.parametrize("view", [RingView(3), RingView(2, 3), RingView(6, 2), RingView(1, 6)], ids=str)
@pytest.mark.parametrize("n_samples", [None, 20])
def test_samples_of_a_view_are_those_of_the_viewed_trajectory(view, n_samples):
    data = trajectory(4, 9)
    seen = view_ring(data, view)
    assert seen.shape == (4 * view.shifts, 9, view.points)
    np.testing.assert_array_equal(Samples(data, n_samples, view)[:], Samples(seen, n_samples)[:])


def test_shifted_copies_of_a_member_follow_each_other():
    seen = view_ring(trajectory(2, 3), RingView(2, 3)).values
    np.testing.assert_array_equal(seen[:, 0] // 10_000, np.repeat([[0], [0], [0], [1], [1], [1]], 2, axis=1))
    np.testing.assert_array_equal(seen[:3, 0] % 10, [[0, 3], [2, 5], [4, 1]])


def test_view_keeps_times_names_and_attributes():
    data = trajectory(2, 3)
    assert view_ring(data, None) is data
    seen = view_ring(data, RingView(3, 2))
    assert list(seen["variable"].values) == ["u0", "u2", "u4"]
    np.testing.assert_array_equal(seen["time"], data["time"])
    assert seen.attrs == data.attrs and seen.dims == data.dims and seen.name == data.name


def test_members_are_never_split_between_a_sample_and_its_shifted_copy():
    """What is held out of the ring is held out in every copy: no number occurs in both parts."""
    parts = split(trajectory(10, 4), 0.2)
    training, held_out = (set(Samples(part, None, RingView(2, 6))[:].ravel() // 10_000) for part in parts)
    assert training == set(range(8)) and held_out == {8, 9}


class CountedReads(SimpleNamespace):
    """Stands for a lazy trajectory and counts the numbers that are read."""

    def __getitem__(self, where):
        part = self.data[where]
        self.reads.append(part.size)
        return part


def counted(n_members, n_times):
    data = trajectory(n_members, n_times)
    return CountedReads(data=data, sizes=data.sizes, dtype=data.dtype, attrs={}, reads=[])


def test_a_slice_reads_only_the_members_it_is_about():
    source = counted(50, 20)
    assert source.reads == []
    Samples(source)[45:65]
    assert source.reads == [2 * 20 * N_RING]


def test_a_slice_of_a_long_member_reads_only_its_times(monkeypatch):
    monkeypatch.setattr("kgmm.data.samples._LONG_MEMBER", 100)
    source = counted(3, 1000)
    np.testing.assert_array_equal(Samples(source)[995:1010], by_loops(trajectory(3, 1000).values)[995:1010])
    assert source.reads == [5 * N_RING, 10 * N_RING]


def test_few_samples_of_many_members_are_read_in_pieces(monkeypatch):
    monkeypatch.setattr("kgmm.data.samples._NUMBERS_AT_ONCE", 10 * 20 * N_RING)
    source = counted(50, 20)
    assert Samples(source, 50)[:].shape == (50, N_RING)
    assert source.reads == [10 * 20 * N_RING] * 5


@pytest.mark.parametrize("n_samples", [0, -1, 13])
def test_impossible_numbers_of_samples_are_refused(n_samples):
    with pytest.raises(ValueError, match=f"{n_samples} samples are asked for: the data hold 12, at least 1 is needed"):
        Samples(trajectory(4, 3), n_samples)


def test_shifted_copies_add_to_the_number_of_samples():
    assert len(Samples(trajectory(4, 3), 36, RingView(2, 3))) == 36
    with pytest.raises(ValueError, match="37 samples are asked for: the data hold 36"):
        Samples(trajectory(4, 3), 37, RingView(2, 3))


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (RingView(4), "points is 4: it must divide the 6 variables of the ring"),
        (RingView(7), "points is 7: it must divide"),
        (RingView(0), "points is 0: it must divide"),
        (RingView(-2), "points is -2: it must divide"),
        (RingView(2, 4), "shifts is 4: it must divide the 6 variables of the ring"),
        (RingView(2, 0), "shifts is 0: it must divide"),
        (RingView(2, 12), "shifts is 12: it must divide"),
    ],
)
def test_views_that_do_not_fit_the_ring_are_refused(view, message):
    for function in (lambda: Samples(trajectory(2, 3), None, view), lambda: view_ring(trajectory(2, 3), view)):
        with pytest.raises(ValueError, match=message):
            function()


@pytest.mark.parametrize("step", [2, -1])
def test_slices_with_a_step_are_refused(step):
    with pytest.raises(ValueError, match=f"the step of the slice is {step}: samples are read in order"):
        Samples(trajectory(2, 3))[::step]


@pytest.mark.parametrize(("n_members", "n_times"), [(1, 200), (3, 50), (9, 30), (10, 7), (64, 5)])
@pytest.mark.parametrize("held_out", [0.1, 0.2, 0.55])
def test_the_sizes_that_are_promised_are_those_of_the_parts(n_members, n_times, held_out):
    parts = split(trajectory(n_members, n_times), held_out)
    assert [part.shape[:2] for part in parts] == list(split_sizes(n_members, n_times, held_out))


def test_the_sizes_of_parts_that_would_be_empty_are_refused():
    for arguments in ((10, 5, 0.99), (4, 10, 0.95), (1, 1, 0.2)):
        with pytest.raises(ValueError, match=r"held_out is .* it leaves no (training|held-out) data"):
            split_sizes(*arguments)


def test_the_public_name_is_the_class():
    assert kgmm.Samples is Samples
