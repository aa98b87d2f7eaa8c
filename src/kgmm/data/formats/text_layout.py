"""How a text file holds a table: separator, decimal mark, header, and which lines are its rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from kgmm.data.dates import DATE

BLANKS = r"\s+"
# In the order of preference where several explain the lines equally well.
_CANDIDATES = (("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (BLANKS, "."), (BLANKS, ","))
_LOOKED_AT = 200
_LEAST_ROWS = 20  # of fractions under a line of whole numbers, which then is a header
_COMMENT = "#%!*/"
_MISSING = {"", "na", "nan", "n/a", "null", "none", "-", "--", ".", "missing", "inf", "-inf", "true", "false"}
_DATE = re.compile(DATE + r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")  # or a time of the day
_BRACKETED = re.compile(r"\s+(?=[(\[])")
_UNITS = re.compile(r"[\s_]*[(\[][^)\]]*[)\]]\s*$")


@dataclass(frozen=True)
class Layout:
    """Where the table of a text file is.

    Attributes
    ----------
    separator : str
        One character, or ``BLANKS``.
    decimal : str
        ``"."`` or ``","``.
    names : tuple of str or None
        Of the columns, without units in brackets; ``None`` if the file has no header.
    first, stop : int
        Lines of the first row, and after the last.
    units : tuple of str
        Of the columns, empty where the header tells none.
    """

    separator: str
    decimal: str
    names: tuple[str, ...] | None
    first: int
    stop: int
    units: tuple[str, ...] = field(default=(), repr=False)


def find_layout(lines: Sequence[str]) -> Layout:
    """Finds the table in the lines of a file.

    Separator and decimal mark are those by which most fields are numbers or dates. The header is the line before the
    first row, or the one before that where a line of units follows it; titles, comments and what follows the last row
    are passed over.

    Parameters
    ----------
    lines : sequence of str

    Returns
    -------
    Layout

    Raises
    ------
    ValueError
        If there are no rows of numbers, or they are longer than the header.

    Examples
    --------
    >>> find_layout(["# source: core 1", "age (kyr);d18O (per mil)", "0;3,23", "1;3,3"])
    Layout(separator=';', decimal=',', names=('age', 'd18O'), first=2, stop=4)
    """
    shown = list(islice((line for line in lines if line.strip() and line.strip()[0] not in _COMMENT), _LOOKED_AT))
    if not shown:
        raise ValueError("it is empty")
    separator, decimal = max(_CANDIDATES, key=lambda one: sum(_score(line, *one) for line in shown))
    counts = Counter(len(split(line, separator)) for line in shown if _is_row(line, separator, decimal))
    if not counts:
        return _without_rows(lines, separator)
    width = counts.most_common(1)[0][0]

    def is_row(line: str) -> bool:
        return _is_row(line, separator, decimal) and len(split(line, separator)) == width

    rows = list(islice((k for k, line in enumerate(lines) if is_row(line)), _LOOKED_AT))
    fields = [split(lines[k], separator) for k in rows]
    has_header = len(rows) > 1 and (
        _is_header_of(*fields[:2], decimal) or _are_numbers_of_columns(fields[0], fields[1:], decimal)
    )
    first = rows[1] if has_header else rows[0]
    stop = len(lines)
    # Longer rows of nothing but numbers are no footer: they are for the parser to refuse.
    while not (is_row(lines[stop - 1]) or _is_all_values(lines[stop - 1], separator, decimal)):
        stop -= 1
    names, units = _header(lines[:first], separator, width)
    return Layout(separator, decimal, names, first, stop, units)


def _is_header_of(names: Sequence[str], row: Sequence[str], decimal: str) -> bool:
    """Whether a line of names some of which are numbers, such as those of months, stands over a row."""
    return any(not _is_value(name, decimal) and _is_number(field, decimal) for name, field in zip(names, row))


def _are_numbers_of_columns(names: Sequence[str], rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether a line of different whole numbers stands over rows of fractions, as pandas numbers columns without names.

    Not where the first column increases from there on: then it is a time, and the line a state.
    """
    columns = [k for k, name in enumerate(names) if name]
    numbers = [names[k] for k in columns]
    if not columns or len(set(numbers)) < len(numbers) or not all(map(str.isdigit, numbers)) or len(rows) < _LEAST_ROWS:
        return False
    if not all(decimal in row[k] or row[k].lower() in _MISSING for row in rows for k in columns):
        return False
    if len(columns) < len(names):  # and over an index
        return columns == list(range(1, len(names)))
    begun = [row[0] for row in (names, *rows)]
    known = [float(field.replace(",", ".")) for field in begun if _is_number(field, decimal)]
    return not all(before < after for before, after in pairwise(known))


