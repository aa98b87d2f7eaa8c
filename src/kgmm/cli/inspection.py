"""``kgmm inspect``: what is in a file, and what will be a problem."""

from __future__ import annotations

import argparse
import shlex

import numpy as np
import xarray as xr

from kgmm.cli.reading import reading_options
from kgmm.data.datasets import check_series, open_series, series_effective_size
from kgmm.data.paths import equal_members, states
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.diagnosis import diagnose
from kgmm.statistics.verdict import limits_of_data


def inspect(arguments: argparse.Namespace) -> int:
    """Prints the inspection of a file; see :func:`inspection`."""
    series = open_series(arguments.file, arguments.variables, reading_options(arguments))
    check_series(series)
    path = series.load()
    print("\n".join(inspection(path, series_effective_size(series))))
    print(f"\nnext: {next_command(arguments)}")
    return 0


def next_command(arguments: argparse.Namespace) -> str:
    """The command that makes a model of the same file."""
    named = f" --variables {shlex.join(arguments.variables)}" if arguments.variables else ""
    return f"kgmm model {shlex.quote(str(arguments.file))}{named}"


def inspection(path: xr.DataArray, effective_size: float) -> list[str]:
    """Lines about a series.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``.
    effective_size : float
        Independent samples that it is worth, for its slowest variable.

    Returns
    -------
    list of str
        Size, a table of the variables, and what was found, each with its remedy.

    Examples
    --------
    >>> import kgmm
    >>> path = kgmm.simulate("ornstein_uhlenbeck", n_members=1, n_times=20_000, interval=0.1, seed=0)
    >>> print(inspection(path, 2000.0)[0])
    20000 states of 2 variables, one every 0.1: worth 2000 independent ones
    """
    n_members, n_times, n_features = path.shape
    interval = float(path["time"].values[1] - path["time"].values[0])
    members = f"{n_members} members of " if n_members > 1 else ""
    size = f"{members}{n_times} states of {n_features} variable{'s' * (n_features > 1)}, one every {interval:.6g}"
    lines = [f"{size}: worth {effective_size:.0f} independent ones", ""]
    members_of_one_length = equal_members(path)
    times = BlockedAutocorrelation.of(members_of_one_length.values.astype(float), interval).decorrelation_times
    names = [str(name) for name in path["variable"].values]
    width = max(8, *(len(name) for name in names))
    columns = ("mean", "deviation", "least", "largest", "1/e time", "steps in it")
    lines.append(f"{'variable':<{width}}" + "".join(f"{column:>12}" for column in columns))
    X = states(path)
    for k, name in enumerate(names):
        x, time = X[:, k], times[k]
        numbers = (x.mean(), x.std(), x.min(), x.max(), time, time / interval)
        lines.append(f"{name:<{width}}" + "".join(f"{number:>12.4g}" for number in numbers))
    found = [*limits_of_data(members_of_one_length), *map(str, _findings(X, names))]
    lines += ["", "what will be a problem:" if found else "nothing was found that speaks against a model"]
    return lines + [f"- {line}" for line in found]


def _findings(X: np.ndarray, names: list[str]):
    """Of the diagnosis all but drifts, which the halves of the members tell."""
    return [finding for finding in diagnose(X, names=names) if finding.kind != "drift"]
