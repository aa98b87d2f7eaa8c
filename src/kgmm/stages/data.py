"""The data of an experiment: which samples of a trajectory are fitted, and which are kept for comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.observation import RingView
from kgmm.data.samples import Samples, view_ring
from kgmm.data.trajectory import open_trajectory, split


def ring_view(data: dict, n_variables: int) -> RingView | None:
    """The view that the settings ``data`` ask for; ``None`` where all variables are observed as they are."""
    if data["points"] is None and data["shifts"] == 1:
        return None
    return RingView(data["points"] or n_variables, data["shifts"])


def training_samples(path: str | Path, data: dict) -> Samples:
    """The samples that a score is fitted to."""
    training = split(open_trajectory(path), data["held_out"]).training
    return Samples(training, data["n_samples"], ring_view(data, training.sizes["variable"]))


def initial_states(path: str | Path, data: dict, n_members: int) -> np.ndarray:
    """Starts of a model's members, ``(n_members, n_features)``: training states, repeated if there are fewer."""
    states = _at_most(split(open_trajectory(path), data["held_out"]).training, data, n_members)[:]
    return np.resize(states, (n_members, states.shape[1]))


def held_out_samples(path: str | Path, data: dict, n_samples: int | None = None) -> Samples:
    """Samples that took no part in the fit, at most ``n_samples``; all by default."""
    return _at_most(split(open_trajectory(path), data["held_out"]).held_out, data, n_samples)


def _at_most(part: xr.DataArray, data: dict, n_samples: int | None) -> Samples:
    view = ring_view(data, part.sizes["variable"])
    everything = Samples(part, None, view)
    return everything if n_samples is None else Samples(part, min(n_samples, len(everything)), view)


def held_out_trajectory(path: str | Path, data: dict) -> xr.DataArray:
    """The held-out part in memory, dimensions ``(member, time, variable)``; shifted copies are members."""
    return observed(split(open_trajectory(path), data["held_out"]).held_out, data)


def training_trajectory(path: str | Path, data: dict) -> xr.DataArray:
    """The training part in memory, dimensions ``(member, time, variable)``; shifted copies are members."""
    return observed(split(open_trajectory(path), data["held_out"]).training, data)


def observed(trajectory: xr.DataArray, data: dict) -> xr.DataArray:
    """A trajectory in memory, seen as the settings ``data`` say."""
    return view_ring(trajectory.load(), ring_view(data, trajectory.sizes["variable"]))


def observed_names(path: str | Path, data: dict) -> list[str]:
    """Names of the observed variables."""
    names = open_trajectory(path)["variable"].values
    view = ring_view(data, len(names))
    return [str(name) for name in (names if view is None else names[view.columns(len(names), 0)])]
