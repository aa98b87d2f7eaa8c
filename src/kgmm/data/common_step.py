"""The time step of a file: one for all of its times and members."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kgmm.data.formats.contents import Contents
from kgmm.data.options import ReadingOptions
from kgmm.data.time_steps import in_order, steps_between

# Time coordinates are often stored in single precision or rounded to a few digits.
_STEP_TOLERANCE = 1e-3


def common_step(contents: Contents, path: Path, options: ReadingOptions) -> float:
    """That of the options, or the common one of the times."""
    if options.time_step is not None:
        return float(options.time_step)
    if not contents.times:
        raise ValueError(
            f"{path} has no time coordinate {options.time!r}: give time_step, the time between its states (--time-step "
            "NUMBER), or the name of its times (--time NAME)"
        )
    steps = [_step_of(times, path, options.time) for times in contents.times]
    if max(steps) - min(steps) > _STEP_TOLERANCE * max(steps):
        raise ValueError(
            f"the time steps of the members of {path} lie between {min(steps):g} and {max(steps):g}: equal ones are "
            "needed"
        )
    return float(steps[0])


def _step_of(times: np.ndarray, path: Path, name: str) -> float:
    """The step of a time coordinate, ``(n_times,)``; dates count in days."""
    if np.issubdtype(times.dtype, np.number):
        times = times.astype(float)  # differences of unsigned integers would wrap around
    if times.ndim != 1 or times.size < 2:
        raise ValueError(f"the time coordinate {name!r} of {path} has shape {times.shape}: two times are needed")
    steps = steps_between(times)
    smallest, largest = float(steps.min()), float(steps.max())
    if not smallest > 0:
        where = int(np.argmin(steps))
        raise ValueError(
            f"the time coordinate {name!r} of {path} does not increase from index {where} to {where + 1}: "
            + in_order(steps)
        )
    if largest - smallest > _STEP_TOLERANCE * largest:
        raise ValueError(
            f"the time steps of {name!r} in {path} are unequal, between {smallest:g} and {largest:g}: give --gaps "
            "interpolate or --gaps segments where rows are missing, --resample STEP for another step, or --time-step "
            "to take them as equal"
        )
    return float(np.mean(steps))
