"""Langevin models in one NetCDF file: numbers and text only, nothing executable.

The root holds the mobility as :class:`kgmm.langevin.mobility.Mobility` writes it, the groups ``score``,
``circulation``, ``hidden`` and ``model`` the rest.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.blocks import Estimate
from kgmm.data.stored import finite_number, open_stored, reading
from kgmm.langevin.circulation import Circulation
from kgmm.langevin.circulation_fit import CirculationFit
from kgmm.langevin.dynamics import Dynamics, SimulationCheck
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.mean_velocity import MeanVelocity
from kgmm.langevin.mobility import Mobility
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.options import REGRESSED, WHOLE_MODELS
from kgmm.score.model import ScoreModel

_FORMAT, _VERSION = "kgmm Langevin model", 1
_CHECK = ("errors", "decorrelation_times", "data_decorrelation_times", "quantile_errors")


def save_model(model: LangevinModel, file: str | Path) -> None:
    """Writes a model to a NetCDF file that :func:`load_model` reads."""
    dynamics = model.dynamics
    time = np.nan if dynamics is None or dynamics.check is None else dynamics.check.data_decorrelation_times.max()
    stderr = np.full_like(model.mobility, np.nan) if dynamics is None else dynamics.diffusion_stderr
    method = "given" if dynamics is None else dynamics.method
    if dynamics is not None and dynamics.circulation in WHOLE_MODELS:
        method = dynamics.circulation
    Mobility(model.mobility, stderr, method, np.nan, np.nan, float(time)).to_dataset().to_netcdf(file)
    model.score.to_dataset().to_netcdf(file, mode="a", group="score")
    if model.circulation is not None:
        model.circulation.to_dataset().to_netcdf(file, mode="a", group="circulation")
    if model.hidden is not None:
        model.hidden.to_dataset().to_netcdf(file, mode="a", group="hidden")
    attributes = {"format": _FORMAT, "version": _VERSION, "largest_reset_share": model.largest_reset_share}
    if dynamics is not None:
        attributes["dynamics"] = json.dumps(_to_json(dynamics), allow_nan=True)
    xr.Dataset(attrs=attributes).to_netcdf(file, mode="a", group="model")


def holds_model(file: str | Path) -> bool:
    """Whether a file holds a whole model, and not its mobility alone."""
    return "model" in _groups(file)


def load_model(file: str | Path) -> LangevinModel:
    """The model in a file that :func:`save_model` wrote.

    Raises
    ------
    ValueError
        If the file holds something else, or a later version.
    """
    attributes = open_stored(file, "Langevin model", "model").attrs
    with reading("Langevin model"):
        if attributes.get("format") != _FORMAT or finite_number(attributes, "version") > _VERSION:
            raise ValueError(f"{file} holds no Langevin model of version {_VERSION}: it says {attributes}")
        mobility = Mobility.from_dataset(open_stored(file, "Langevin model"))
        score = ScoreModel.from_dataset(open_stored(file, "Langevin model", "score"))
        circulation = hidden = None
        if "hidden" in _groups(file):
            hidden = HiddenVariables.from_dataset(open_stored(file, "Langevin model", "hidden"))
        if "circulation" in _groups(file):
            stored = open_stored(file, "Langevin model", "circulation")
            circulation = (MeanVelocity if MeanVelocity.is_in(stored) else Circulation).from_dataset(stored)
        dynamics = None
        if "dynamics" in attributes:
            dynamics = _from_json(json.loads(attributes["dynamics"]), mobility, circulation)
        share = finite_number(attributes, "largest_reset_share")
        return LangevinModel(
            score, mobility if hidden is None else None, circulation, hidden=hidden, dynamics=dynamics,
            largest_reset_share=share,
        )  # fmt: skip


def _groups(file: str | Path) -> list[str]:
    import netCDF4

    with netCDF4.Dataset(file) as opened:
        return list(opened.groups)


def _to_json(dynamics: Dynamics) -> dict:
    names = ("circulation", "method", "reason", "diffusion_method", "warnings")
    text = {name: getattr(dynamics, name) for name in names}
    check, regression = dynamics.check, dynamics.regression
    if check is not None:
        text["check"] = {name: getattr(check, name).tolist() for name in _CHECK}
        text["check"] |= {"dt": check.dt, "members_reset": check.members_reset, "n_members": check.n_members}
    # Of a regression that was not chosen the coefficients are not stored.
    if regression is not None and dynamics.circulation in REGRESSED:
        names = ("basis", "ridge", "gain", "gain_over_constant", "gains", "n_coefficients", "n_points")
        text["regression"] = {name: getattr(regression, name) for name in names}
    return text


def _from_json(text: dict, mobility: Mobility, circulation: Circulation | None) -> Dynamics:
    check, regression = text.pop("check", None), text.pop("regression", None)
    if check is not None:
        check = SimulationCheck(**{name: np.array(v) if name in _CHECK else v for name, v in check.items()})
    if regression is not None:
        for name in ("gain", "gain_over_constant"):
            regression[name] = Estimate(*regression[name])
        regression["gains"] = {name: Estimate(*gain) for name, gain in regression["gains"].items()}
        regression = CirculationFit(circulation=circulation, **regression)
    return Dynamics(
        **text | {"warnings": tuple(text["warnings"])},
        diffusion=0.5 * (mobility.matrix + mobility.matrix.T),
        diffusion_stderr=mobility.stderr,
        regression=regression,
        check=check,
    )
