"""Missing states of a series: cut, interpolated, or the ends of its members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kgmm.data.prepared import Prepared
from kgmm.data.regular_times import on_regular_times
from kgmm.data.segments import stretches


def close_gaps(series: Prepared, how: str, max_gap: int) -> Prepared:
    """Deals with missing states; times that jump by whole steps are missing states too.

    Parameters
    ----------
    series : Prepared
    how : str
        ``"drop-edges"``, ``"interpolate"`` or ``"segments"``.
    max_gap : int
        Longest gap that is interpolated, in steps.

    Raises
    ------
    ValueError
        If a gap is longer, or nothing is left.
    """
    import pandas as pd

    if series.times and series.time_step is None:
        parts = [on_regular_times(member, times) for member, times in zip(series.members, series.times)]
        series = replace(
            series, members=[part.values for part in parts], times=[part.times for part in parts],
            time_step=parts[0].step,
        )  # fmt: skip
    members, times, count, lone = [], [], 0, 0
    for k, member in enumerate(series.members):
        own = series.times[k] if series.times else (series.time_step or 1.0) * np.arange(len(member))
        known = np.isfinite(member).all(axis=1)
        if how == "segments":
            edges = stretches(known)
            kept = [slice(start, stop) for start, stop in edges if stop - start > 1]
            lone += len(edges) - len(kept)
        else:
            inside = np.flatnonzero(known)
            kept = [slice(inside[0], inside[-1] + 1)] if inside.size else []
        # Those at the ends of a series are cut and not interpolated.
        count += int((~known).sum() if how == "segments" else sum((~known[part]).sum() for part in kept))
        for part in kept:
            values = member[part]
            if how == "interpolate":
                values = pd.DataFrame(values).interpolate(limit_area="inside").to_numpy()
                _refuse_long(~known[part], max_gap, part.start)
            members.append(values)
            times.append(own[part])
    if not members:
        raise ValueError(f"gaps is {how!r}: nothing is left between missing values")
    notes = {
        "drop-edges": "missing states at both ends were cut",
        "interpolate": f"{count} missing states were interpolated",
        "segments": f"{count} missing states divide the series into {len(members)} members"
        + f", and {lone} lone state{'s' * (lone > 1)} between gaps {'are' if lone > 1 else 'is'} left out" * bool(lone),
    }
    return series.noted(notes[how], members=members, times=times)


def _refuse_long(missing: np.ndarray, max_gap: int, first: int) -> None:
    """``first`` is the index of the first of these states in the series."""
    for start, stop in stretches(missing):
        if stop - start > max_gap:
            raise ValueError(
                f"{stop - start} states in a row are missing from index {first + start} on, and --max-gap is "
                f"{max_gap}: give a larger one, or --gaps segments"
            )
