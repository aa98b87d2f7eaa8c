"""Draws one picture, and writes the data it shows beside it."""

import logging

import pandas as pd

from kgmm.data.readers import first_line
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
with recorded(snakemake, f"draw_{kind}", name) as facts:
    files = snakemake.output
    try:
        drawing.publish(contents(kind, snakemake.params.sources, name), files.png, files.pdf, files.data)
    except Exception as error:
        # One picture must not cost the report: it says why it is missing, and the run fails at its end.
        logging.getLogger("kgmm").exception("the picture cannot be drawn")
        reason = f"cannot be drawn: {first_line(error)}"
        drawing.publish(drawing.failed_drawing(reason), files.png, files.pdf, files.data)
        facts |= {"status": "failed", "reason": reason}
