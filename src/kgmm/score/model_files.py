"""A score model as a dataset: numbers and text only, nothing executable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import xarray as xr

from kgmm.data.standardization import Standardization
from kgmm.score.network import Network
from kgmm.score.potentials import Potential
from kgmm.score.training import History

if TYPE_CHECKING:
    from kgmm.score.model import ScoreModel

_FORMAT = "kgmm score model"
_VERSION = 1
_LOSSES = ("iteration", "loss", "validation_loss")


def dataset_of(model: ScoreModel) -> xr.Dataset:
    """The dataset from which :func:`parts_of` reads the same model."""
    variables = model.standardization.to_variables() | model.network.to_variables()
    if model.precision is not None:
        variables["precision"] = (("variable", "other_variable"), model.precision)
    if model.history is not None:
        variables |= {name: ("evaluation", getattr(model.history, name)) for name in _LOSSES}
        variables["kept"] = ((), model.history.kept)
    attributes = {
        "format": _FORMAT,
        "version": _VERSION,
        "sigma": model.sigma,
        "residual_scale": model.residual_scale,
    }
    if isinstance(model.network, Network):
        attributes |= {"hidden": json.dumps(model.network.hidden), "activation": "silu"}
    pull = "x̃/(1 + sigma²)" if model.precision is None else "precision x̃"
    attributes["coordinates"] = (
        f"s(x) = [−{pull} + residual_scale f(x̃)]/scale with x̃ = (x − mean)/scale, f constant "
        "beyond the range of the data and 3 sigma"
    )
    if model.method != "network":
        attributes["method"] = model.method
    if model.error_estimate is not None:
        attributes["error_estimate"] = model.error_estimate
    return xr.Dataset(variables, attrs=attributes)


def parts_of(dataset: xr.Dataset) -> dict:
    """The fields of a model by name; ``ValueError`` if the dataset is something else."""
    attributes = dataset.attrs
    if attributes.get("format") != _FORMAT:
        raise ValueError(f"this is no score model: attribute 'format' is {attributes.get('format')!r}")
    if attributes["version"] > _VERSION:
        raise ValueError(f"score model of version {attributes['version']}: this kgmm reads up to {_VERSION}")
    history = None
    if "validation_loss" in dataset:
        history = History(*(dataset[name].values for name in _LOSSES), kept=int(dataset["kept"]))
    error = attributes.get("error_estimate")
    return {
        "network": (Network if "hidden" in attributes else Potential).from_dataset(dataset),
        "residual_scale": float(attributes["residual_scale"]),
        "sigma": float(attributes["sigma"]),
        "standardization": Standardization.from_dataset(dataset),
        "history": history,
        "precision": dataset["precision"].values if "precision" in dataset else None,
        "error_estimate": None if error is None else float(error),
        "method": attributes.get("method", "network"),
    }
