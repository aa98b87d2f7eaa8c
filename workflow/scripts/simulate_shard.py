"""Simulates a part of the members of a trajectory; the parts are put together by ``merge_shards``."""

from kgmm.jobs.job import run_job
from kgmm.stages.simulation import simulate_trajectory

run_job(simulate_trajectory, snakemake)
