"""From a table with a row for each time to the contents of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgmm.data.dates import MONTHS_PER_YEAR, is_year_of_months, runs_backwards, time_columns, times_of_columns
from kgmm.data.formats.contents import Contents, contents_of_array, is_real
from kgmm.data.options import ReadingOptions

_DEFAULT_TIME = ReadingOptions().time


def contents_of_table(table, path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
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

    Raises
    ------
    ValueError
        In one sentence, for unknown columns, text, and members of unequal length.
    """
    has_names = not isinstance(table.columns[0] if table.shape[1] else "", (int, np.integer))
    # Looked at first, because all of a long table would be copied for the answer.
    is_as_wide = table.shape[1] == 1 + MONTHS_PER_YEAR
    if (
        is_as_wide
        and _is_numeric(table)
        and is_year_of_months(list(table.columns) if has_names else None, table.to_numpy())
    ):
        return _months_of_years(table, path)
    if has_names:
        table = _without_row_numbers(table)
    table, time = _named(table) if not has_names else (table, _time_columns(table, options))
    member = options.member
    columns = ", ".join(map(str, table.columns))
    if variables is None:
        taken = {*time, options.time, member}
        variables = [n for n in table if n not in taken and is_real(np.asarray(table[n]).dtype)]
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
    if options.time_step is None and time:
        times = [times_of_columns(group, time, path) for group in groups]
        if len(time) == 1 and runs_backwards(time[0]):
            values, times = _forwards(values, times)
    return contents_of_array(values, list(variables), times)


def _without_row_numbers(table):
    """The table without a first column that has no name and counts the rows, as R and pandas write it."""
    if str(table.columns[0]).strip() not in ("", "Unnamed: 0") or not is_real(np.asarray(table.iloc[:, 0]).dtype):
        return table
    return table.iloc[:, 1:] if (np.diff(table.iloc[:, 0]) == 1).all() else table


def _is_numeric(table) -> bool:
    return table.shape[1] > 0 and all(is_real(np.asarray(table[name]).dtype) for name in table)


def _time_columns(table, options: ReadingOptions) -> list[str]:
    """Columns of the times: that of the options, or one with a usual name."""
    if options.time in table or options.time != _DEFAULT_TIME:
        return [options.time] if options.time in table else []
    return time_columns([name for name in table if name != options.member])


def _named(table):
    """A table without a header: its first column is the time if it increases, the others are ``x1, x2, …``."""
    first = table[0]
    increases = table.shape[1] > 1 and (not is_real(np.asarray(first).dtype) or bool((np.diff(first) > 0).all()))
    names = ["time"] * increases + [f"x{k + 1}" for k in range(table.shape[1] - increases)]
    return table.set_axis(names, axis=1), ["time"] * increases


def _months_of_years(table, path: Path) -> Contents:
    """A row for each year and a column for each month, as one monthly series."""
    values = table.to_numpy(dtype=float)
    months = values[:, 1:].ravel()
    known = np.flatnonzero(np.isfinite(months))
    months = months[: known[-1] + 1] if known.size else months
    start = np.datetime64(f"{int(values[0, 0]):04d}-01", "M")
    times = (start + np.arange(len(months))).astype("datetime64[ns]")
    return contents_of_array(months[None, :, None], [path.stem], [times])


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
        raise ValueError(f"column {column.name!r} of {path} holds text: numbers are expected")
    return numbers
