"""What the workflow reads off Snakemake's command line itself: whether it is a dry run, and what is forced."""

import pytest
from snakemake.cli import get_argument_parser

from kgmm.jobs import command_line
from kgmm.jobs.command_line import forced_stages, is_dry_run


@pytest.mark.parametrize(
    "arguments", ["-n", "-np", "-pn", "-nq", "-nc2", "--dry-run", "--dryrun", "-Fn", "-R a b -n", "all -np"]
)
def test_a_dry_run_however_it_is_written(arguments):
    assert is_dry_run(arguments.split())


@pytest.mark.parametrize(
    "arguments", ["", "--cores 2", "-c2 -j4", "-p", "-d n", "-s n target", "--config n=1 -k", "-q rules"]
)
def test_no_dry_run(arguments):
    assert not is_dry_run(arguments.split())


@pytest.mark.parametrize(
    "arguments", ["-F", "-nF", "-pFn", "--forceall", "-R fit_score", "-nR fit_score", "--forcerun=fit_score"]
)
def test_what_is_forced_however_it_is_written(arguments):
    assert forced_stages(arguments.split())("fit_score")


@pytest.mark.parametrize("arguments", ["-n fit_score", "-R estimate_cells", "-np", "-U fit_score", "-s F"])
def test_what_is_not_forced(arguments):
    assert not forced_stages(arguments.split())("fit_score")


def test_all_short_options_of_snakemake_are_known():
    takes = {
        letter[1]: {0: None, None: 1}.get(action.nargs, action.nargs)
        for action in get_argument_parser()._actions
        for letter in action.option_strings
        if len(letter) == 2
    }
    known = {letter: nargs for nargs, letters in command_line._SHORT.items() for letter in letters}
    # Help and version end the program before the workflow is read.
    assert known | {"n": None, "F": None, "R": "*", "h": None, "v": None} == takes
