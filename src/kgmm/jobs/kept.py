"""Results kept aside until the job that made them is done with all its tasks.

Snakemake deletes what a failed or killed job wrote. Of a job of many tasks that would lose the finished ones, so these
have a second name, under which the next attempt finds them.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from kgmm.jobs.tasks import Task


def keep(task: Task) -> None:
    """Gives the files of a finished task their second names; where the file system knows no links, nothing is kept."""
    with suppress(OSError):
        for path in task.files:  # the record last: it says that all are there
            _link(Path(path), _second(path))


def is_kept(task: Task) -> bool:
    """Whether an interrupted job left a result of this task."""
    return _second(task.record).exists()


def restore(task: Task) -> bool:
    """Gives kept files of this task their declared names, if code and inputs are still those that made them."""
    if not is_kept(task):
        return False
    record = json.loads(_second(task.record).read_text())
    usable = (record["code"], record["inputs"]) == (task.fingerprint, input_stamps(task))
    if usable and all(_second(path).exists() for path in task.files):
        for path in task.files:
            _link(_second(path), Path(path))
        return True
    forget(task)
    return False


def forget(task: Task) -> None:
    """Removes the second names."""
    for path in reversed(task.files):
        _second(path).unlink(missing_ok=True)


def input_stamps(task: Task) -> dict[str, list[int]]:
    """Size and time stamp of every input: what tells whether it has been made anew."""
    stamps = {name: os.stat(path) for name, path in sorted(task.inputs.items())}
    return {name: [stamp.st_size, stamp.st_mtime_ns] for name, stamp in stamps.items()}


def mark_broken(task: Task) -> None:
    """Notes that a task raised an error, so that it does not hold up others the next time."""
    _broken(task).parent.mkdir(parents=True, exist_ok=True)
    _broken(task).touch()


def is_broken(task: Task) -> bool:
    """Whether the last attempt of a task raised an error."""
    return _broken(task).exists()


def unmark_broken(task: Task) -> None:
    """Takes the note back."""
    _broken(task).unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.link(source, target)


def _second(path: str) -> Path:
    return Path(path).with_name(f".{Path(path).name}.kept")


def _broken(task: Task) -> Path:
    return Path(task.record).with_name(f".{Path(task.record).name}.broken")
