"""Draws the figure of a sweep, and writes the data it shows beside it."""

import pandas as pd

from kgmm.figures import publish, sweep
from kgmm.jobs.job import recorded

with recorded(snakemake, "draw_sweep", snakemake.wildcards.block):
    table = pd.read_csv(snakemake.input.table)
    own = table[table["block"] == snakemake.wildcards.block].reset_index(drop=True)
    files = snakemake.output
    publish(sweep.gather(own, snakemake.params.axes), files.png, files.pdf, files.data)
