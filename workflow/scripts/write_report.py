"""Writes the report of the run."""

from pathlib import Path

from kgmm.jobs.costs import environment
from kgmm.jobs.logs import logged
from kgmm.report.build import build_report


def write_report(inputs, params, output: str) -> None:
    html = build_report(
        title=params.title,
        run=params.run,
        seed=params.seed,
        sections=params.sections,
        rows=params.rows,
        studies=params.studies,
        sweeps=params.sweeps,
        metrics=inputs.metrics,
        races=inputs.races,
        trajectories=inputs.trajectories,
        costs=inputs.costs,
        verification=inputs.verification,
        sweep=inputs.get("sweep"),
        best=inputs.get("best"),
        config=inputs.config,
        environment=environment(),
    )
    Path(output).write_text(html)


with logged(snakemake.log[0]):
    write_report(snakemake.input, snakemake.params, snakemake.output.report)
