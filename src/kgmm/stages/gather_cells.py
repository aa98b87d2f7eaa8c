"""The cells of a scattered estimate, from the draws of all shards."""

from __future__ import annotations

from collections.abc import Iterator

import xarray as xr

from kgmm.jobs.job import Job
from kgmm.score.cell_score import CellScore
from kgmm.score.moments import Moments
from kgmm.score.prepared_cells import PreparedCells


def gather_cells(job: Job) -> None:
    """Writes the cells of the task's shards."""
    CellScore.gather(PreparedCells.load(job.inputs.prepared), _shards(job)).save(job.outputs.cells)


def _shards(job: Job) -> Iterator[Moments]:
    for shard in range(job.settings["n_shards"]):
        with xr.open_dataset(getattr(job.inputs, f"shard{shard}")) as dataset:
            yield Moments.from_dataset(dataset.load())
