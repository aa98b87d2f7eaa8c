"""Judges the claims of the run by its tables."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.verification import verify_claims

with logged(snakemake.log[0]), checked(snakemake.input, snakemake.output):
    tables = {name: snakemake.input[name] for name in ("metrics", "races")}
    verify_claims(tables, snakemake.params.claims, snakemake.output.verification)
