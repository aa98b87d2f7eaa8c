"""Which results of a row a figure can use."""

from __future__ import annotations

from kgmm.pipeline.failures import failure_of


def usable_comparison(row: dict) -> str | None:
    """The comparison of a row with a model, if there is one and it did not fail."""
    path = row["comparison"]
    return path if path is not None and failure_of(path) is None else None
