"""Simulates a part of the members of a trajectory; the parts are put together by ``merge_shards``."""

from kgmm.pipeline.job import run_job
from kgmm.pipeline.simulate import simulate_trajectory

run_job(simulate_trajectory, snakemake)
