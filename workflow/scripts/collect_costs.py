"""One table of what every job cost, and whether its result is usable."""

from kgmm.jobs.logs import logged
from kgmm.tables.costs import collect_costs

with logged(snakemake.log[0]):
    collect_costs([*snakemake.params.receipts, *snakemake.input.drawings], snakemake.output.costs)
