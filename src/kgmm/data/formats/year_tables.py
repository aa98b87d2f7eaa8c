"""Tables with a row for each year and a column for each month, as climate indices are published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgmm.data.formats.contents import Contents, contents_of_array
from kgmm.data.time_steps import FIRST_YEAR, LAST_YEAR, MONTHS_PER_YEAR

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_INITIALS = [month[0] for month in _MONTHS]
_WIDTH = 1 + MONTHS_PER_YEAR


def months_named(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of columns, in which ``J F M A M J J A S O N D`` after the first have become ``jan`` to ``dec``.

    Examples
    --------
    >>> months_named(["YEAR", *"JFMAMJJASOND"])[:4]
    ('YEAR', 'jan', 'feb', 'mar')
    """
    if names is None or [str(name).lower() for name in names[1:_WIDTH]] != _INITIALS:
        return None if names is None else tuple(names)
    return (names[0], *_MONTHS, *names[_WIDTH:])


def year_of_months(names: Sequence[str] | None, table) -> np.ndarray | None:
    """The table of years and months, ``(n_years, 13)``, or ``None`` if it is none.

    What stands to the right of December, such as a mean of the year, is left out if the columns have names.

    Examples
    --------
    >>> import pandas as pd
    >>> year_of_months(None, pd.DataFrame(np.column_stack([np.arange(1951, 1954), np.zeros((3, 12))]))).shape
    (3, 13)
    """
    import pandas as pd

    if len(table) < 2 or table.shape[1] < _WIDTH or (names is None and table.shape[1] > _WIDTH):
        return None
    if names is not None and not _are_months([str(name).strip().lower() for name in names[1:_WIDTH]]):
        return None
    years = pd.to_numeric(table.iloc[:, 0], errors="coerce").to_numpy(dtype=float)
    if not (np.isfinite(years).all() and (np.diff(years) == 1).all() and FIRST_YEAR <= years[0] <= LAST_YEAR):
        return None
    return np.column_stack([pd.to_numeric(table.iloc[:, k], errors="coerce") for k in range(_WIDTH)]).astype(float)


def _are_months(names: list[str]) -> bool:
    numbered = all(name.isdigit() and int(name) == k + 1 for k, name in enumerate(names))
    return numbered or all(name.startswith(month) for name, month in zip(names, _MONTHS))


def contents_of_years(values: np.ndarray, path: Path) -> Contents:
    """A table of years and months, ``(n_years, 13)``, as one monthly series that ends with its last known value."""
    months = values[:, 1:].ravel()
    known = np.flatnonzero(np.isfinite(months))
    months = months[: known[-1] + 1] if known.size else months
    start = np.datetime64(f"{int(values[0, 0]):04d}-01", "M")
    times = (start + np.arange(len(months))).astype("datetime64[ns]")
    return contents_of_array(months[None, :, None], [path.stem], [times])


def psl_table(lines: Sequence[str]) -> np.ndarray | None:
    """The table in a file of NOAA's Physical Sciences Laboratory, ``(n_years, 13)``; ``None`` if it is none.

    Its first line holds the first and the last year, and the line after the last row the number that stands for missing
    values.

    References
    ----------
    https://psl.noaa.gov/gcos_wgsp/Timeseries/standard/

    Examples
    --------
    >>> rows = [" ".join([str(year), *["0.5"] * 11, "-99.99"]) for year in (1951, 1952)]
    >>> table = psl_table(["1951 1952", *rows, "-99.99", "an index"])
    >>> table.shape, int(np.isnan(table).sum())
    ((2, 13), 2)
    """
    shown = [line.split() for line in lines if line.strip()]
    if not shown or len(shown[0]) != 2 or not all(field.isdigit() for field in shown[0]):
        return None
    first, last = map(int, shown[0])
    n_years = last - first + 1
    if not FIRST_YEAR <= first < last <= LAST_YEAR or len(shown) < n_years + 1:
        return None
    rows = shown[1 : n_years + 1]
    if any(len(row) != _WIDTH for row in rows):
        return None
    try:
        values = np.array(rows, dtype=float)
        code = float(shown[n_years + 1][0]) if len(shown) > n_years + 1 and len(shown[n_years + 1]) == 1 else np.nan
    except ValueError:
        return None
    if not (values[:, 0] == np.arange(first, last + 1)).all():
        return None
    values[:, 1:][np.isclose(values[:, 1:], code, rtol=1e-6, atol=0.0)] = np.nan
    return values
