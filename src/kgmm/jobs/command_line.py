"""What the workflow must know of Snakemake's command line while it is read, before Snakemake says so itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence


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
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-F", "--forceall", action="store_true")
    parser.add_argument("-R", "--forcerun", nargs="*", default=[])
    known, _ = parser.parse_known_args(list(arguments))
    return lambda stage: known.forceall or stage in known.forcerun


def is_dry_run(arguments: Sequence[str]) -> bool:
    """Whether the user only asked what would be done.

    Examples
    --------
    >>> is_dry_run(["-n", "--cores", "2"]), is_dry_run(["--cores", "2"])
    (True, False)
    """
    return not {"-n", "--dry-run", "--dryrun"}.isdisjoint(arguments)
