"""Simulates a system: sparse samples of many members for the score, then a dense path of a few."""

from kgmm.jobs.job import run_job
from kgmm.stages.simulation import simulate_trajectory

run_job(simulate_trajectory, snakemake)
