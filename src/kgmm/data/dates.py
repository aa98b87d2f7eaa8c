"""Times as they stand in tables: dates in several spellings, years and months in columns, decimal years."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgmm.data.time_steps import MONTHS_PER_YEAR, steps_between

_TIME_NAMES = (
    "time", "date", "datetime", "timestamp", "t", "year", "years", "yr", "decimal year", "decimal_year", "decimal date",
    "age", "age_ka", "age_bp", "yrbp", "day", "month",
)  # fmt: skip
DATE_AND_TIME = ["date", "time"]
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_LOOKED_AT = 50
_BACKWARDS = ("age", "bp", "before")
_DAY_OF_YEAR = ("doy", "day_of_year", "day of year", "jday", "julian day", "yday")
# ISO 8601 and its parts, 15.01.1951 and 01/15/1951, 1951Q1, Jan 1951.
DATE = (
    r"(?i:\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([T ]\d{1,2}(:?\d{2})*(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
    r"|\d{4}-?q[1-4]|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]\d{2,4})"
)
_DAY_AND_MONTH = r"\d{1,2}[/.]\d{1,2}[/.]\d{4}"


def time_columns(names: Sequence[str]) -> list[str]:
    """The columns that together hold the times: year, month, day and hour, or one with a usual name.

    Parameters
    ----------
    names : sequence of str
        Of all columns.

    Returns
    -------
    list of str
        Empty if no name is a usual one.

    Examples
    --------
    >>> time_columns(["Year", "Month", "Value"]), time_columns(["age", "d18O"]), time_columns(["u", "v"])
    (['Year', 'Month'], ['age'], [])
    """
    by_name = {str(name).strip().lower(): name for name in names}
    year = next((by_name[name] for name in ("year", "yr", "yyyy") if name in by_name), None)
    month = next((by_name[name] for name in ("month", "mon", "mo", "mm") if name in by_name), None)
    day = next((by_name[name] for name in ("day", "dd") if name in by_name), None)
    of_year = next((by_name[name] for name in _DAY_OF_YEAR if name in by_name), None)
    hour = next((by_name[name] for name in ("hour", "hr", "hh") if name in by_name), None)
    if year is not None and month is not None:
        return [year, month] + [day] * (day is not None) + [hour] * (None not in (day, hour))
    if year is not None and of_year is not None:
        return [year, of_year]
    return next(([by_name[name]] for name in _TIME_NAMES if name in by_name), [])


def columns_of_dates(table, names: Sequence[str]) -> list[str]:
    """Those among the columns that hold dates in text or as such, whatever they are called.

    Examples
    --------
    >>> import pandas as pd
    >>> columns_of_dates(pd.DataFrame({"when": ["1951-01-01", "1951-02-01"], "v": [0.1, 0.2]}), ["when", "v"])
    ['when']
    """
    import pandas as pd

    found = []
    for name in names:
        if pd.api.types.is_datetime64_any_dtype(table[name]):
            found.append(name)
        elif not pd.api.types.is_numeric_dtype(table[name]):
            shown = table[name].head(_LOOKED_AT).astype(str).str.strip()
            if len(shown) and shown.str.fullmatch(DATE).all():
                found.append(name)
    return found


def date_and_time(table) -> list[str]:
    """The two columns of dates and of times of the day, if the table has such."""
    by_name = {str(name).strip().lower(): name for name in table}
    if not all(name in by_name for name in DATE_AND_TIME):
        return []
    columns = [by_name[name] for name in DATE_AND_TIME]
    is_clock = table[columns[1]].head(_LOOKED_AT).astype(str).str.strip().str.fullmatch(_CLOCK).all()
    return columns if is_clock and len(table) else []


def times_of_columns(table, columns: Sequence[str], path: Path) -> np.ndarray:
    """The times in these columns, as :func:`time_columns` names them.

    Returns
    -------
    ndarray of shape (n_times,)
        ``datetime64`` or numbers.

    Raises
    ------
    ValueError
        If they are neither numbers nor dates.
    """
    import pandas as pd

    if len(columns) == 1:
        return times_of(table[columns[0]], path)
    if [str(name).strip().lower() for name in columns] == DATE_AND_TIME:
        joined = table[columns[0]].astype(str).str.strip() + " " + table[columns[1]].astype(str).str.strip()
        return times_of(joined.rename(columns[0]), path)
    parts = [pd.to_numeric(table[name], errors="coerce") for name in columns]
    if any(part.isna().any() for part in parts):
        raise ValueError(f"columns {', '.join(map(str, columns))} of {path} hold no dates in some rows")
    years, second = (part.to_numpy().astype(int) for part in parts[:2])
    try:
        if str(columns[1]).strip().lower() in _DAY_OF_YEAR:
            starts = np.array([f"{year:04d}" for year in years], dtype="datetime64[D]")
            return (starts + (second - 1).astype("timedelta64[D]")).astype("datetime64[ns]")
        days = parts[2].to_numpy().astype(int) if len(parts) > 2 else np.full(len(years), 1)
        text = [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(years, second, days)]
        dates = np.array(text, dtype="datetime64[D]").astype("datetime64[ns]")
        return dates + parts[3].to_numpy().astype("timedelta64[h]") if len(parts) > 3 else dates
    except ValueError as error:
        raise ValueError(f"columns {', '.join(map(str, columns))} of {path} hold no dates: {error}") from None


def times_of(column, path: Path) -> np.ndarray:
    """A column of numbers or dates as an array; ``19581227`` and ``195812`` are dates, where all numbers can be.

    Examples
    --------
    >>> import pandas as pd
    >>> times_of(pd.Series([19581227, 19590103], name="date"), "x.csv").astype("datetime64[D]").tolist()
    [datetime.date(1958, 12, 27), datetime.date(1959, 1, 3)]
    >>> times_of(pd.Series([0.5, 1.0]), "x.csv").tolist()
    [0.5, 1.0]
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        dates = _packed_dates(column.to_numpy())
        return column.to_numpy() if dates is None else dates
    if pd.api.types.is_datetime64_any_dtype(column):
        dates = column
    elif column.astype(str).str.fullmatch(_DAY_AND_MONTH).all():
        dates = _with_day_and_month(column, path)
    else:
        dates = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
        if dates.isna().any():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that entries are read one by one
                dates = pd.to_datetime(column, errors="coerce", utc=True)
    if dates.isna().any():
        raise ValueError(f"column {column.name!r} of {path} holds neither numbers nor dates")
    zone = getattr(dates.dt, "tz", None)
    return (dates.dt.tz_localize(None) if zone is not None else dates).to_numpy()


