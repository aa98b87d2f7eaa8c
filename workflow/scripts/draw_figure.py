"""Draws the figure of a block of experiments, and writes the data it shows beside it."""

from kgmm.figures import draw, gather
from kgmm.figures.style import save
from kgmm.pipeline.job import logged


def draw_figure(rows: list[dict], png: str, pdf: str, data: str) -> None:
    dataset = gather(rows)
    dataset.to_netcdf(data)
    save(draw(dataset), png, pdf)


with logged(snakemake.log[0]):
    draw_figure(snakemake.params.rows, snakemake.output.png, snakemake.output.pdf, snakemake.output.data)
