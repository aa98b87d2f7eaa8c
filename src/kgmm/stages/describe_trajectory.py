"""Describes a trajectory for its page in the report: densities, paths, correlations, stationarity, spectrum."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from kgmm.data.samples import Samples
from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.stages.system import system_of
from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.description import describe
from kgmm.statistics.findings import Finding, finding_rows, summaries
from kgmm.statistics.verdict import findings_of, limits_of_data


def describe_trajectory(job: Job) -> None:
    """Writes the description of the task's trajectory."""
    samples, path = (open_trajectory(getattr(job.inputs, f"trajectory_{name}")) for name in ("samples", "path"))
    with xr.open_dataset(job.inputs.trajectory_samples) as dataset:
        effective_size = dataset["effective_size"].values
    system = system_of(job)
    description = describe(samples, path, system, np.atleast_1d(effective_size))
    # Variables on a large ring have one law, and which of them are observed is up to the experiments.
    found = _findings(samples[..., :1] if description.attrs["ring"] else samples)
    description.attrs["findings"] = json.dumps(finding_rows(found))
    if system is None:
        description.attrs["limits"] = json.dumps(_limits(path) + summaries(found))
        description.attrs["preparation"] = samples.attrs.get("preparation", "")
    description.to_netcdf(job.outputs.description)


def _findings(samples: xr.DataArray) -> list[Finding]:
    return findings_of(Samples(samples), [str(name) for name in samples["variable"].values])


def _limits(path: xr.DataArray) -> list[str]:
    """What speaks against a user's path, for the verdict."""
    return limits_of_data(path, BlockedAutocorrelation.of_path(path.load()).decorrelation_times)
