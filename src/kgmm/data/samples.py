"""Samples as the estimators see them, ``(n_samples, n_features)``, read from a trajectory in pieces.

Estimators take anything with ``shape`` and slicing along the first axis: an array, or :class:`Samples`, which reads
only what is asked for, so that data may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from kgmm.data.observation import RingView
from kgmm.data.segments import without_gaps

_ROWS_PER_PIECE = 1 << 20
# Members with more rows than this are read one at a time, only the rows that are asked for.
_LONG_MEMBER = 1 << 16
# Of the trajectory, where few of its times are asked for.
_NUMBERS_AT_ONCE = 1 << 24


def view_ring(trajectory: xr.DataArray, view: RingView | None) -> xr.DataArray:
    """The observed points of a ring; copies become further members, those of one member next to each other."""
    if view is None:
        return trajectory
    n_ring = trajectory.sizes["variable"]
    view.check(n_ring)
    copies = [trajectory.values[:, :, view.columns(n_ring, shift)] for shift in range(view.shifts)]
    values = np.stack(copies, axis=1).reshape(-1, trajectory.sizes["time"], view.points)
    names = trajectory["variable"].values[view.columns(n_ring, 0)]
    return xr.DataArray(
        values,
        dims=trajectory.dims,
        coords={"time": trajectory["time"], "variable": names},
        name=trajectory.name,
        attrs=trajectory.attrs,
    )


class Samples:
    """Samples of a trajectory, members one after the other, each in order of time.

    Parameters
    ----------
    trajectory
        Dimensions ``(member, time, variable)``; may be lazy. Missing states between segments are no samples.
    n_samples
        Number of samples; all by default. They are taken over all members first and as far apart in time as the number
        allows, because members are independent and neighbouring times are not.
    view
        Which variables of a ring are observed; shifted copies count as members.

    Raises
    ------
    ValueError
        If the trajectory holds fewer samples, or the view does not fit.

    Examples
    --------
    >>> from kgmm import simulate
    >>> samples = Samples(simulate("double_well", n_members=10, n_times=100, interval=0.1), n_samples=200)
    >>> samples.shape, samples[:3].shape
    ((200, 1), (3, 1))
    """

    def __init__(self, trajectory: xr.DataArray, n_samples: int | None = None, view: RingView | None = None):
        self._trajectory = trajectory = without_gaps(trajectory)
        self._view = view or RingView(trajectory.sizes["variable"])
        self._view.check(trajectory.sizes["variable"])
        n_members = trajectory.sizes["member"] * self._view.shifts
        n_times = trajectory.sizes["time"]
        if n_samples is None:
            n_samples = n_members * n_times
        if not 1 <= n_samples <= n_members * n_times:
            raise ValueError(
                f"{n_samples} samples are asked for: the data hold {n_members * n_times}, at least 1 is needed"
            )
        # The first members give one sample more than the others where the number does not divide.
        fewer, extra = divmod(n_samples, n_members)
        counts = np.full(n_members, fewer)
        counts[:extra] += 1
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self._times = {count: _spread(count, n_times) for count in (fewer, fewer + 1)}
        self.shape = (n_samples, self._view.points)
        self.ndim, self.dtype = 2, trajectory.dtype

    def __repr__(self) -> str:
        return f"Samples({self.shape[0]} samples of {self.shape[1]} variables)"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        """The rows of a slice without step, in the dtype of the trajectory."""
        start, stop, step = rows.indices(self.shape[0])
        if step != 1:
            raise ValueError(f"the step of the slice is {step}: samples are read in order")
        if start >= stop:
            return np.empty((0, self.shape[1]), dtype=self._trajectory.dtype)
        first, last = np.searchsorted(self._starts, [start, stop - 1], side="right") - 1
        if max(self._times) > _LONG_MEMBER:
            read = np.concatenate([self._member_rows(m, start, stop) for m in range(first, last + 1)])
        else:
            skipped = start - self._starts[first]
            read = np.concatenate([*self._members_in_turn(first, last + 1)])[skipped : skipped + stop - start]
        # One layout, whatever the way: the order in which sums over it are taken follows from it.
        return np.ascontiguousarray(read)

    def _member_rows(self, member: int, start: int, stop: int) -> np.ndarray:
        """Rows between ``start`` and ``stop`` of one (copy of a) member."""
        own = max(start, self._starts[member]) - self._starts[member], min(stop, self._starts[member + 1])
        times = self._times[self._starts[member + 1] - self._starts[member]]
        times = times[own[0] : own[1] - self._starts[member]]
        original, shift = divmod(member, self._view.shifts)
        values = self._trajectory[original, times[0] : times[-1] + 1].values[times - times[0]]
        return values[:, self._view.columns(self._trajectory.sizes["variable"], shift)]

    def _members_in_turn(self, first: int, last: int) -> Iterator[np.ndarray]:
        """All rows of the (copies of) members from ``first`` up to ``last``, of which not many are read at once."""
        n_times, n_ring = self._trajectory.sizes["time"], self._trajectory.sizes["variable"]
        step = max(1, _NUMBERS_AT_ONCE * self._view.shifts // (n_times * n_ring))
        for member in range(first, last, step):
            yield from self._whole_members(member, min(member + step, last))

    def _whole_members(self, first: int, last: int) -> list[np.ndarray]:
        """All rows of the (copies of) members from ``first`` up to ``last``, in order."""
        shifts, n_ring = self._view.shifts, self._trajectory.sizes["variable"]
        offset = first // shifts
        values = self._trajectory[offset : (last - 1) // shifts + 1].values
        columns = [self._view.columns(n_ring, shift) for shift in range(shifts)]
        if shifts > 1:
            values = np.stack([values[:, :, chosen] for chosen in columns], axis=1)
            values = values.reshape(-1, *values.shape[2:])[first - offset * shifts : last - offset * shifts]
        else:
            values = values[:, :, columns[0]] if self._view.points < n_ring else values
        counts = np.diff(self._starts[first : last + 1])
        parts = []
        for count in np.unique(counts)[::-1]:
            if count:  # the members with one sample more come first
                chosen = values[counts == count]
                if count < values.shape[1]:
                    chosen = chosen[:, self._times[count]]
                parts.append(chosen.reshape(-1, chosen.shape[-1]))
        return parts


def _spread(count: int, n_times: int) -> np.ndarray:
    return np.linspace(0, n_times - 1, min(count, n_times)).round().astype(int)


def as_samples(trajectory: xr.DataArray, n_samples: int | None = None, view: RingView | None = None) -> np.ndarray:
    """The same as an array in memory, see :class:`Samples`."""
    return Samples(trajectory, n_samples, view)[:]


def pieces_of(samples, size: int = _ROWS_PER_PIECE) -> Iterator[tuple[int, np.ndarray]]:
    """Pieces of at most ``size`` rows, each with the number of its first row."""
    for start in range(0, samples.shape[0], size):
        yield start, samples[start : start + size]
