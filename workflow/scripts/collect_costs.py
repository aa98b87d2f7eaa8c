"""One table of what every job cost, and whether its result is usable."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.costs import collect_costs

with logged(snakemake.log[0]), checked(snakemake.input.drawings, snakemake.output):
    collect_costs([*snakemake.params.receipts, *snakemake.input.drawings], snakemake.output.costs)
