"""How the tests are spread over several processes: ``pytest -n 2``, which is what ``make test`` does."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

# Long files first, so that the processes end together; the tests with SLURM wait for it most of their time.
_FOLDERS = ("slurm", "workflow", "report", "statistical", "unit")
# Files in one process: a machine can hold one SLURM, and runs that several files look at are computed once.
_TOGETHER = (
    ("slurm/", "workflow/test_quick_run.py", "workflow/test_verification.py", "report/test_report_in_browser.py"),
    ("workflow/test_interruptions.py", "workflow/test_reruns.py"),
)


def unit_of(nodeid: str) -> str:
    """What a test is kept together with: those of its file, or of several files that share what is slow to make."""
    file = PurePosixPath(nodeid.partition("::")[0])
    name = "/".join(file.parts[-2:])
    return next((f"as {files[0]}" for files in _TOGETHER if name.startswith(files)), str(file))


def place_of(nodeid: str) -> int:
    """Place of a test's folder in the order in which the units are handed out."""
    folder = PurePosixPath(nodeid.partition("::")[0]).parent.name
    return _FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS)


class UnitScheduling(LoadScopeScheduling):
    """Hands out units, see :func:`unit_of`, in the order in which the tests were collected."""

    def __init__(self, config, log=None):
        config.option.loadscopereorder = False  # by the number of tests, which says nothing of their time
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
