"""Axes of a sweep: the settings that a block gives several values, and what they mean to its tables and figures."""

from __future__ import annotations

import json

# Columns that every table of metrics has; other axes have their dotted names.
_COLUMNS = {
    "estimator.method": "method",
    "estimator.sigma": "sigma",
    "estimator.min_probability": "min_probability",
    "data.n_samples": "n_samples",
}
_LABELS = {
    "sigma": "σ",
    "min_probability": "p_min",
    "n_samples": "training samples",
    "system.parameters.n_variables": "dimension",
}
# Sections of an experiment that say how a score is estimated; the others say what of.
_CHOICES = ("estimator", "network", "langevin", "mobility")


def column_of(axis: str) -> str:
    """The column of the tables that holds an axis, a dotted name such as ``system.parameters.rayleigh``."""
    return _COLUMNS.get(axis, axis)


def label_of(column: str) -> str:
    """How figures and tables call the axis of a column, in short."""
    return _LABELS.get(column, column.rpartition(".")[2].replace("_", " "))


def labels_of(columns: list[str]) -> dict[str, str]:
    """Short names of the axes of one sweep; the dotted ones where two would be called the same."""
    labels = {column: label_of(column) for column in columns}
    short = list(labels.values())
    return {column: label if short.count(label) == 1 else column for column, label in labels.items()}


def text_of(value) -> str:
    """How tables write a value of an axis; one left to the data is called ``auto``."""
    if value is None or value != value:
        return "auto"
    if isinstance(value, str):
        return value
    # A column of true and false that went through CSV.
    if str(value) in ("True", "False"):
        return str(value).lower()
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:g}"


def setting_text(values: dict) -> str:
    """A setting in words, from the values of its axes by column."""
    labels = labels_of(list(values))
    return ", ".join(f"{labels[column]} = {text_of(value)}" for column, value in values.items())


def is_choice(axis: str) -> bool:
    """Whether an axis is one of the estimate, of whose values one can be best, and not one of the problem."""
    return axis.split(".")[0] in _CHOICES


def value_of(axis: str, experiment: dict) -> float | str | None:
    """Value of an axis in an experiment, as the tables hold it: a number, or text."""
    value = experiment
    for part in axis.split("."):
        value = value[part]
    return as_written(value)


def as_written(value) -> float | str | None:
    """A setting in one word: widths of layers as ``128-64``, a section by its name."""
    if isinstance(value, list):
        return "-".join(str(as_written(part)) for part in value)
    if isinstance(value, dict):
        return value.get("name") or json.dumps(value, sort_keys=True)
    return str(value).lower() if isinstance(value, bool) else value


def shared_axis(columns: list[str], mode: str) -> list[list[str]]:
    """Columns that vary together: each by itself in a grid, all as one where lists are paired."""
    columns = [column for column in columns if column != "method"]
    return [columns] if mode == "zip" and columns else [[column] for column in columns]
