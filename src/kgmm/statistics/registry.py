"""Finds statistics by the names of their files."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path


@cache
def statistics_in(folder: str) -> dict:
    """The ``STATISTIC`` of every file in a folder of ``statistics`` by the file's name, in order of rank."""
    names = (path.stem for path in Path(__file__).with_name(folder).glob("*.py") if path.stem != "__init__")
    found = {name: import_module(f"kgmm.statistics.{folder}.{name}").STATISTIC for name in names}
    return dict(sorted(found.items(), key=lambda item: (item[1].rank, item[0])))
