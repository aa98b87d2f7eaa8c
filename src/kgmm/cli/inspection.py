"""``kgmm inspect``: what is in a file, and what will be a problem."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Sequence
from contextlib import chdir

import numpy as np
import xarray as xr

from kgmm.cli.configuration import configuration
from kgmm.cli.reading import reading_options
from kgmm.data.datasets import Series, check_series, open_series
from kgmm.data.imported_series import series_effective_size
from kgmm.data.paths import as_members, segments, states, time_step_of
from kgmm.data.preparation import Prepared, anomalies
from kgmm.data.segments import SEGMENTS, lengths_in_words, states_of
from kgmm.data.trajectory import split
from kgmm.jobs.estimates import estimate_run, table, told
from kgmm.jobs.plan import Plan
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.verdict import findings_of, limits_of_data, short_segments

_LARGEST_SEASON, _LEAST_YEARS = 0.2, np.timedelta64(3 * 365, "D")


def inspect(arguments: argparse.Namespace) -> int:
    """Prints the inspection of a file; see :func:`inspection`."""
    series = open_series(arguments.file, arguments.variables, reading_options(arguments))
    check_series(series)
    lines = inspection(
        series.in_one_member(), series_effective_size(series), season(series), unit=series.unit, span=series.span
    )
    print("\n".join(lines))
    if series.notes:
        print(f"\npreparation: {'; '.join(series.notes)}")
    print(f"\nnext: kgmm model {shlex.join(arguments.given)}")
    print(cost_of_model(arguments, series))
    return 0


def cost_of_model(arguments: argparse.Namespace, series: Series) -> str:
    """A line and a table: what ``kgmm model`` of the same file and options would take, or why it would refuse them."""
    arguments = argparse.Namespace(**vars(arguments) | {"sigma": None, "seed": 0, "file": arguments.file.resolve()})
    # A plan keeps facts of the file in the current folder, where an inspection must leave nothing.
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        try:
            stages = estimate_run(Plan(configuration(arguments, series), with_code=False))
            return f"{told(stages)}\n\n{table(stages)}"
        except ValueError as error:
            return f"it will be refused: {error}"


def season(series: Series) -> list[str]:
    """A clause for each variable much of whose variance is the mean of its months."""
    if not len(series.times) or series.times.dtype.kind != "M" or np.ptp(series.times) < _LEAST_YEARS:
        return []
    values = states_of(series.read(0, series.shape[1])[:1]).astype(float)  # of all segments, or of the first member
    (left,) = anomalies(Prepared([values], series.variables, [series.times]), "monthly").members
    found = []
    for name, share in zip(series.variables, 1.0 - left.var(axis=0) / values.var(axis=0)):
        if share > _LARGEST_SEASON:
            found.append(f"{100 * share:.0f} % of the variance of {name} are its mean season: give --anomalies monthly")
    return found


def _time_in_words(time) -> str:
    """A time to the day where it has no hours.

    Examples
    --------
    >>> _time_in_words(np.datetime64("1951-01-01T00:00:00")), _time_in_words(0.5)
    ('1951-01-01', '0.5')
    """
    if isinstance(time, np.datetime64):
        time = str(time.astype("datetime64[s]"))
    elif hasattr(time, "isoformat"):  # of other calendars
        time = time.isoformat()
    else:
        return f"{float(time):.10g}"
    return time.replace("T", " ").removesuffix(" 00:00:00")


def _size_in_words(path: xr.DataArray) -> str:
    """Number of states, and of the members or segments that hold them."""
    lengths = [len(segment) for segment in segments(path)]
    if SEGMENTS in path.attrs or len(set(lengths)) > 1:
        return lengths_in_words(lengths)
    return f"{len(lengths)} members of {lengths[0]} states" if len(lengths) > 1 else f"{lengths[0]} states"


def inspection(
    path: xr.DataArray, effective_size: float, further: Sequence[str] = (), *, unit: str = "", span: Sequence = ()
) -> list[str]:
    """Lines about a series.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``.
    effective_size : float
        Independent samples that it is worth, for its slowest variable.
    further : sequence of str
        What else was found.
    unit : str
        Of the times, if it is known.
    span : sequence
        First and last time in the file, dates or numbers, if it has times.

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
    n_features, interval = path.sizes["variable"], time_step_of(path)
    size = f"{_size_in_words(path)} of {n_features} variable"
    size += f"{'s' * (n_features > 1)}, one every {interval:.6g}"
    size += f" {unit}" * bool(unit)
    lines = [f"{size}: worth {effective_size:.0f} independent ones"]
    if len(span):
        unknown = "" if unit else ", in the unit of the times of the file"
        lines.append(f"from {_time_in_words(span[0])} to {_time_in_words(span[1])}{unknown}")
    lines.append("")
    members = as_members(path)
    times = BlockedAutocorrelation.of(members.values.astype(float), interval).decorrelation_times
    names = [str(name) for name in path["variable"].values]
    width = max(8, *(len(name) for name in names))
    columns = ("mean", "deviation", "least", "largest", "1/e time", "steps in it")
    lines.append(f"{'variable':<{width}}" + "".join(f"{column:>12}" for column in columns))
    X = states(path)
    for k, name in enumerate(names):
        x, time = X[:, k], times[k]
        numbers = (x.mean(), x.std(), x.min(), x.max(), time, time / interval)
        lines.append(f"{name:<{width}}" + "".join(f"{number:>12.4g}" for number in numbers))
    limits = [*limits_of_data(members, times), *short_segments(split(members).held_out, times)]
    found = [*further, *limits, *map(str, findings_of(X, names))]
    lines += ["", "what will be a problem:" if found else "nothing was found that speaks against a model"]
    return lines + [f"- {line}" for line in found]