def split(line: str, separator: str) -> list[str]:
    """Fields of a line."""
    if separator == BLANKS:
        return line.split()
    return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]


def _score(line: str, separator: str, decimal: str) -> int:
    fields = split(line, separator)
    values = sum(_is_value(field, decimal) for field in fields)
    return 2 * values - len(fields)


def _is_row(line: str, separator: str, decimal: str) -> bool:
    if not line.strip() or line.strip()[0] in _COMMENT:
        return False
    fields = split(line, separator)
    # A date alone is a row too, whose other values are missing.
    is_any = any(_is_number(field, decimal) or _DATE.fullmatch(field) for field in fields)
    return is_any and 2 * sum(_is_value(field, decimal) for field in fields) >= len(fields)


def _is_all_values(line: str, separator: str, decimal: str) -> bool:
    return _is_row(line, separator, decimal) and all(_is_value(field, decimal) for field in split(line, separator))


def _is_value(field: str, decimal: str) -> bool:
    return field.lower() in _MISSING or _is_number(field, decimal) or _DATE.fullmatch(field) is not None


def _is_number(field: str, decimal: str) -> bool:
    if decimal == ",":
        if "." in field:
            return False
        field = field.replace(",", ".")
    try:
        float(field.replace("D", "E"))
    except ValueError:
        return False
    return "_" not in field


def _header(before: Sequence[str], separator: str, width: int) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Names and units from the lines before the first row."""
    found = []
    for line in reversed(before):
        if not line.strip():
            if found:
                break
            continue
        bare = line.strip().lstrip(_COMMENT).strip() if line.strip()[0] in _COMMENT else line.strip("\r\n")
        fields = split(bare, separator)
        if len(fields) != width and separator == BLANKS:
            fields = split(_BRACKETED.sub("_", bare), separator)
        if len(fields) != width:
            if not found and 2 <= len(fields) < width and separator != BLANKS and line.strip()[0] not in _COMMENT:
                raise ValueError("rows have more fields than the header")
            break
        found.append(fields)
        if len(found) == 2 or not _are_units(fields):
            break
    if not found:
        return None, ()
    units = [part.group().strip(" \t_()[]") if (part := _UNITS.search(name)) else "" for name in found[-1]]
    if len(found) == 2:  # a line of units
        units = [unit.strip(" \t()[]") for unit in found[0]]
    names = [_UNITS.sub("", name) or name for name in found[-1]]
    return tuple(names if len(set(names)) == len(names) else found[-1]), tuple(units)


def _are_units(fields: Sequence[str]) -> bool:
    """Whether the line next to the rows holds units, so that the names stand in the line before."""
    bracketed = all(field[:1] in "([" and field[-1:] in ")]" for field in fields)
    signs = sum(any(sign in field for sign in "°%/^") for field in fields)
    return bracketed or 2 * signs >= len(fields)


def _without_rows(lines: Sequence[str], separator: str) -> Layout:
    """A header alone; everything else is no table."""
    shown = [line for line in lines if line.strip()]
    if len(shown) == 1 and len(split(shown[0], separator)) > 1:
        return Layout(separator, ".", tuple(split(shown[0], separator)), len(lines), len(lines))
    raise ValueError("it has no rows of numbers")
