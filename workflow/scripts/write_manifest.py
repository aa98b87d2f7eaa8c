"""Writes what a run consists of: checksums of its files, its configuration, seed, versions and commit."""

from kgmm.jobs.damage import checked
from kgmm.jobs.logs import logged
from kgmm.tables.manifest import write_manifest

with logged(snakemake.log[0]), checked([snakemake.input, snakemake.params.files], snakemake.output):
    write_manifest([*snakemake.input, *snakemake.params.files], snakemake.params.config, snakemake.output.manifest)
