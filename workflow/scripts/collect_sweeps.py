"""The tables of the sweeps of a run: every statistic at every setting, and the best settings."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.sweeps import collect_sweeps

with logged(snakemake.log[0]), checked([snakemake.input.metrics, snakemake.params.sweeps], snakemake.output):
    files = snakemake.output
    collect_sweeps(snakemake.params.sweeps, snakemake.input.metrics, files.table, files.best)
