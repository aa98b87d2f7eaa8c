"""Draws the page of a trajectory, and writes the data it shows beside it."""

from kgmm.figures import draw, trajectory_page
from kgmm.figures.style import save
from kgmm.pipeline.job import logged


def draw_trajectory(description: str, png: str, pdf: str, data: str) -> None:
    dataset = trajectory_page(description)
    dataset.to_netcdf(data)
    save(draw(dataset), png, pdf)


with logged(snakemake.log[0]):
    draw_trajectory(snakemake.input.description, snakemake.output.png, snakemake.output.pdf, snakemake.output.data)
