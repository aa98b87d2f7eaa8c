"""Draws one picture, and writes the data it shows beside it."""

from kgmm.figures.drawing import draw_picture
from kgmm.jobs.run import recorded

name, kind, files = snakemake.wildcards.name, snakemake.params.drawing, snakemake.output
with recorded(files.record, snakemake.log[0], f"draw_{kind}", name, snakemake.threads) as facts:
    facts |= draw_picture(kind, name, snakemake.params.sources, files.png, files.pdf, files.data)
