"""Draws the figure of a block of experiments, and writes the data it shows beside it."""

from kgmm.figures import draw, gather
from kgmm.pipeline.job import logged

_RASTER_DPI = 160


def draw_figure(rows: list[dict], png: str, pdf: str, data: str) -> None:
    dataset = gather(rows)
    dataset.to_netcdf(data)
    figure = draw(dataset)
    figure.savefig(png, dpi=_RASTER_DPI, metadata={"Software": None})
    figure.savefig(pdf, dpi=300, metadata={"CreationDate": None})


with logged(snakemake.log[0]):
    draw_figure(snakemake.params.rows, snakemake.output.png, snakemake.output.pdf, snakemake.output.data)
