"""Writes what a run consists of: checksums of its files, its configuration, seed, versions and commit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from kgmm.jobs.costs import environment

_CHUNK = 1 << 20


def write_manifest(files: list[str], config: dict, output: str) -> None:
    """Writes checksums of these files, and the configuration that they are made from."""
    manifest = {
        "seed": config["seed"],
        **environment(),
        "config": config,
        "files": {path: _checksum(path) for path in sorted(set(files))},
    }
    Path(output).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def _checksum(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
