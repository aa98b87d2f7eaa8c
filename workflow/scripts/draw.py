"""Draws one picture, and writes the data it shows beside it."""

from kgmm.figures.drawing import draw_picture
from kgmm.jobs.damage import checked
from kgmm.jobs.run import recorded

name, kind, files = snakemake.wildcards.name, snakemake.params.drawing, snakemake.output
sources, pictures = snakemake.params.sources, [files.png, files.pdf, files.data]
record = recorded(files.record, snakemake.log[0], f"draw_{kind}", name, snakemake.threads)
with record as facts, checked(sources, pictures):
    facts |= draw_picture(kind, name, sources, *pictures)
