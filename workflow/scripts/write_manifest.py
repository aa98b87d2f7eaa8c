"""Writes what a run consists of: checksums of its files, its configuration, seed, versions and commit."""

import hashlib
import json
from pathlib import Path

from kgmm.jobs.costs import environment
from kgmm.jobs.logs import logged

_CHUNK = 1 << 20


def write_manifest(files: list[str], config: dict, output: str) -> None:
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


with logged(snakemake.log[0]):
    write_manifest([*snakemake.input, *snakemake.params.files], snakemake.params.config, snakemake.output.manifest)
