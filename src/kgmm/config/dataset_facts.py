"""What the plan must know of a user's data set before any job: its content, size, and effective size."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from kgmm.data.options import ReadingOptions
from kgmm.results import RESULTS

# Counted up when the same options of the same file come to mean other states.
_VERSION = 4
_FOLDER = Path(RESULTS) / "store" / "datasets" / "facts"


@dataclass(frozen=True)
class DatasetFacts:
    """Facts of a checked data set.

    Attributes
    ----------
    content
        SHA-256 of the file.
    n_members, n_times, n_states
        Its shape; fewer states than their product where some are missing between segments.
    effective_size
        Independent samples it is worth, for its slowest variable.
    """

    content: str
    n_members: int
    n_times: int
    n_states: int
    variables: list[str]
    time_step: float
    effective_size: float


@cache
def dataset_facts(path: str, variables: tuple[str, ...] | None, options: ReadingOptions) -> DatasetFacts:
    """Facts of a data set; ``ValueError`` in one sentence if it cannot be used.

    Reading all of it takes time, so the facts are kept, and made anew when the file is written or replaced.
    """
    from kgmm.data.datasets import open_series

    stamp = json.dumps([_VERSION, path, variables, options.model_dump(), _stamp(Path(path))], sort_keys=True)
    kept = _FOLDER / f"{hashlib.sha256(stamp.encode()).hexdigest()[:16]}.json"
    with suppress(OSError, TypeError, ValueError):  # none yet, or those of another version
        return DatasetFacts(**json.loads(kept.read_text()))
    facts = _inspect(open_series(path, variables, options), path)
    with suppress(PermissionError):  # of results that can only be read
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(asdict(facts), indent=1) + "\n")
        part.replace(kept)
    return facts


def _stamp(path: Path) -> list:
    """What changes when a file is written: of its times also that of the status, which nobody can set back."""
    files = [file for file in sorted(path.rglob("*")) if file.is_file()] if path.is_dir() else [path]
    stats = [file.stat() for file in files if file.exists()]
    return [(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for stat in stats]


def _inspect(series, path: str) -> DatasetFacts:
    from kgmm.data.datasets import check_series
    from kgmm.data.imported_series import content_hash, series_effective_size

    check_series(series)
    n_members, n_times, _ = series.shape
    return DatasetFacts(
        content=content_hash(path),
        n_members=n_members,
        n_times=n_times,
        n_states=series.n_states,
        variables=list(series.variables),
        time_step=series.time_step,
        effective_size=series_effective_size(series),
    )
