"""A prepared or fitted KGMM estimator as a dataset, and back."""

from __future__ import annotations

import json

import torch
import xarray as xr

from kgmm.data.standardization import Standardization
from kgmm.randomness import Seed, torch_generator
from kgmm.score.cells import CellEstimates
from kgmm.score.moments import Moments
from kgmm.score.partition import Partition

WITHOUT_SUMS = "the sums of this estimator are not at hand: fit it, or save it with moments=True before loading it"
_NOT_STORED = ("random_state", "device")


def to_dataset(estimator, moments: bool = False) -> xr.Dataset:
    """The estimator as a dataset; ``moments`` includes the sums it was made from."""
    tree = estimator.partition_
    variables = estimator.standardization_.to_variables() | {
        "tree_normal": (("node", "variable"), tree.normals.numpy()),
        "tree_offset": ("node", tree.offsets.numpy()),
        "tree_children": (("node", "side"), tree.children.numpy()),
        "tree_label": ("node", tree.labels.numpy()),
    }
    parameters = {name: value for name, value in estimator.get_params().items() if name not in _NOT_STORED}
    attributes = {
        "sigma": float(estimator.sigma),
        "min_probability": estimator.min_probability_,
        "tree_depth": int(tree.depth),
        "entropy": str(estimator.entropy_),  # text: NetCDF's integers are too short for it
        "parameters": json.dumps(parameters, sort_keys=True),
        "coordinates": "standardised: x̃ = (x − mean)/scale; score s = −noise_mean/(sigma scale)",
    }
    if hasattr(estimator, "cells_"):
        variables |= estimator.cells_.to_variables()
        attributes |= {
            "n_draws": int(estimator.n_draws_),
            "stopped_by": estimator.stopped_by_,
            "draws_error": float(estimator.draws_error_),
            "data_error": float(estimator.data_error_),
        }
    if moments:
        if not hasattr(estimator, "moments_"):
            raise ValueError(WITHOUT_SUMS)
        variables |= estimator.moments_.to_variables()
        attributes["n_streams"] = int(estimator.n_streams_)
        attributes["entropies"] = json.dumps(sorted(estimator.entropies_))
    return xr.Dataset(variables, attrs=attributes)


def from_dataset(cls: type, dataset: xr.Dataset, random_state: Seed | None, device: str):
    """An estimator of class ``cls`` from what :func:`to_dataset` made; ``ValueError`` if it is something else.

    ``random_state`` gives it random numbers of its own; ``None`` leaves it those of the estimator that was stored.
    """
    attributes = dataset.attrs
    if "tree_depth" not in attributes:
        raise ValueError("this is no KGMM estimator: the attribute 'tree_depth' is missing")
    tree = [torch.from_numpy(dataset[f"tree_{name}"].values) for name in ("normal", "offset", "children", "label")]
    entropy = int(attributes["entropy"])
    if random_state is not None:
        entropy = int(torch.randint(2**62, (1,), generator=torch_generator(random_state)))
    estimator = cls(
        **json.loads(attributes["parameters"]), random_state=0 if random_state is None else random_state, device=device
    )
    estimator._set_partition(
        Partition(*tree, depth=int(attributes["tree_depth"])),
        Standardization.from_dataset(dataset),
        float(attributes["min_probability"]),
        entropy,
    )
    if "n_draws" in attributes:
        stopped_by = attributes["stopped_by"]
        estimator._set_cells(CellEstimates.from_dataset(dataset), int(attributes["n_draws"]), stopped_by)
    if "n_streams" in attributes:
        estimator.moments_, estimator.n_streams_ = Moments.from_dataset(dataset), int(attributes["n_streams"])
        estimator.entropies_ = set(json.loads(attributes["entropies"]))
    return estimator
