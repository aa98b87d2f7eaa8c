"""Draws the losses of the fits of a block of experiments, and writes the data it shows beside them."""

from kgmm.figures import publish, training_page
from kgmm.jobs.job import recorded

with recorded(snakemake, "draw_training", snakemake.wildcards.block):
    files = snakemake.output
    publish(training_page(snakemake.params.rows), files.png, files.pdf, files.data)
