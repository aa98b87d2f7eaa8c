"""Finds the kinds of figures by the names of their files in ``figures/kinds``; nothing is registered elsewhere.

A kind is a module with two functions: ``gather`` makes a dataset from results, ``draw`` a figure from that dataset.
It may have a third, ``caption``, which says in words what the panels of that dataset show. It may set ``MARK``, the
name of a variable of an evaluation: blocks whose evaluations hold it are drawn so unless their configuration says
otherwise; and ``NEEDS_MODELS = True`` if it shows experiments with a usable model only.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).with_name("kinds")


def figure_kinds() -> list[str]:
    """Names of all kinds."""
    return sorted(path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__")


def figure_kind_file(name: str) -> Path:
    """The file of a kind; ``ValueError`` if there is none of that name."""
    if name not in figure_kinds():
        raise ValueError(f"unknown figure {name!r}: known are {', '.join(figure_kinds())}")
    return _FOLDER / f"{name}.py"


def figure_kind(name: str) -> ModuleType:
    """The module of a kind; ``ValueError`` if there is none of that name."""
    return import_module(f"kgmm.figures.kinds.{figure_kind_file(name).stem}")
