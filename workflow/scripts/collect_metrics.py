"""One tidy table: a row per experiment and statistic, and a row with the reason for every failed result."""

import csv

import xarray as xr

from kgmm.pipeline.job import failure_of, logged
from kgmm.pipeline.metrics import COLUMNS, metric_rows

_SETTINGS = ("block", "system", "method", "sigma", "min_probability", "n_samples", "replicate")
_FILES = ("evaluation", "comparison")


def collect_metrics(rows: list[dict], output: str) -> None:
    with open(output, "w", newline="") as file:
        writer = csv.DictWriter(file, [*_SETTINGS, *COLUMNS, "status", "reason"], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            settings = {key: row[key] for key in _SETTINGS}
            for name in _FILES:
                if row[name] is not None:
                    writer.writerows(settings | metric for metric in _metrics(row[name], name))


def _metrics(path: str, name: str) -> list[dict]:
    reason = failure_of(path)
    if reason is not None:
        return [{"statistic": name, "status": "failed", "reason": reason}]
    with xr.open_dataset(path) as dataset:
        return [metric | {"status": "ok", "reason": ""} for metric in metric_rows(dataset)]


with logged(snakemake.log[0]):
    collect_metrics(snakemake.params.rows, snakemake.output.metrics)
