"""``kgmm model``: from a file to a report with a verdict."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import traceback
from contextlib import chdir
from pathlib import Path

import pandas as pd

from kgmm.cli.configuration import configuration
from kgmm.errors import first_line
from kgmm.jobs.full_disk import full_disk_told
from kgmm.jobs.local_run import LocalRun
from kgmm.jobs.one_at_a_time import one_at_a_time
from kgmm.report.verdicts import verdicts

REPORT, _ERROR = "report.html", "error.log"


def model(arguments: argparse.Namespace) -> int:
    """Makes the model of a file; progress goes to standard error, verdict and path of the report to standard output.

    Parameters
    ----------
    arguments : argparse.Namespace
        ``file``, ``variables``, ``sigma``, ``seed``, ``output`` and the reading options.

    Returns
    -------
    int
        0; 1 if a result failed; 3 after an error that was not foreseen.
    """
    start = time.monotonic()
    arguments.file = arguments.file.resolve()
    folder = (arguments.output or Path(f"{arguments.file.stem}-model")).resolve()
    raw = configuration(arguments)
    folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder), chdir(folder), full_disk_told(REPORT):
        run = LocalRun(raw)
        try:
            with full_disk_told(REPORT):
                run.run(lambda line: print(f"{time.monotonic() - start:6.1f} s  {line}", file=sys.stderr, flush=True))
        except Exception as error:
            where = f"; what went wrong is in {folder / _ERROR}"
            try:
                Path(_ERROR).write_text(traceback.format_exc(), encoding="utf-8")
            except OSError:  # of a full disk
                where = ""
            print(f"kgmm: {first_line(error)}{where}", file=sys.stderr)
            return 3
        found = verdicts(pd.read_csv(run.metrics), pd.read_csv(run.trajectories))
        shutil.copyfile(run.report, REPORT)
        failed = run.failed
    for one in found:
        print(one.verdict)
    print(folder / REPORT)
    return 1 if failed else 0
