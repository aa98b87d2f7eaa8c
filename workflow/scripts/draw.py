"""Draws one picture, and writes the data it shows beside it."""

import pandas as pd

from kgmm.figures import drawing
from kgmm.jobs.run import recorded


def contents(kind, sources, name):
    if kind == "figure":
        return drawing.gather(sources[1:], sources[0])
    if kind == "training":
        return drawing.training_page(sources)
    if kind == "trajectory":
        return drawing.trajectory_page(sources[0])
    table = pd.read_csv(sources[0])
    return drawing.sweep_page(table[table["block"] == name].reset_index(drop=True), sources[1:])


name, kind = snakemake.wildcards.name, snakemake.params.drawing
with recorded(snakemake, f"draw_{kind}", name):
    files = snakemake.output
    drawing.publish(contents(kind, snakemake.params.sources, name), files.png, files.pdf, files.data)
