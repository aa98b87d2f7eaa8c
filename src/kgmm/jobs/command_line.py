"""What the workflow must know of Snakemake's command line while it is read, before Snakemake says so itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

# Snakemake's short options by what they take: letters can be joined, as in -np, so that all must be known.
_SHORT = {None: "aDfklpSt", 1: "cdejswT", "*": "Cq", "+": "POU"}


def forced_stages(arguments: Sequence[str]) -> Callable[[str], bool]:
    """Whether the user asked for a stage to run in any case.

    Parameters
    ----------
    arguments : sequence of str
        The command line of Snakemake; of it ``--forceall`` and ``--forcerun`` are read.

    Examples
    --------
    >>> is_forced = forced_stages(["-n", "--forcerun", "fit_score", "--cores", "2"])
    >>> is_forced("fit_score"), is_forced("estimate_cells")
    (True, False)
    >>> forced_stages(["-nF"])("fit_score")
    True
    """
    known = _parsed(arguments)
    return lambda stage: known.forceall or stage in known.forcerun


def is_dry_run(arguments: Sequence[str]) -> bool:
    """Whether the user only asked what would be done.

    Examples
    --------
    >>> is_dry_run(["-np", "--cores", "2"]), is_dry_run(["-n"]), is_dry_run(["--cores", "2"])
    (True, True, False)
    """
    return _parsed(arguments).dry_run


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-n", "--dry-run", "--dryrun", action="store_true")
    parser.add_argument("-F", "--forceall", action="store_true")
    parser.add_argument("-R", "--forcerun", nargs="*", default=[])
    for takes, letters in _SHORT.items():
        for letter in letters:
            kind = {"action": "store_true"} if takes is None else {"nargs": takes}
            parser.add_argument(f"-{letter}", dest=f"short_{letter}", **kind)
    known, _ = parser.parse_known_args(list(arguments))
    return known
