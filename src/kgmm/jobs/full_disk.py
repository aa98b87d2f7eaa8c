"""A full disk is named, whatever a library says of it, and no result is blamed for it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kgmm.errors import DamagedResult

_FULL = 1_000_000  # bytes that are free on a full disk at most: the last file was larger


def is_full(path: str | Path) -> bool:
    """Whether there is no room left where a file is to be written."""
    folder = next(parent for parent in Path(path).absolute().parents if parent.exists())
    return shutil.disk_usage(folder).free <= _FULL


@contextmanager
def full_disk_told(path: str | Path) -> Iterator[None]:
    """Names a full disk, which libraries report as a lack of permissions or as an error of HDF.

    Parameters
    ----------
    path : str or Path
        A file that is written inside.

    Raises
    ------
    OSError
        In place of what was raised inside, if the disk is full.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, DamagedResult) or not is_full(path):
            raise
        raise OSError(
            errno.ENOSPC, "the disk is full; what is finished is kept: make room, and run again", str(path)
        ) from error
