"""What an estimate sees of the data: variables of a ring, the part that is not kept out, and how fine it may be."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from kgmm.data.options import SplitOptions

# Nearly independent parts of data, from which errors are estimated.
BLOCKS = 20
# Below this many samples per cell an average means nothing.
MIN_SAMPLES_PER_CELL = 5


def smallest_min_probability(n_samples: int) -> float:
    """Finest ``p_min`` that so many samples allow, two significant digits, rounded up."""
    least = MIN_SAMPLES_PER_CELL / n_samples
    unit = 10.0 ** (math.floor(math.log10(least)) - 1)
    # Through text, so that the number that is printed is the number that is accepted.
    return float(f"{math.ceil(least / unit * (1 - 1e-12)) * unit:.2g}")


class RingView(NamedTuple):
    """A few equispaced variables out of a ring of them, and how many circular shifts count as samples.

    Where the law is invariant under rotation of the ring, a shifted snapshot is a sample too, though not an
    independent one: the copies of a member follow each other and stay in the same part of the data.

    Attributes
    ----------
    points
        Variables observed; it must divide their number.
    shifts
        Copies of each snapshot, equally far apart on the ring.
    """

    points: int
    shifts: int = 1

    def columns(self, n_ring: int, shift: int) -> np.ndarray:
        """Indices of the variables that copy ``shift`` observes, shape ``(points,)``."""
        return (np.arange(self.points) * (n_ring // self.points) + shift * n_ring // self.shifts) % n_ring

    def check(self, n_ring: int) -> None:
        """Raises ``ValueError`` unless a ring of ``n_ring`` variables can be viewed so."""
        for name, value in self._asdict().items():
            if value < 1 or n_ring % value:
                raise ValueError(f"{name} is {value}: it must divide the {n_ring} variables of the ring")


class SplitSizes(NamedTuple):
    """Shapes ``(n_members, n_times)`` of the training and held-out parts of a trajectory."""

    training: tuple[int, int]
    held_out: tuple[int, int]


def split_sizes(n_members: int, n_times: int, held_out: float, gap: float = SplitOptions().gap) -> SplitSizes:
    """Shapes of the parts that :func:`kgmm.data.trajectory.split` makes; raises its ``ValueError``."""
    SplitOptions.checked(held_out=held_out, gap=gap)
    if n_members >= 10:
        kept_out = max(1, round(held_out * n_members))
        sizes = SplitSizes((n_members - kept_out, n_times), (kept_out, n_times))
    else:
        cut = int((1 - held_out) * n_times)
        sizes = SplitSizes((n_members, cut), (n_members, n_times - cut - math.ceil(gap * n_times)))
    for name, size in zip(("training", "held-out"), sizes):
        if min(size) < 1:
            raise ValueError(
                f"held_out is {held_out}: of {n_members} members with {n_times} times it leaves no {name} data"
            )
    return sizes
