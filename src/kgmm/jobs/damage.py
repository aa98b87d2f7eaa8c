"""Damaged results: files that are not as their job left them are found by checksums before they are read.

Size and time stamp, by which the plan tells what has changed without reading it, say nothing of a byte that a disk has
flipped, or of a file that was edited and dated back. Checksums of results in the store are in the receipts of their
tasks, those of the tables and pictures of a run under ``records/checksums`` in its folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path

from kgmm.errors import DamagedResult
from kgmm.jobs.costs import write_facts
from kgmm.jobs.receipts import DAMAGED, checksum, read_facts
from kgmm.jobs.tasks import STORE, Task, done_file, maker_of, receipt_file
from kgmm.results import RESULTS


def refuse_damaged_inputs(task: Task) -> None:
    """:func:`refuse_damaged` of what other tasks made for a task."""
    refuse_damaged(task.made_inputs.values())


def refuse_damaged(files: Iterable[str]) -> None:
    """Compares results of tasks, and tables and pictures of a run, with the checksums of when they were written.

    The task of a file that differs is marked, and a table or picture that does is deleted, so that the next call makes
    it anew. Files from outside, and those of versions that kept no checksums, are not compared.

    Raises
    ------
    DamagedResult
        In one sentence, with what to do.
    """
    for path in files:
        known = known_checksum(path)
        damage = None if known is None else damage_of(path, known)
        if damage:
            forget_file(path, f"{path} {damage}")
            raise DamagedResult(f"{path} {damage}; run again, and it is made anew with what follows from it")


def damage_of(path: str, known: str) -> str | None:
    """What is wrong with a file that was written with a checksum; ``None`` if nothing is."""
    if not Path(path).exists():
        return "is gone"
    return None if checksum(path) == known else "is damaged: its checksum is not that of the file that was written"


@contextmanager
def checked(sources: object, outputs: Iterable[str] = ()) -> Iterator[None]:
    """Compares the results that a table, a picture or the report is made from, and keeps the checksums of that.

    Parameters
    ----------
    sources : object
        Files and records of files such as :class:`kgmm.results.ExperimentResult`, in lists and mappings.
    outputs : iterable of str
        What is written inside; files outside of the folders of runs have no checksums.

    Raises
    ------
    DamagedResult
        See :func:`refuse_damaged`.
    """
    refuse_damaged(dict.fromkeys(files_in(sources)))
    yield
    for path in outputs:
        kept = _checksum_file(path)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(checksum(path))


def files_in(sources: object) -> Iterator[str]:
    """The files below ``results/`` that are named in lists, mappings and records.

    Examples
    --------
    >>> list(files_in({"name": "a", "rows": [("results/a/metrics.csv", 3)]}))
    ['results/a/metrics.csv']
    """
    if isinstance(sources, str):
        if Path(sources).is_relative_to(RESULTS):
            yield sources
        return
    if isinstance(sources, Mapping):
        parts = sources.values()
    elif is_dataclass(sources):
        parts = [getattr(sources, field.name) for field in fields(sources)]
    else:
        parts = sources if isinstance(sources, list | tuple) else ()
    for part in parts:
        yield from files_in(part)


def known_checksum(path: str) -> str | None:
    """The checksum of a file when it was written; ``None`` if none was kept."""
    maker = maker_of(path)
    if maker is not None:
        stage, key, output = maker
        facts = read_facts(receipt_file(stage, key)) or {}
        return facts.get("checksums", {}).get(output)
    kept = _checksum_file(path)
    return kept.read_text() if kept is not None and kept.exists() else None


def forget_file(path: str, reason: str) -> None:
    """Lets the plan see that a file is to be made anew: its task is marked, a table or picture is deleted."""
    maker = maker_of(path)
    if maker is None:
        Path(path).unlink(missing_ok=True)
        return
    stage, key, _ = maker
    receipt = Path(receipt_file(stage, key))
    write_facts(receipt, (read_facts(receipt) or {}) | {"status": DAMAGED, "reason": reason})
    Path(done_file(stage, key)).unlink(missing_ok=True)


def _checksum_file(path: str) -> Path | None:
    """Where the checksum of a table or picture of a run is kept."""
    file = Path(path)
    if not file.is_relative_to(RESULTS) or file.is_relative_to(STORE) or len(file.parts) < 3:
        return None
    results, run, *rest = file.parts
    return Path(results, run, "records", "checksums", *rest[:-1], f"{rest[-1]}.sha256")
