"""Draws the figure of a block of experiments, and writes the data it shows beside it."""

from kgmm.figures import gather, publish
from kgmm.jobs.job import recorded

with recorded(snakemake, "draw_figure", snakemake.wildcards.block):
    files = snakemake.output
    publish(gather(snakemake.params.rows), files.png, files.pdf, files.data)
