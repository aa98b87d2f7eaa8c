"""Reads Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kgmm.data.formats.contents import Contents
from kgmm.data.formats.tables import contents_of_table
from kgmm.data.options import ReadingOptions
from kgmm.errors import first_line


def read_parquet(path: Path, variables: Sequence[str] | None, options: ReadingOptions) -> Contents:
    """Contents of a Parquet file, a table with a row for each time."""
    import pandas as pd

    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except ImportError:
        raise ValueError(
            f"{path} is a Parquet file: install the package pyarrow (pip install kgmm[files]) to read it"
        ) from None
    except ValueError as error:
        raise ValueError(f"the data file {path} cannot be read as Parquet: {first_line(error)}") from error
    if table.index.name is not None or isinstance(table.index, pd.DatetimeIndex):
        table = table.rename_axis(table.index.name or "time").reset_index()
    return contents_of_table(table.set_axis([str(name) for name in table], axis=1), path, variables, options)
