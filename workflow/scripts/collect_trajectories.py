"""One table of the trajectories of a run: a row per trajectory and variable."""

from kgmm.jobs.logs import logged
from kgmm.tables.trajectories import collect_trajectories

with logged(snakemake.log[0]):
    collect_trajectories(snakemake.params.trajectories, snakemake.output.trajectories)
