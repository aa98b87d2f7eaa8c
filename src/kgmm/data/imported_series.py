"""A user's series in the store: the files of samples and path, its effective size, and what identifies its file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from kgmm.data.blocks import BlockMoments, effective_sizes
from kgmm.data.datasets import Series
from kgmm.data.restoration import RECORD
from kgmm.data.segments import SEGMENTS, lengths_in_words
from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import write_trajectory

# States of a path: enough for correlations, and few enough to hold in memory.
_PATH_MEMBERS, _PATH_NUMBERS = 64, 16_000_000


def write_series(series: Series, *, samples: str | Path, path: str | Path) -> None:
    """Writes two trajectory files: all states, and as path the beginning of the first members."""
    n_members, n_times, n_features = series.shape
    path_members = min(n_members, _PATH_MEMBERS)
    path_times = min(n_times, max(1, _PATH_NUMBERS // (path_members * n_features)))
    attributes = {"source": Path(series.source).name}
    notes = list(series.notes)
    if series.segments:
        notes.append(f"{lengths_in_words([len(segment) for segment in series.segments])} are used")
        attributes[SEGMENTS] = len(series.segments)
    attributes |= {"units": {**series.units}, "time_unit": series.unit}
    if notes:
        attributes["preparation"] = "; ".join(notes)
    if series.record:
        attributes[RECORD] = series.record
    for file, members, times in ((samples, n_members, n_times), (path, path_members, path_times)):
        pieces = (values[:members, : times - start] for start, values in series.pieces() if start < times)
        write_trajectory(
            file,
            pieces,
            n_members=members,
            n_times=times,
            variables=series.variables,
            interval=series.time_step,
            attributes=attributes,
        )


def series_effective_size(series: Series) -> float:
    """Number of independent samples the series is worth, for its slowest variable, reading it twice in pieces."""
    n_members, n_times, n_features = series.shape
    if series.segments:
        everything = np.concatenate(series.segments)
        return float(effective_sizes(everything, Standardization.of(everything)).min())
    flat = ((start, values.reshape(-1, n_features)) for start, values in series.pieces())
    moments = BlockMoments(n_members * n_times, Standardization.of_pieces(flat))
    for start, values in series.pieces():
        times = np.arange(start, start + values.shape[1])
        rows = np.add.outer(n_times * np.arange(n_members), times).ravel()
        moments.add(rows, values.reshape(-1, n_features))
    return float(moments.effective_sizes().min())


def content_hash(path: str | Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    path = Path(path)
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(str(file.relative_to(path)).encode())
            with open(file, "rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()
