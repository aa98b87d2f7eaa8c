"""Judges the claims of the run by its tables."""

import pandas as pd

from kgmm.config.claims import Claim
from kgmm.jobs.logs import logged
from kgmm.report.verification import COLUMNS, judge


def verify_claims(tables: dict[str, str], claims: list[dict], output: str) -> None:
    read = {name: pd.read_csv(path) for name, path in tables.items()}
    rows = judge([Claim.model_validate(claim) for claim in claims], read)
    pd.DataFrame(rows, columns=COLUMNS).to_csv(output, index=False)


with logged(snakemake.log[0]):
    tables = {name: snakemake.input[name] for name in ("metrics", "races")}
    verify_claims(tables, snakemake.params.claims, snakemake.output.verification)
