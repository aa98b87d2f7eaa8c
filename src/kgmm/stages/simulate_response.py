"""Simulates the response to a small change of the drift: of the system, or of a fitted Langevin model."""

from __future__ import annotations

import xarray as xr

from kgmm.data.segments import states_of
from kgmm.jobs.job import Job
from kgmm.langevin.mobility import Mobility
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.model_file import holds_model, load_model
from kgmm.langevin.perturbed_ensembles import perturbed_response
from kgmm.score.model import ScoreModel
from kgmm.stages.data import path_of
from kgmm.stages.perturbation import observed_perturbation, state_perturbation
from kgmm.stages.response_lags import lags_of
from kgmm.stages.system import system_of

# A model is compared with the truth: its response need not be as exact, and its steps take far longer.
_MODEL_ACCURACY, _MODEL_PAIRS = 0.05, 50_000


def simulate_response(job: Job) -> None:
    """Writes the step response of pairs of ensembles with the same noise."""
    settings, system = job.settings["response"], system_of(job)
    path = path_of(job).whole_trajectory
    states = states_of(path.values).astype(float)
    lags = lags_of(path, settings)
    if hasattr(job.inputs, "mobility"):
        source = _fitted_model(job)
        names = [str(name) for name in path["variable"].values]
        perturbation, _ = observed_perturbation(settings, names, states.mean(axis=0), system)
        options = {
            "scheme": job.settings["scheme"],
            "accuracy": max(settings["accuracy"], _MODEL_ACCURACY),
            "max_pairs": min(settings["max_pairs"], _MODEL_PAIRS),
        }
    else:
        source, perturbation = system, state_perturbation(settings, states.mean(axis=0), system)
        options = job.settings["simulation"] | {name: settings[name] for name in ("accuracy", "max_pairs")}
    found = perturbed_response(
        source, perturbation, longest=lags.longest, interval=lags.interval, reference=states, seed=job.seed,
        device=job.device, **options,
    )  # fmt: skip
    found.to_netcdf(job.outputs.simulated)


def _fitted_model(job: Job) -> LangevinModel:
    if holds_model(job.inputs.mobility):
        return load_model(job.inputs.mobility)
    with xr.open_dataset(job.inputs.mobility) as dataset:
        return LangevinModel(ScoreModel.load(job.inputs.score), Mobility.from_dataset(dataset))
