"""By what the time scales of two parts of the data differ: the floors of a comparison of autocorrelations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.observation import BLOCKS
from kgmm.data.paths import time_step_of
from kgmm.data.segments import longest_run, states_of
from kgmm.statistics.autocorrelation import HORIZONS
from kgmm.statistics.correlation import autocorrelation, decorrelation_time, integrated_time

_MIN_MEMBERS = 5


def with_autocorrelation_floors(table: pd.DataFrame, first: xr.DataArray, second: xr.DataArray) -> pd.DataFrame:
    """The table of :func:`kgmm.compare_autocorrelations` with a column ``floor``.

    It is the difference of the two parts in the same statistic: for differences of autocorrelations their root mean
    square, for times the absolute difference; NaN where a part is shorter than the lags, or than twice the lags if it
    has fewer than five members.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``statistic, variable, data_value, …``.
    first, second : xarray.DataArray
        Two parts of the data, dimensions ``(member, time, variable)``, saved at one interval.

    Examples
    --------
    >>> from kgmm import compare_autocorrelations, simulate
    >>> data, model, other = (simulate("ornstein_uhlenbeck", n_members=50, n_times=99, seed=seed) for seed in range(3))
    >>> table = with_autocorrelation_floors(compare_autocorrelations(data, model), data, other)
    >>> bool(table.set_index("statistic").loc["autocorrelation_error_5", "floor"].max() < 0.1)
    True
    """
    times = table[table["statistic"] == "decorrelation_time"].set_index("variable")["data_value"]
    floors = {}
    for k, name in enumerate(first["variable"].values):
        floors[str(name)] = _floors(first[:, :, k : k + 1], second[:, :, k : k + 1], float(times[str(name)]))
    found = [floors[row.variable].get(row.statistic, np.nan) for row in table.itertuples()]
    return table.assign(floor=np.array(found, dtype=float))


def _floors(first: xr.DataArray, second: xr.DataArray, time: float) -> dict[str, float]:
    interval = time_step_of(first)
    longest = [longest_run(part.values) for part in (first, second)]
    n_lags = min(longest)
    if min(first.sizes["member"], second.sizes["member"]) < _MIN_MEMBERS:
        n_lags = max(2, n_lags // 2)  # longer ones have few pairs
    parts = [part.values.astype(float) for part in (first, second)]
    a, b = (autocorrelation(values, min(n_lags, own))[:, 0] for values, own in zip(parts, longest))
    floors = {"decorrelation_time": abs(decorrelation_time(a, interval) - decorrelation_time(b, interval))}
    for horizon in HORIZONS:
        last = int(horizon * time / interval * (1 + 1e-9)) if np.isfinite(time) else 0
        name = "autocorrelation_error" + ("" if horizon == 1 else f"_{horizon}")
        if 1 <= last < min(len(a), len(b)):
            floors[name] = float(np.sqrt(np.mean((a[1 : last + 1] - b[1 : last + 1]) ** 2)))
    try:
        found = [integrated_time(rho, interval, len(states_of(values))).value for rho, values in zip((a, b), parts)]
        floors["integrated_time"] = abs(found[0] - found[1])
    except ValueError:  # too short for it
        pass
    return floors


def needed_of_segments(decorrelation_time: float, interval: float) -> str:
    """What autocorrelations of segments need where they have no errors, in words.

    Examples
    --------
    >>> needed_of_segments(2.0, 1.0)
    'half of 20 groups of held-out segments must hold one of 12 states, five decorrelation times; close short gaps'
    """
    if not np.isfinite(decorrelation_time):
        return "a variable does not decorrelate within the segments between gaps"
    states = states_for_autocorrelations(decorrelation_time, interval, 1)
    return (
        f"half of {BLOCKS} groups of held-out segments must hold one of {states} states, five decorrelation times; "
        "close short gaps"
    )


def states_for_autocorrelations(decorrelation_time: float, interval: float, stretches: int) -> int:
    """States that hold so many stretches of five decorrelation times, as the errors of autocorrelations need them.

    Examples
    --------
    >>> states_for_autocorrelations(2.0, 1.0, 20)
    240
    """
    return stretches * (int(np.ceil(HORIZONS[-1] * decorrelation_time / interval)) + 2)
