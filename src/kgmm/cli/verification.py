"""``kgmm verify``: whether all results in a folder are as they were written."""

from __future__ import annotations

import argparse
from contextlib import chdir
from pathlib import Path

from kgmm.jobs.damage import damage_of
from kgmm.jobs.integrity import forget_changed, written_files


def verify(arguments: argparse.Namespace) -> int:
    """Compares every file below ``results/`` with its checksum and prints those that differ.

    Parameters
    ----------
    arguments : argparse.Namespace
        ``folder``, that of the run or of ``kgmm model``, and ``forget``: whether files that differ are made anew.

    Returns
    -------
    int
        0; 1 if a file is damaged or gone.

    Raises
    ------
    ValueError
        If the folder holds no results with checksums.
    """
    n_files, changed = 0, []
    with chdir(arguments.folder):
        for path, checksum in written_files():
            n_files += 1
            damage = damage_of(path, checksum)
            if damage:
                changed.append(path)
                print(f"{path} {damage}", flush=True)
        if not n_files:
            raise ValueError(f"{Path.cwd()} holds no results with checksums: give the folder that holds results/")
        if arguments.forget:
            forget_changed(changed)
    if not changed:
        print(f"all {n_files} files are as they were written")
        return 0
    then = "the next run makes them anew" if arguments.forget else "with --forget, the next run makes them anew"
    print(f"{len(changed)} of {n_files} files are not as they were written; {then}")
    return 1
