"""One tidy table of the races: for every run of KGMM its time, its error, and the time that DSM needs to be as good."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from kgmm.jobs.failures import failure_of
from kgmm.results import ExperimentResult
from kgmm.score.race_summary import summary

_COLUMNS = (
    "block", "system", "sigma", "replicate", "statistic", "entry", "seconds", "error", "baseline", "baseline_seconds",
    "baseline_bound", "baseline_best", "status", "reason",
)  # fmt: skip
_STATISTICS = ("denoising_loss", "smoothed_score_error", "score_error")


def collect_races(experiments: list[ExperimentResult], output: str) -> None:
    """Writes the rows of these experiments, which are races."""
    rows = [row for experiment in experiments for row in _rows(experiment)]
    pd.DataFrame(rows, columns=_COLUMNS).to_csv(output, index=False)


def _rows(experiment: ExperimentResult) -> list[dict]:
    of_block = {name: getattr(experiment, name) for name in ("block", "system", "sigma", "replicate")}
    reason = failure_of(experiment.race)
    if reason is not None:
        return [of_block | {"status": "failed", "reason": reason}]
    with xr.open_dataset(experiment.race) as results, xr.open_dataset(experiment.times) as times:
        race = xr.merge([results.load(), times.load()], combine_attrs="drop_conflicts")
    return [
        of_block
        | {"statistic": statistic, "entry": row["entry"], "seconds": row["seconds"], "error": row["error"]}
        | {"baseline": baseline, "status": "ok"}
        | {f"baseline_{name}": value for name, value in row[baseline].items()}
        for statistic in _STATISTICS
        if f"final_{statistic}" in race
        for row in summary(race, statistic)
        for baseline in ("dsm", "dsm_antithetic")
    ]  # fmt: skip
