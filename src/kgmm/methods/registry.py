"""Finds methods by the name of their file in this folder; nothing is registered elsewhere."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from pathlib import Path

from kgmm.methods.base import Method

_NOT_METHODS = {"__init__", "base", "registry"}


@cache
def methods() -> dict[str, Method]:
    """All methods by their name, in the order of their rank.

    Returns
    -------
    dict of Method
        One for each file in this folder.

    Examples
    --------
    >>> list(methods())[:2]
    ['kgmm', 'auto']
    """
    names = (path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_METHODS)
    found = {name: import_module(f"kgmm.methods.{name}").METHOD for name in names}
    return dict(sorted(found.items(), key=lambda item: (item[1].rank, item[0])))


def get_method(name: str) -> Method:
    """The method of that name.

    Parameters
    ----------
    name : str
        Name of a file in this folder.

    Returns
    -------
    Method
        Its record.

    Raises
    ------
    ValueError
        If there is none, with those that there are.

    Examples
    --------
    >>> get_method("kgmm").label
    'KGMM network'
    """
    if name not in methods():
        close = difflib.get_close_matches(str(name), methods(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown method {name!r}: known are {', '.join(methods())}{hint}")
    return methods()[name]
