"""One tidy table of the races: for every run of KGMM its time, its error, and the time that DSM needs to be as good."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.races import collect_races

with logged(snakemake.log[0]), checked(snakemake.params.experiments, snakemake.output):
    collect_races(snakemake.params.experiments, snakemake.output.races)
