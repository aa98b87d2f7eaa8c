"""What a race says: how long DSM needs to be as good as KGMM."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr


def summary(race: xr.Dataset, statistic: str) -> Iterator[dict]:
    """For every entry of KGMM: its time, its error, and the time that either form of DSM needs to be as good.

    Times and errors are medians over the seeds. The time of DSM is read off the line through its end points in
    logarithms of time; it is infinite if its longest run is not as good, whose time and error are then given as
    ``bound`` and ``best``. ``race`` holds results and times; ``statistic`` is a variable ``final_…`` less its prefix.
    """
    frame = race[["method", "label", "total", f"final_{statistic}"]].to_dataframe()
    frame = frame.rename(columns={f"final_{statistic}": "error"})
    medians = frame.groupby(["method", "label"], sort=False)[["total", "error"]].median()
    for label, own in medians.loc["kgmm"].iterrows():
        row = {"entry": label, "seconds": own["total"], "error": own["error"]}
        for baseline in ("dsm", "dsm_antithetic"):
            curve = medians.loc[baseline].sort_values("total")
            row[baseline] = {
                "seconds": time_to_reach(curve["total"].values, curve["error"].values, own["error"]),
                "bound": curve["total"].iloc[-1],
                "best": curve["error"].min(),
            }
        yield row


def time_to_reach(seconds: np.ndarray, errors: np.ndarray, target: float) -> float:
    """When a curve of errors, ``(n,)`` at increasing times, first falls to ``target``; infinite if it never does.

    Before its first point a curve is not known, so that the time of that point is the answer there.
    """
    errors = np.minimum.accumulate(errors)
    if errors[0] <= target:
        return float(seconds[0])
    after = np.flatnonzero(errors <= target)
    if not after.size:
        return np.inf
    k = after[0]
    share = (errors[k - 1] - target) / (errors[k - 1] - errors[k])
    return float(np.exp(np.log(seconds[k - 1]) + share * np.log(seconds[k] / seconds[k - 1])))
