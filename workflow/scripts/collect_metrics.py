"""One tidy table: a row per experiment and statistic, and a row with the reason for every failed result."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.metrics import collect_metrics

with logged(snakemake.log[0]), checked(snakemake.params.experiments, snakemake.output):
    collect_metrics(snakemake.params.experiments, snakemake.output.metrics)
