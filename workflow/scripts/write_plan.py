"""Writes the plan of the run and its configuration with every default written out."""

from pathlib import Path

import yaml

from kgmm.jobs.damage import checked

with checked([], snakemake.output):
    Path(snakemake.output.plan).write_text(snakemake.params.table, encoding="utf-8")
    Path(snakemake.output.config).write_text(
        yaml.safe_dump(snakemake.params.resolved, sort_keys=False), encoding="utf-8"
    )
