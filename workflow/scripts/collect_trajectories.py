"""One table of the trajectories of a run: a row per trajectory and variable."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.trajectories import collect_trajectories

with logged(snakemake.log[0]), checked(snakemake.params.trajectories, snakemake.output):
    collect_trajectories(snakemake.params.trajectories, snakemake.output.trajectories)
