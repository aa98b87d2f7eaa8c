"""Prepared cells and the score in them as variables and attributes of a dataset, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
import xarray as xr

from kgmm.data.standardization import Standardization
from kgmm.data.stored import finite_number, refuse_non_finite
from kgmm.randomness import Seed, torch_generator
from kgmm.score.cells import CellEstimates
from kgmm.score.moments import Moments
from kgmm.score.options import CellOptions
from kgmm.score.partition import Partition

if TYPE_CHECKING:
    from kgmm.score.cell_score import CellScore
    from kgmm.score.prepared_cells import PreparedCells


def of_prepared(prepared: PreparedCells) -> tuple[dict, None, dict]:
    """Variables, coordinates and attributes of prepared cells."""
    tree = prepared.partition
    variables = prepared.standardization.to_variables() | {
        "tree_normal": (("node", "variable"), tree.normals.numpy()),
        "tree_offset": ("node", tree.offsets.numpy()),
        "tree_children": (("node", "side"), tree.children.numpy()),
        "tree_label": ("node", tree.labels.numpy()),
    }
    attributes = {
        "sigma": float(prepared.sigma),
        "min_probability": prepared.min_probability,
        "tree_depth": int(tree.depth),
        "entropy": str(prepared.entropy),  # text: NetCDF's integers are too short for it
        "parameters": json.dumps(prepared.options.model_dump(), sort_keys=True),
        "coordinates": "standardised: x̃ = (x − mean)/scale; score s = −noise_mean/(sigma scale)",
    }
    return variables, None, attributes


def of_score(score: CellScore, moments: bool) -> tuple[dict, None, dict]:
    """The same of a score; ``moments`` includes the sums it was made from."""
    variables, _, attributes = of_prepared(score.prepared)
    variables |= score.estimates.to_variables()
    attributes |= {
        "n_draws": int(score.n_draws),
        "stopped_by": score.stopped_by,
        "draws_error": float(score.draws_error),
        "data_error": float(score.data_error),
    }
    if moments:
        variables |= score.sums.moments.to_variables()
        attributes["n_streams"] = int(score.sums.n_streams)
        attributes["entropies"] = json.dumps(sorted(score.sums.entropies))
    return variables, None, attributes


def prepared_fields(dataset: xr.Dataset, random_state: Seed | None) -> dict:
    """Fields of prepared cells from a dataset of them, or of a score; ``ValueError`` if it is something else.

    ``random_state`` gives them random numbers of their own; ``None`` leaves them those that were stored.
    """
    attributes = dataset.attrs
    if "tree_depth" not in attributes:
        raise ValueError("these are no cells of KGMM: the attribute 'tree_depth' is missing")
    planes = {name: dataset[name].values for name in ("tree_normal", "tree_offset", "tree_children", "tree_label")}
    refuse_non_finite(planes)
    standardization = Standardization.from_dataset(dataset)
    if planes["tree_normal"].shape[1:] != standardization.scale.shape:
        raise ValueError("the tree of cells and the standardisation have different numbers of variables")
    options = CellOptions.checked(**json.loads(attributes["parameters"]))
    if finite_number(attributes, "sigma") != options.sigma:
        raise ValueError(f"sigma is {attributes['sigma']} in one place and {options.sigma} in another")
    tree = [torch.from_numpy(dataset[f"tree_{name}"].values) for name in ("normal", "offset", "children", "label")]
    entropy = int(attributes["entropy"])
    if random_state is not None:
        entropy = int(torch.randint(2**62, (1,), generator=torch_generator(random_state)))
    return {
        "options": options,
        "standardization": standardization,
        "partition": Partition(*tree, depth=int(attributes["tree_depth"])),
        "min_probability": finite_number(attributes, "min_probability", above=0.0),
        "entropy": entropy,
    }


def score_fields(dataset: xr.Dataset) -> tuple[dict, dict | None]:
    """Fields of a score besides the prepared cells, and those of its sums; ``ValueError`` if there is no score."""
    attributes = dataset.attrs
    if "n_draws" not in attributes:
        raise ValueError("these cells are prepared and hold no score: the attribute 'n_draws' is missing")
    estimates = CellEstimates.from_dataset(dataset)
    refuse_non_finite({"count": estimates.count, "center": estimates.center, "noise_mean": estimates.noise_mean})
    n_cells = int((dataset["tree_label"].values >= 0).sum())
    if len(estimates.count) != n_cells or len(estimates.noise_mean) != n_cells:
        raise ValueError(f"the estimates are of {len(estimates.count)} cells: the tree has {n_cells}")
    fields = {
        "estimates": estimates,
        "n_draws": int(attributes["n_draws"]),
        "stopped_by": attributes["stopped_by"],
    }
    if "n_streams" not in attributes:
        return fields, None
    return fields, {
        "moments": Moments.from_dataset(dataset),
        "n_streams": int(attributes["n_streams"]),
        "entropies": frozenset(json.loads(attributes["entropies"])),
    }
