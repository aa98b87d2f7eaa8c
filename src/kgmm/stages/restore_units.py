"""A user's record and its model in the units of the file: what the preparation changed is put back."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from kgmm.data.options import ReadingOptions
from kgmm.data.restoration import Restoration
from kgmm.data.restoring import places_of
from kgmm.data.segments import states_of
from kgmm.data.trajectory import open_trajectory
from kgmm.jobs.job import Job
from kgmm.stages.restored_paths import has_dates, record_to_draw, stretch_to_draw, whole_years
from kgmm.statistics.file_units import BAND_LEVELS, at_places, restored_densities, restored_quantiles
from kgmm.statistics.quantiles import LEVELS


def restore_units(job: Job) -> None:
    """Writes record and model of the task in the units of the file: against time, quantiles, densities."""
    samples = open_trajectory(job.inputs.trajectory_samples).load()
    model = open_trajectory(job.inputs.sample_samples).values.astype(float)
    model_path = open_trajectory(job.inputs.sample_path).load()
    restoration = Restoration.of(samples)
    places = places_of(restoration, samples, samples.sizes["member"])
    places = np.broadcast_to(places, samples.shape[:2])[~np.isnan(samples.values[:, :, 0])]
    states = states_of(samples.values).astype(float)
    of_model = restoration.undo(model, at_places(model, places, np.random.default_rng(job.seed)))
    variables = restored_quantiles(restoration, states, places, of_model)
    variables |= restored_densities(restoration, states, places, model)
    variables |= record_to_draw(restoration, samples, model) | stretch_to_draw(restoration, samples, model_path)
    options = ReadingOptions.of(job.settings["system"])
    dates = restoration.dates(int(places.max()) + 1)
    attributes = {
        "put_back": json.dumps(restoration.in_words),
        "not_put_back": json.dumps(options.not_undone),
        "units": samples.attrs.get("units", "{}"),
        "n_members": 1 + int((np.diff(places) <= 0).sum()),
        "whole_years": int(whole_years(restoration, int(places.max() - places.min()) + 1)),
        "time_unit": samples.attrs.get("time_unit", ""),
        "axis": "number" if dates is None else "date" if has_dates(dates) else "year",
    }
    coordinates = {"variable": restoration.variables, "level": list(LEVELS), "band_level": list(BAND_LEVELS)}
    xr.Dataset(variables, coords=coordinates, attrs=attributes).to_netcdf(job.outputs.restored)
