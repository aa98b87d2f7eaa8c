"""Errors of a plan as Snakemake tells them: in one sentence, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from snakemake.exceptions import WorkflowError

from kgmm.config.parsing import ConfigError


@contextmanager
def reading_configuration() -> Iterator[None]:
    """What is wrong with the configuration."""
    try:
        yield
    except ConfigError as error:
        raise WorkflowError(f"The configuration is unusable: {error}.") from None


@contextmanager
def writing_results() -> Iterator[None]:
    """What cannot be written."""
    try:
        yield
    except OSError as error:
        raise WorkflowError(f"Results cannot be written here: {error.strerror}: {error.filename}.") from None
