"""Runs the tasks of one job."""

from kgmm.jobs.run import run_tasks

run_tasks(snakemake.params.tasks.tasks, snakemake.log[0], snakemake.output.done)
