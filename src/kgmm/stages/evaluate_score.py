"""Judges the scores of several methods at the same held-out points and tabulates them for the figures."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from kgmm.data.blocks import Estimate
from kgmm.errors import ScientificFailure
from kgmm.jobs.failures import refuse_failed_inputs
from kgmm.jobs.job import Job
from kgmm.jobs.seeds import seed_sequence
from kgmm.methods.registry import get_method
from kgmm.score.budget import error_budget
from kgmm.score.cell_score import CellScore
from kgmm.score.evaluation import ScoreEvaluator, noise_cloud, score_field, score_profile
from kgmm.score.model import ScoreModel
from kgmm.stages.data import samples_of
from kgmm.stages.method_inputs import inputs_of
from kgmm.stages.system import system_of
from kgmm.statistics.comparison import relative_error
from kgmm.statistics.metrics import metric_variables


def evaluate_score(job: Job) -> None:
    """Writes the evaluation of the task's scores."""
    settings = job.settings
    system, data = system_of(job), samples_of(job)
    exact = system is not None and system.has_exact_density
    held_out = data.held_out(settings["evaluation"]["n_points"])[:].astype(float)
    sigma = settings["sigma"]
    # All settings of an estimate are judged with the same noise on the same points, so that they can be compared by it.
    noise_seed = seed_sequence(settings["seed"], "evaluate_score", settings["trajectory"])

    rows, variables, failed, families = [], {}, {}, {}
    evaluator = None
    for method in settings["methods"]:
        try:
            score, standardization, cells = _load(job, method)
        except ScientificFailure as failure:
            failed[method] = str(failure)
            continue
        if evaluator is None:  # all methods standardise by the same samples
            rng = np.random.default_rng(noise_seed)
            evaluator = ScoreEvaluator(held_out, sigma=sigma, standardization=standardization, system=system, rng=rng)
        metrics, loss_blocks = evaluator.evaluate(score)
        variables[f"loss_blocks_{method}"] = ("block", loss_blocks)
        if cells is not None:
            metrics |= _facts(cells)
        if getattr(score, "error_estimate", None) is not None:
            metrics["error_estimate"] = Estimate(score.error_estimate, np.nan)
        if isinstance(score, ScoreModel):
            families[method] = score.method
        if method == "kgmm" and exact and settings["evaluation"]["budget"]:
            metrics |= _budget(job, cells, score, evaluator)
        if method == "kgmm_cells":
            variables |= _cells(cells)
            if exact:
                metrics["center_score_error"] = _center_error(cells, system)
        rows += [
            {"method": method, "statistic": name, "coordinates": "standardised", "value": m.value, "stderr": m.stderr}
            for name, m in metrics.items()
        ]
        if held_out.shape[1] == 1:
            variables |= _profile(method, score, standardization, system if exact else None, sigma)
            variables |= _cloud(held_out, standardization, sigma, np.random.default_rng(job.seed))
        elif held_out.shape[1] == 2:
            variables |= _field(method, score, system if exact else None, held_out)
    attributes = {"sigma": sigma, "coordinates": "physical", "failed_methods": json.dumps(failed, sort_keys=True)}
    attributes["families"] = json.dumps(families, sort_keys=True)
    names = data.variables
    dataset = xr.Dataset(variables | metric_variables(rows), coords={"variable": names}, attrs=attributes)
    dataset.to_netcdf(job.outputs.evaluation)


def _load(job: Job, method: str):
    """The score as a function, the coordinates it was fitted in, and the cells that the method rests on."""
    record, inputs = get_method(method), inputs_of(job)
    cells = None
    if "cells" in record.needs:
        refuse_failed_inputs([inputs.cells_file])
        cells = inputs.cells
    if record.load is not None:
        return *record.load(inputs), cells
    file = getattr(job.inputs, f"score_{method}")
    refuse_failed_inputs([file])
    model = ScoreModel.load(file)
    return model, model.standardization, cells


def _facts(cells: CellScore) -> dict:
    """How the cells were estimated; ``capped`` is 1 if the rule would have drawn on."""
    facts = {
        "n_cells": len(cells.counts),
        "n_draws": cells.n_draws,
        "capped": cells.stopped_by == "max_draws",
        "draws_error": cells.draws_error / cells.sigma,
        "data_error": cells.data_error / cells.sigma,
    }
    return {name: Estimate(float(value), np.nan) for name, value in facts.items()}


def _budget(job: Job, cells: CellScore, model: ScoreModel, evaluator: ScoreEvaluator) -> dict:
    network = {name: value for name, value in job.settings["network"].items() if name != "antithetic"}
    seed = int(job.seed.spawn(1)[0].generate_state(1)[0])
    return error_budget(cells, model, samples_of(job).training, evaluator, system_of(job), network=network, seed=seed)


def _cells(cells: CellScore) -> dict:
    per_cell = ("cell", "variable")
    return {
        "cell_center": (per_cell, cells.centers),
        "cell_score": (per_cell, cells.score),
        "cell_stderr": (per_cell, cells.score_stderr),
        "cell_count": ("cell", cells.counts),
    }


def _center_error(cells: CellScore, system):
    """Error of the cells where they stand, at their centres, each counted by its mass."""
    mass = np.sqrt(cells.counts / cells.counts.mean())[:, None] * cells.standardization.scale
    return relative_error(cells.score * mass, system.score(cells.centers) * mass)


def _profile(method, score, standardization, system, sigma) -> dict:
    x, values = score_profile(score, standardization)
    variables = {"x": ("point", x), f"score_{method}": ("point", values)}
    if system is not None:
        noise_scale = sigma * standardization.scale
        variables["exact"] = ("point", system.score(x[:, None])[:, 0])
        variables["smoothed"] = ("point", system.smoothed_score(x[:, None], noise_scale)[:, 0])
    return variables


def _cloud(held_out, standardization, sigma, rng) -> dict:
    x, score = noise_cloud(held_out, sigma, standardization.scale, rng)
    return {"cloud_x": ("draw", x[:, 0]), "cloud_score": ("draw", score[:, 0])}


def _field(method, score, system, held_out) -> dict:
    points, values = score_field(score, held_out)
    variables = {"field_point": (("grid", "variable"), points), f"field_{method}": (("grid", "variable"), values)}
    if system is not None:
        variables["field_exact"] = (("grid", "variable"), system.score(points))
    return variables
