"""Writes the report of a run into its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kgmm.jobs.costs import environment
from kgmm.report.build import build_report

_TABLES = ("metrics", "races", "trajectories", "costs", "verification", "sweep", "best", "config")
_CONTENTS = ("title", "run", "seed", "opening", "sections", "rows", "studies", "sweeps")


def write_report(files: Mapping[str, str], contents: Mapping, output: str, threads: int = 1) -> None:
    """Writes the report.

    Parameters
    ----------
    files : mapping
        Files of the tables of the run and of its configuration; those of sweeps may be missing.
    contents : mapping
        What else :func:`kgmm.report.build.build_report` needs, by its arguments; further entries are ignored.
    output : str
        File of the report.
    threads : int
        To encode the pictures.
    """
    tables = {name: files.get(name) for name in _TABLES}
    contents = {name: contents[name] for name in _CONTENTS}
    html = build_report(**tables, **contents, environment=environment(), threads=threads)
    Path(output).write_text(html, encoding="utf-8")
