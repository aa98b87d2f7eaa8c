"""Draws the losses of the fits of a block of experiments, and writes the data it shows beside them."""

from kgmm.figures import publish, training_page
from kgmm.pipeline.job import logged

with logged(snakemake.log[0]):
    publish(training_page(snakemake.params.rows), **dict(snakemake.output.items()))
