"""From a table with a row for each time to the contents of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgmm.data.dates import (
    columns_of_dates,
    date_and_time,
    runs_backwards,
    time_columns,
    times_of_columns,
)
from kgmm.data.formats.contents import Contents, contents_of_array, is_real
from kgmm.data.formats.year_tables import contents_of_years, year_of_months
from kgmm.data.options import ReadingOptions
from kgmm.data.time_steps import FIRST_YEAR, LAST_YEAR, MONTHS_PER_YEAR

_DEFAULT_TIME = ReadingOptions().time
_UNNAMED = ("", "Unnamed: 0")


def contents_of_table(
    table, path: Path, variables: Sequence[str] | None, options: ReadingOptions, blanks: Sequence[int] = ()
) -> Contents:
    """Contents of a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns numbered from zero if the file names none.
    path : Path
        The file, for messages.
    variables : sequence of str or None
        Columns; by default all of numbers.
    options : ReadingOptions
    blanks : sequence of int
        Rows before each blank line of the file: without times, a state is missing there.

    Raises
    ------
    ValueError
        In one sentence, for unknown columns, text, and members of unequal length.
    """
    has_names = not isinstance(table.columns[0] if table.shape[1] else "", (int, np.integer))
    if (years := year_of_months(list(table.columns) if has_names else None, table)) is not None:
        return contents_of_years(years, path)
    if has_names:
        table = _without_row_numbers(table)
    table, time = _named(table) if not has_names else (table, _time_columns(table, options, path))
    member = options.member
    columns = ", ".join(map(str, table.columns))
    if variables is None:
        taken = {*time, options.time, member}
        variables = [n for n in table if n not in taken and _is_of_numbers(table[n])]
    if not variables:
        raise ValueError(f"{path} has no column of numbers besides {options.time!r}: its columns are {columns}")
    for name in variables:
        if name not in table:
            raise ValueError(f"{path} has no column {name!r}: it has {columns}")
    if table.empty:
        raise ValueError(f"{path} holds no data: it has the columns {columns} and no rows")
    table = table.assign(**{name: _numbers_of(table[name], path) for name in variables})
    groups = [table] if member not in table else _members(table, member, path)
    values = np.stack([group[list(variables)].to_numpy(dtype=float) for group in groups])
    times = []
    if not time and len(groups) == 1 and blanks:
        values = np.insert(values, list(blanks), np.nan, axis=1)
    if options.time_step is None and time:
        times = [times_of_columns(group, time, path) for group in groups]
        if len(time) == 1 and runs_backwards(time[0]):
            values, times = _forwards(values, times)
    return contents_of_array(values, list(variables), times)


def _without_row_numbers(table):
    """The table without a first column that has no name and counts the rows, as R and pandas write it."""
    if str(table.columns[0]).strip() not in _UNNAMED or not is_real(np.asarray(table.iloc[:, 0]).dtype):
        return table
    return table.iloc[:, 1:] if (np.diff(table.iloc[:, 0]) == 1).all() else table


def _time_columns(table, options: ReadingOptions, path: Path) -> list[str]:
    """Columns of the times: that of the options, or one with a usual name, or the only one of dates."""
    if options.time == _DEFAULT_TIME and (columns := date_and_time(table)):
        return columns
    if options.time in table or options.time != _DEFAULT_TIME:
        return [options.time] if options.time in table else []
    others = [name for name in table if name != options.member]
    if columns := time_columns(others):
        return columns
    dates = columns_of_dates(table, others)
    if len(dates) > 1 and options.time_step is None:
        raise ValueError(f"the columns {', '.join(dates)} of {path} hold dates: choose one, such as --time {dates[0]}")
    if not dates and str(table.columns[0]).strip() in _UNNAMED and _increases(table.iloc[:, 0]):
        return [table.columns[0]]  # the index of a table of pandas
    return dates[:1]


def _increases(column) -> bool:
    return is_real(np.asarray(column).dtype) and len(column) > 1 and bool((np.diff(column) > 0).all())


def _named(table):
    """A table without a header, and the names of its times: a date in numbers, or a first column that increases.

    The others are called ``x1, x2, …``.
    """
    time = _parts_of_dates(table)
    if not time and table.shape[1] > 1 and (not is_real(np.asarray(table[0]).dtype) or _increases(table[0])):
        time = ["time"]
    names = time + [f"x{k + 1}" for k in range(table.shape[1] - len(time))]
    return table.set_axis(names, axis=1), time


def _parts_of_dates(table) -> list[str]:
    """``year``, ``month``, and ``day`` if the first columns hold such numbers, in the order of time."""
    parts = [np.asarray(table[k]) for k in range(min(3, table.shape[1] - 1))]
    parts = [part.astype(float) for part in parts if is_real(part.dtype)]
    allowed = ((FIRST_YEAR, LAST_YEAR), (1, MONTHS_PER_YEAR), (1, 31))
    fits = [
        bool(len(part) and (part == part.round()).all() and low <= part.min() and part.max() <= high)
        for part, (low, high) in zip(parts, allowed)
    ]
    if fits[:2] != [True, True] or len(table) < 2:
        return []
    months = MONTHS_PER_YEAR * parts[0] + parts[1]
    if (np.diff(months) > 0).all():
        return ["year", "month"]
    if fits[2:] == [True] and (np.diff(31 * months + parts[2]) > 0).all():
        return ["year", "month", "day"]
    return []


def _members(table, member: str, path: Path) -> list:
    if table[member].isna().any():
        row = int(table[member].isna().to_numpy().argmax())
        raise ValueError(f"column {member!r} of {path} is empty in row {row}: every row belongs to a member")
    groups = [group for _, group in table.groupby(member, sort=False)]
    lengths = {len(group) for group in groups}
    if len(lengths) > 1:
        raise ValueError(
            f"the members of {path} have between {min(lengths)} and {max(lengths)} times: equal numbers are needed"
        )
    return groups


def _forwards(values: np.ndarray, times: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ages turned into times that increase."""
    if all(is_real(own.dtype) and len(own) > 1 and own[0] < own[-1] for own in times):
        return values[:, ::-1], [-own[::-1].astype(float) for own in times]
    return values, [-own.astype(float) if is_real(own.dtype) else own for own in times]


def _is_of_numbers(column) -> bool:
    """Whether a column holds numbers, or text among more of them, which is then to be refused and not left out."""
    import pandas as pd

    if is_real(np.asarray(column).dtype):
        return True
    if column.dtype == bool or not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return False
    return bool(2 * pd.to_numeric(column, errors="coerce").notna().sum() > len(column))


def _numbers_of(column, path: Path):
    """A column as numbers; ``ValueError`` for truth values and text."""
    import pandas as pd

    if column.dtype == bool:
        raise ValueError(f"column {column.name!r} of {path} holds truth values: numbers are expected")
    if is_real(column.to_numpy().dtype):
        return column
    # Integers beyond 64 bits stay objects.
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    if numbers.isna().any() and not column.isna().equals(numbers.isna()):
        text = str(column[numbers.isna() & column.notna()].iloc[0])[:40]
        raise ValueError(f"column {column.name!r} of {path} holds text: numbers are expected, and not {text!r}")
    return numbers