def _with_day_and_month(column, path: Path):
    """Dates such as 15/01/1951: day or month first, whichever is possible, or gives equal steps."""
    import pandas as pd

    found = []
    numbers = column.astype(str).str.extract(r"^(\d{1,2})[/.](\d{1,2})").astype(int).to_numpy()
    for day_first in (True, False):
        dates = pd.to_datetime(column, errors="coerce", utc=True, dayfirst=day_first, format="mixed")
        if (numbers[:, 1 if day_first else 0] <= MONTHS_PER_YEAR).all() and not dates.isna().any():
            found.append(dates)
    regular = [dates for dates in found if _is_regular(dates)]
    chosen = regular if len(found) > 1 else found
    if len(chosen) != 1:
        raise ValueError(
            f"column {column.name!r} of {path} has dates such as {column.iloc[0]}, which can be read in two ways: "
            "write them as YYYY-MM-DD"
        )
    return chosen[0]


def _is_regular(dates) -> bool:
    steps = steps_between(dates.dt.tz_localize(None).to_numpy())
    return bool(len(steps) and steps.min() > 0 and np.ptp(steps) <= 1e-3 * steps.max())


def _packed_dates(values: np.ndarray) -> np.ndarray | None:
    """Dates from integers like 19581227 or 195812; ``None`` if some can be none."""
    if len(values) == 0 or not np.isfinite(values.astype(float)).all() or (values != np.round(values)).any():
        return None
    whole = values.astype(np.int64)
    for lowest, highest, divisor in ((10_000_101, 99_991_231, 100), (100_001, 999_912, 1)):
        if whole.min() < lowest or whole.max() > highest:
            continue
        days = whole % 100 if divisor == 100 else np.ones_like(whole)
        months, years = whole // divisor % 100, whole // divisor // 100
        if not ((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31) & (years >= 1000)).all():
            return None
        if divisor == 1 and np.unique(months).size == 1 and len(whole) > 1 and np.ptp(whole) % 100:
            return None
        try:
            text = [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(years, months, days)]
            return np.array(text, dtype="datetime64[D]").astype("datetime64[ns]")
        except ValueError:
            return None
    return None


def runs_backwards(name: str) -> bool:
    """Whether a column counts from the present into the past, as ages do.

    Examples
    --------
    >>> runs_backwards("age_ka"), runs_backwards("time")
    (True, False)
    """
    return any(word in str(name).lower() for word in _BACKWARDS)
