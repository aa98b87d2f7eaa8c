"""Draws the losses of the fits of a block of experiments, and writes the data it shows beside them."""

from kgmm.figures import draw, training_page
from kgmm.figures.style import save
from kgmm.pipeline.job import logged


def draw_training(rows: list[dict], png: str, pdf: str, data: str) -> None:
    dataset = training_page(rows)
    dataset.to_netcdf(data)
    save(draw(dataset), png, pdf)


with logged(snakemake.log[0]):
    draw_training(snakemake.params.rows, snakemake.output.png, snakemake.output.pdf, snakemake.output.data)
