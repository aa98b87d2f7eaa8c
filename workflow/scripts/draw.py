"""Draws the pictures of one job, and writes the data they show beside them."""

from kgmm.jobs.draw_pictures import draw_pictures

draw_pictures(snakemake.params.pictures, snakemake.threads)
