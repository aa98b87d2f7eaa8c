"""Draws the page of a trajectory, and writes the data it shows beside it."""

from kgmm.figures import publish, trajectory_page
from kgmm.jobs.job import recorded

with recorded(snakemake, "draw_trajectory", snakemake.wildcards.block):
    files = snakemake.output
    publish(trajectory_page(snakemake.input.description), files.png, files.pdf, files.data)
