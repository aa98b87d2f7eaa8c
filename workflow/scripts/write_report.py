"""Writes the report of the run."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.report.write import write_report

with logged(snakemake.log[0]), checked([snakemake.input, snakemake.params.rows], snakemake.output):
    write_report(
        dict(snakemake.input.items()), dict(snakemake.params.items()), snakemake.output.report, snakemake.threads
    )
