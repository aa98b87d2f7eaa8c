"""Finds systems by the name of their file in this folder.

A new system is one new file with one frozen dataclass, see ``double_well.py``; nothing is registered elsewhere.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from functools import cache
from importlib import import_module
from pathlib import Path

from kgmm.systems.base import System

# Of parameters: integers are numbers of variables or of grid points.
_LARGEST, _LARGEST_INTEGER = 1e100, 100_000
_NOT_SYSTEMS = {"__init__", "base", "registry", "separable"}


def system_names() -> list[str]:
    """Names that :func:`get_system` accepts.

    Returns
    -------
    list of str

    Examples
    --------
    >>> system_names()[:2]
    ['asymmetric_potential', 'barotropic']
    """
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    """The folder is listed once: a plan asks for systems thousands of times."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_SYSTEMS))


def get_system(name: str, **parameters) -> System:
    """The system ``name`` with its published parameters, changed where ``parameters`` says so.

    Parameters
    ----------
    name : str
        One of :func:`system_names`.
    **parameters
        Fields of the system's class.

    Returns
    -------
    System
        With its equation, its defaults and, where they are known, exact statistics: :class:`kgmm.systems.base.System`.

    Raises
    ------
    ValueError
        For an unknown system or parameter, and for a value that the system refuses.

    Examples
    --------
    >>> get_system("asymmetric_potential", rotation=0.8).mobility().tolist()
    [[1.0, -0.8], [0.8, 1.0]]
    """
    known = system_names()
    if name not in known:
        close = difflib.get_close_matches(str(name), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown system {name!r}: known are {', '.join(known)}{hint}")
    module = import_module(f"kgmm.systems.{name}")
    cls = next(c for c in vars(module).values() if isinstance(c, type) and getattr(c, "name", None) == name)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key, value in parameters.items():
        if key not in fields:
            has = f"its parameters are {', '.join(fields)}" if fields else "it has none"
            raise ValueError(f"{name} has no parameter {key!r}: {has}")
        expected = type(fields[key].default)
        allowed = (int, float) if expected is float else expected
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise ValueError(f"parameter {key!r} of {name} is {value!r}: a {expected.__name__} is expected")
        largest = _LARGEST_INTEGER if expected is int else _LARGEST
        # What is not finite is refused by the system itself.
        if abs(value) > largest and (isinstance(value, int) or math.isfinite(value)):
            raise ValueError(f"parameter {key!r} of {name} is {value!r:.40}: it must lie between ±{largest:g}")
    return cls(**{key: type(fields[key].default)(value) for key, value in parameters.items()})
