"""Whether finished results are still as they were written: their files against the checksums that were kept.

A call that finds everything done reads nothing, and nobody would notice a byte that a disk has flipped since. Tables,
pictures and report of a run are few and small: they are compared at the start of every call. All files, those of the
store too, are compared by ``kgmm verify``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from kgmm.jobs.damage import damage_of, forget_file, known_checksum
from kgmm.jobs.receipts import read_facts
from kgmm.jobs.tasks import STORE, output_file
from kgmm.results import RESULTS

# Snakemake's, while a run writes: what is half written differs from its checksum too.
_LOCKS = Path(".snakemake/locks")


def changed_files(files: Iterable[str]) -> list[str]:
    """Tables and pictures of a run that are there and not as they were written; none while another call writes them."""
    if _LOCKS.is_dir() and any(_LOCKS.iterdir()):
        return []
    # What is gone Snakemake makes anew by itself.
    there = {path: known_checksum(path) for path in files if Path(path).exists()}
    return [path for path, known in there.items() if known is not None and damage_of(path, known)]


def forget_changed(files: Iterable[str]) -> None:
    """Deletes tables and pictures, and marks the tasks of other files, so that the next call makes them anew."""
    for path in files:
        forget_file(path, f"{path} is not as it was written")


def written_files() -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of all files below ``results/`` whose checksums were kept, in the current folder."""
    receipts = Path(STORE, "receipts")
    for receipt in sorted(receipts.rglob("*.json")):
        stage, *key = receipt.relative_to(receipts).with_suffix("").parts
        for name, kept in (read_facts(receipt) or {}).get("checksums", {}).items():
            yield output_file(stage, "/".join(key), name), kept
    for folder in sorted(Path(RESULTS).glob("*/records/checksums")):
        for kept in sorted(folder.rglob("*.sha256")):
            yield str(folder.parents[1] / kept.relative_to(folder).with_suffix("")), kept.read_text()
