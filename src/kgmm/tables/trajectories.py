"""One table of the trajectories of a run: a row per trajectory and variable."""

from __future__ import annotations

import csv
import json

import xarray as xr

from kgmm.jobs.failures import failure_of
from kgmm.results import TrajectoryResult

_SOURCE = ("block", "system", "replicate")
_OF_ALL = ("n_samples", "n_members", "n_segments", "sample_interval", "path_members", "path_interval", "path_length")
_OF_VARIABLE = (
    "effective_size", "mean", "mean_stderr", "deviation", "deviation_stderr", "mean_halves", "deviation_halves",
    "decorrelation_time", "integrated_time", "integrated_time_stderr",
)  # fmt: skip
_OF_DATA = ("preparation", "limits", "findings")


def collect_trajectories(trajectories: list[TrajectoryResult], output: str) -> None:
    """Writes the rows of the descriptions of these trajectories."""
    with open(output, "w", encoding="utf-8", newline="") as file:
        columns = [*_SOURCE, "variable", *_OF_ALL, *_OF_VARIABLE, *_OF_DATA, "status", "reason"]
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for trajectory in trajectories:
            source = {name: getattr(trajectory, name) for name in _SOURCE}
            writer.writerows(source | row for row in _rows(trajectory.description))


def _rows(path: str) -> list[dict]:
    reason = failure_of(path)
    if reason is not None:
        return [{"status": "failed", "reason": reason}]
    with xr.open_dataset(path) as dataset:
        limits = "; ".join(json.loads(dataset.attrs.get("limits", "[]")))
        findings = dataset.attrs.get("findings", "[]")
        common = {name: dataset.attrs[name] for name in _OF_ALL} | {"status": "ok", "reason": ""}
        common |= {"preparation": dataset.attrs.get("preparation", ""), "limits": limits, "findings": findings}
        return [
            common | {"variable": str(name)} | {column: float(dataset[column][k]) for column in _OF_VARIABLE}
            for k, name in enumerate(dataset["variable"].values)
        ]
