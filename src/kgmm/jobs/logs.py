"""Logs of jobs: what a job says, and the traceback of its error, in a file."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

from kgmm.errors import DamagedResult

logger = logging.getLogger("kgmm")

_FORMAT = "%(asctime)s %(message)s"


@contextmanager
def logged(path: str):
    """Sends log lines, and the traceback of an error, to a file."""
    # Other libraries have their say only where something is wrong: fonts alone would be hundreds of lines.
    logging.basicConfig(level=logging.WARNING, format=_FORMAT, handlers=[_log_file(path)], force=True)
    logger.setLevel(logging.INFO)
    with _traceback_logged():
        yield


@contextmanager
def logged_as_well(path: str):
    """Sends log lines, and the traceback of an error, to one more file."""
    handler = _log_file(path)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.getLogger().addHandler(handler)
    try:
        with _traceback_logged():
            yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


@contextmanager
def _traceback_logged():
    try:
        yield
    except DamagedResult as error:  # says everything
        logger.error("%s", error)
        raise
    except BaseException:
        logger.error("%s", traceback.format_exc())
        raise


class _LogFile(logging.FileHandler):
    """A log on a full disk ends; what cannot be written to it is not worth a second error."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _log_file(path: str) -> logging.FileHandler:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return _LogFile(path, mode="w", encoding="utf-8")
