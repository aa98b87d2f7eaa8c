"""Writes what a run consists of: checksums of its files, its configuration, seed, versions and commit."""

from __future__ import annotations

import json
from pathlib import Path

from kgmm.jobs.costs import environment
from kgmm.jobs.receipts import checksum


def write_manifest(files: list[str], config: dict, output: str) -> None:
    """Writes checksums of these files, and the configuration that they are made from."""
    manifest = {
        "seed": config["seed"],
        **environment(),
        "config": config,
        "files": {path: checksum(path) for path in sorted(set(files))},
    }
    Path(output).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
