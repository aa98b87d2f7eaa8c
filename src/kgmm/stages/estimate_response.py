"""Estimates the response to a small change of the drift from a path and its score, beside the simulated ones."""

from __future__ import annotations

import numpy as np
import xarray as xr

from kgmm.data.segments import states_of
from kgmm.errors import ScientificFailure
from kgmm.jobs.failures import failure_of
from kgmm.jobs.job import Job
from kgmm.langevin.observables import MOMENTS
from kgmm.langevin.response import response
from kgmm.score.model import ScoreModel
from kgmm.stages.data import path_of
from kgmm.stages.perturbation import observed_perturbation
from kgmm.stages.response_lags import lags_of
from kgmm.stages.system import symmetries_of, system_of
from kgmm.statistics.metrics import metric_variables
from kgmm.statistics.response_error import response_error

_SIMULATED = ("truth", "model")


def estimate_response(job: Job) -> None:
    """Writes the responses by the score and by the Gaussian, the simulated ones, and their errors and checks."""
    settings = job.settings["response"]
    path = path_of(job).whole_trajectory
    states = states_of(path.values).astype(float)
    lags = lags_of(path, settings)
    names = [str(name) for name in path["variable"].values]
    system = system_of(job)
    perturbation, divergence = observed_perturbation(settings, names, states.mean(axis=0), system)
    try:
        found = response(
            path, ScoreModel.load(job.inputs.score), perturbation, divergence=divergence, longest=lags.longest,
            moments=settings["moments"], symmetries=symmetries_of(system, len(names)),
        )  # fmt: skip
    except ValueError as error:  # the path is too short, or the score is of other data
        raise ScientificFailure(str(error)) from None
    found = found.isel(lag=slice(None, None, lags.stride))
    for name in _SIMULATED:
        file = getattr(job.inputs, name, None)
        if file is not None and failure_of(file) is None:
            with xr.open_dataset(file) as simulated:
                for suffix in ("step", "step_stderr"):
                    found[f"{name}_{suffix}"] = (found["step"].dims, simulated[suffix].values)
    rows = _check_rows(found)
    if "truth_step" in found:
        rows += _error_rows(found, states.std(axis=0))
    found.attrs["decorrelation_time"] = lags.decorrelation_time
    found.assign(metric_variables(rows)).to_netcdf(job.outputs.response)


def _check_rows(found: xr.Dataset) -> list[dict]:
    rows = [
        {"statistic": "response_checks_pass", "value": float(found.attrs["checks_pass"])},
        {"statistic": "response_check_mean", "value": float(found["check_mean"])},
        {"statistic": "response_correction", "value": float(found.attrs["correction"])},
    ]
    for name in ("check_start", "check_further"):
        if name in found:
            rows += [
                {"statistic": f"response_{name}", "variable": " of ".join(map(str, index)), "value": float(value)}
                for index, value in found[name].to_series().items()
            ]
    return rows


def _error_rows(found: xr.Dataset, deviations: np.ndarray) -> list[dict]:
    """Errors of the step responses by score, Gaussian and model, for every observable."""
    rows = []
    for name, prefix in (("score", ""), ("gaussian", "gaussian_"), ("model", "model_")):
        if f"{prefix}step" not in found:
            continue
        for observable in found["observable"].values:
            own = found.sel(observable=observable)
            error = response_error(
                own[f"{prefix}step"], own[f"{prefix}step_stderr"], own["truth_step"], own["truth_step_stderr"],
                deviations ** MOMENTS[str(observable)],
            )  # fmt: skip
            rows.append({"statistic": f"response_error_{name}", "variable": str(observable), **error._asdict()})
    return rows
