"""The command line: ``kgmm inspect``, ``model`` and ``init`` for a file with a time series, ``verify`` for results."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import kgmm
from kgmm.cli.reading import add_reading_arguments

_DESCRIPTION = """Stochastic models from time series.

  kgmm inspect FILE   what is in the file, and what will be a problem
  kgmm model FILE     score, Langevin model, comparison with the data: a report with a verdict
  kgmm init FILE      the same as a configuration of the workflow, on standard output
  kgmm verify         whether all results in a folder are as they were written"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; mistakes in what the user gave are one sentence on standard error.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0; 1 if there is no usable model, or a result is damaged; 2 if the file or an option cannot be used; 3 after an
        error that was not foreseen.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments)
    options.given = arguments[1:]
    warnings.simplefilter("ignore")  # what was found is told in lines of its own
    try:
        return _run(options)
    except (ValueError, OSError) as error:
        print(f"kgmm: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        extra = "report" if options.command == "model" else "files"
        print(f"kgmm: the package {error.name} is missing: pip install kgmm[{extra}]", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kgmm: interrupted; what is finished is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    # Each command imports what it needs: torch alone takes seconds.
    if options.command == "inspect":
        from kgmm.cli.inspection import inspect

        return inspect(options)
    if options.command == "init":
        from kgmm.cli.configuration import commented_configuration

        print(commented_configuration(options), end="")
        return 0
    if options.command == "verify":
        from kgmm.cli.verification import verify

        return verify(options)
    from kgmm.cli.model import model

    return model(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kgmm", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"kgmm {kgmm.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="{inspect,model,init,verify}")
    for name, does in (
        ("inspect", "what is in a file, and what will be a problem"),
        ("model", "a validated stochastic model of a file, with a report"),
        ("init", "a configuration of the workflow for that model, on standard output"),
    ):
        command = commands.add_parser(name, help=does, description=does.capitalize() + ".")
        command.add_argument("file", type=Path, metavar="FILE", help="the time series")
        add_reading_arguments(command)
        if name == "inspect":
            continue
        command.add_argument(
            "--sigma", type=float, metavar="NUMBER",
            help="noise amplitude in standard deviations; by default 0.05, or the resolution of the data",
        )  # fmt: skip
        command.add_argument("--seed", type=int, default=0, metavar="NUMBER", help="seed of all random numbers (0)")
        if name == "model":
            command.add_argument(
                "--output", type=Path, metavar="DIR", help="folder of the results; by default NAME-model for NAME.csv"
            )
    _add_verify(commands)
    return parser


def _add_verify(commands) -> None:
    does = "compares all files below results/ with the checksums of when they were written"
    command = commands.add_parser("verify", help=does, description=does.capitalize() + ".")
    command.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="DIR",
        help="folder in which snakemake was called, or the output of kgmm model; by default the current one",
    )  # fmt: skip
    command.add_argument(
        "--forget", action="store_true",
        help="files that differ are made anew by the next run: their tasks are marked, tables and pictures are deleted",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
