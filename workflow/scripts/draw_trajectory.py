"""Draws the page of a trajectory, and writes the data it shows beside it."""

from kgmm.figures import publish, trajectory_page
from kgmm.pipeline.job import logged

with logged(snakemake.log[0]):
    publish(trajectory_page(snakemake.input.description), **dict(snakemake.output.items()))
