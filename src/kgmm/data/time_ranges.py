"""The part of a series between two times."""

from __future__ import annotations

import numpy as np


def time_range(times: np.ndarray, text: str) -> slice:
    """Which times lie in a range.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        Numbers, ``datetime64``, or dates of other calendars as objects; increasing.
    text : str
        ``first:last``, both inclusive; either may be missing. A date may be a year or a month: all of it is taken.

    Returns
    -------
    slice

    Raises
    ------
    ValueError
        In one sentence, if the range cannot be read or holds no time.

    Examples
    --------
    >>> dates = np.arange("1950-01", "1953-01", dtype="datetime64[M]").astype("datetime64[ns]")
    >>> time_range(dates, "1951:1951-06"), time_range(np.arange(5.0), "2.5:")
    (slice(12, 18, None), slice(3, 5, None))
    """
    first, colon, last = (part.strip() for part in text.partition(":"))
    try:
        if not colon or not (first or last):
            raise ValueError
        index = _index(times)
        if times.dtype.kind not in "MO":
            first, last = (float(part) if part else None for part in (first, last))
        found = index.slice_indexer(first or None, last or None)
    except (ValueError, KeyError, TypeError):
        kind = "dates" if times.dtype.kind in "MO" else "numbers"
        raise ValueError(
            f"select time={text}: first:last is expected, two {kind} of which one may be missing, such as "
            + ("1950:1979-06" if kind == "dates" else "0:100")
        ) from None
    if len(range(*found.indices(len(times)))) == 0:
        raise ValueError(f"select time={text}: the times lie between {times[0]} and {times[-1]}")
    return slice(*found.indices(len(times))[:2])


def _index(times: np.ndarray):
    """An index that understands parts of dates."""
    import pandas as pd
    from xarray import CFTimeIndex

    if times.dtype == object:
        return CFTimeIndex(times)
    return pd.DatetimeIndex(times) if times.dtype.kind == "M" else pd.Index(times)
