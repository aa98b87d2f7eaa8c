"""What a reader finds in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np


class Contents(NamedTuple):
    """What is in a file: shape ``(member, time, variable)``, names, times of each member, and how to read states.

    ``unit`` is that of times that are no dates and ``units`` those of variables, if the file names them; ``notes`` are
    clauses about what the reader did, ``done`` the options of the preparation that it followed already.
    """

    shape: tuple[int, int, int]
    variables: list[str]
    times: list[np.ndarray]
    read: Callable[[int, int], np.ndarray]
    unit: str = ""
    notes: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    units: Mapping[str, str] = MappingProxyType({})


def is_real(dtype: np.dtype) -> bool:
    """Whether a type is one of real numbers."""
    return dtype.kind in "iuf"


def contents_of_array(values: np.ndarray, names: list[str], times: list[np.ndarray] | None = None) -> Contents:
    """Contents of an array ``(member, time, variable)`` in memory."""
    return Contents(values.shape, names, times or [], lambda start, stop: np.asarray(values[:, start:stop]))
