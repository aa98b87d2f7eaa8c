"""Draws the figure of a block of experiments, and writes the data it shows beside it."""

from kgmm.figures import gather, publish
from kgmm.pipeline.job import logged

with logged(snakemake.log[0]):
    publish(gather(snakemake.params.rows), **dict(snakemake.output.items()))
