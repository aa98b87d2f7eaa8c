"""Reads tables from text, as they come: any separator, decimal commas, titles, units, no header."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

from kgmm.data.formats.contents import Contents
from kgmm.data.formats.tables import contents_of_table
from kgmm.data.formats.text_layout import find_layout
from kgmm.data.formats.year_tables import contents_of_years, months_named, psl_table
from kgmm.data.options import ReadingOptions
from kgmm.errors import first_line

_FORTRAN = re.compile(r"(\d\.?)[Dd]([+-]\d)")  # exponents of double precision


def read_text(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    """Contents of a text file; ``ValueError`` in one sentence if it holds no table."""
    import pandas as pd

    lines = _text(path).splitlines()
    if (years := psl_table(lines)) is not None and variables is None:
        return contents_of_years(years, path)
    try:
        layout = find_layout(lines)
        blanks = _blank_lines(lines[layout.first : layout.stop])
        rows = _FORTRAN.sub(r"\1E\2", "\n".join(lines[layout.first : layout.stop]))
        with warnings.catch_warnings():
            # Rows longer than the header would be cut with a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(rows), sep=layout.separator, decimal=layout.decimal, header=None, index_col=False,
                names=months_named(layout.names), skipinitialspace=True, comment=None,
            )  # fmt: skip
    except pd.errors.ParserWarning as error:
        raise ValueError(
            f"the data file {path} cannot be read as CSV: rows have more fields than the header"
        ) from error
    except pd.errors.EmptyDataError:
        table = pd.DataFrame(columns=layout.names)
    except (pd.errors.ParserError, ValueError) as error:
        raise ValueError(f"the data file {path} cannot be read as CSV: {first_line(error)}") from error
    if layout.names is None:
        table.columns = range(table.shape[1])
    if table.shape[1] > 1 and table.iloc[:, -1].isna().all():  # every row ends with a separator
        table = table.iloc[:, :-1]
    contents = contents_of_table(table, path, variables, options, blanks)
    units = dict(zip(layout.names or (), layout.units))
    of_variables = {name: units[name] for name in contents.variables if units.get(name)}
    return contents._replace(units=of_variables, unit=units.get(options.time, "") if contents.times else "")


def _blank_lines(lines: Sequence[str]) -> list[int]:
    """How many rows stand before each blank line among them; empty where one stands between any two rows.

    Examples
    --------
    >>> _blank_lines(["1", "", "2", "3"]), _blank_lines(["1", "", "2", "", "3"])
    ([1], [])
    """
    found, n_rows = [], 0
    for line in lines:
        n_rows += bool(line.strip())
        if not line.strip():
            found.append(n_rows)
    return [] if len(found) >= n_rows - 1 else found


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    if b"\0" in content[:4096]:
        raise ValueError(f"the data file {path} cannot be read as CSV: it holds bytes and not text")
    return content.decode("utf-8-sig")
