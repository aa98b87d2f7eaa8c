"""Writes the plan of the run and its configuration with every default written out."""

from pathlib import Path

import yaml

Path(snakemake.output.plan).write_text(snakemake.params.table)
Path(snakemake.output.config).write_text(yaml.safe_dump(snakemake.params.resolved, sort_keys=False))
