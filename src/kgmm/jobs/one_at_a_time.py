"""One run at a time in a folder: two that write the same files would read each other's halves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".kgmm-lock"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Refuses a second process in a folder; the lock ends with the process, however that ends.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ValueError
        In one sentence, if another process is at work there.
    """
    try:
        import fcntl
    except ImportError:  # not on this system
        yield
        return
    with open(folder / _LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another kgmm model is at work in {folder}: wait for its end, or give another folder by --output"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
