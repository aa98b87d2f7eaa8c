"""Experiments of a block that differ in a setting without a column of its own, such as a parameter of the system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from kgmm.config.axes import setting_text

# The mobility has a column of its own.
_TOLD = {"mobility.method"}


def variant_of(axes: Mapping) -> dict:
    """Of the axes of an experiment those that the tables of a block have no column for.

    Examples
    --------
    >>> variant_of({"sigma": 0.1, "system.parameters.rotation": 0.8})
    {'system.parameters.rotation': 0.8}
    """
    return {name: value for name, value in axes.items() if name == "system" or ("." in name and name not in _TOLD)}


def told_once(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rows without repeats: score, baselines and the model with Φ = I are the same for each of several mobilities.

    Examples
    --------
    >>> table = pd.DataFrame({"mobility.method": ["matched", "state"], "mobility": "identity", "value": 1.0})
    >>> len(told_once(table)), len(told_once(table.assign(mobility=["matched", "state"])))
    (1, 2)
    """
    return metrics.drop_duplicates([name for name in metrics.columns if name not in _TOLD])


def variants(metrics: pd.DataFrame) -> Iterator[tuple[dict, pd.DataFrame]]:
    """The variants of a block and their rows, in the order of the metrics; one without settings if there are none.

    Examples
    --------
    >>> table = pd.DataFrame({"system.parameters.rotation": [0.0, 0.8], "value": [1, 2]})
    >>> [(settings, len(rows)) for settings, rows in variants(table)]
    [({'system.parameters.rotation': 0.0}, 1), ({'system.parameters.rotation': 0.8}, 1)]
    """
    columns = [name for name in variant_of(dict.fromkeys(metrics.columns)) if metrics[name].nunique(dropna=False) > 1]
    if not columns:
        yield {}, metrics
        return
    for values, rows in metrics.groupby(columns, sort=False, dropna=False):
        yield dict(zip(columns, values)), rows


def by_variant(table: Callable[[pd.DataFrame], list[dict]], metrics: pd.DataFrame) -> list[dict]:
    """Rows of a table that is made for each variant by itself, with its settings beside σ."""
    rows = []
    for settings, own in variants(metrics):
        beside = f", {setting_text(settings)}" if settings else ""
        rows += [row | {"sigma": f"{row['sigma']}{beside}"} for row in table(own)]
    return rows
