"""The options with which a file is read, on the command line: one for each field of :class:`ReadingOptions`."""

from __future__ import annotations

import argparse
import types
import typing

from kgmm.data.options import ReadingOptions


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds ``--variables`` and an option for every field of the reading options."""
    group = parser.add_argument_group("reading the file")
    group.add_argument(
        "--variables", nargs="+", metavar="NAME", help="variables or columns used; by default all that hold numbers"
    )
    for name, field in ReadingOptions.model_fields.items():
        group.add_argument(
            f"--{name.replace('_', '-')}", default=argparse.SUPPRESS, help=field.description, **_kind(field.annotation)
        )


def reading_options(arguments: argparse.Namespace) -> ReadingOptions:
    """The reading options of parsed arguments; ``ValueError`` in one sentence."""
    given = vars(arguments)
    options = ReadingOptions.checked(**{name: given[name] for name in ReadingOptions.model_fields if name in given})
    if "max_gap" in given:  # its default value too, which somebody has typed
        options.refuse_unused_max_gap()
    return options


def _kind(annotation) -> dict:
    """How argparse reads a value of a type."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        (annotation,) = (part for part in typing.get_args(annotation) if part is not type(None))
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    origin = typing.get_origin(annotation)
    if annotation is bool:
        return {"action": "store_true"}
    if origin is typing.Literal:
        return {"choices": typing.get_args(annotation)}
    if origin in (list, tuple):
        return {"nargs": "+", **_kind(typing.get_args(annotation)[0])}
    if origin is dict:
        return {"nargs": "+", "action": _Pairs, "metavar": "NAME=VALUE"}
    return {"type": annotation, "metavar": {float: "NUMBER", int: "NUMBER"}.get(annotation, "NAME")}


class _Pairs(argparse.Action):
    """Reads ``NAME=VALUE`` into a dict."""

    def __call__(self, parser, namespace, values, option_string=None):
        wrong = [value for value in values if "=" not in value]
        if wrong:
            parser.error(f"argument {option_string}: {wrong[0]!r} is not of the form NAME=VALUE")
        setattr(namespace, self.dest, dict(value.split("=", 1) for value in values))
