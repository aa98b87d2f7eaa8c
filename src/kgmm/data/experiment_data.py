"""The data of an experiment: which samples of a trajectory are fitted, and which are held out for comparison."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.observation import RingView
from kgmm.data.samples import Samples, view_ring
from kgmm.data.trajectory import Split, open_trajectory, split


class ExperimentData:
    """A trajectory file, opened once, as the settings ``data`` of an experiment see it.

    Parameters
    ----------
    file : str or Path
        A trajectory file; it is read when something is asked for.
    settings : dict
        ``held_out``, the share of the data kept out of the fit; ``n_samples``, the number of training samples (``None``
        for all); of a ring ``points``, the number of variables observed (``None`` for all), and ``shifts``, the
        circular shifts of each snapshot that count as samples.
    """

    def __init__(self, file: str | Path, settings: dict):
        self._file, self._settings = file, settings

    @cached_property
    def _trajectory(self) -> xr.DataArray:
        return open_trajectory(self._file)

    @cached_property
    def _split(self) -> Split:
        return split(self._trajectory, self._settings["held_out"])

    @cached_property
    def _view(self) -> RingView | None:
        points, shifts = self._settings["points"], self._settings["shifts"]
        if points is None and shifts == 1:
            return None
        return RingView(points or self._trajectory.sizes["variable"], shifts)

    @property
    def variables(self) -> list[str]:
        """Names of the observed variables."""
        names = self._trajectory["variable"].values
        return [str(name) for name in (names if self._view is None else names[self._view.columns(len(names), 0)])]

    @property
    def training(self) -> Samples:
        """The samples that a score is fitted to, ``(n_samples, n_features)``."""
        return Samples(self._split.training, self._settings["n_samples"], self._view)

    def held_out(self, n_samples: int | None = None) -> Samples:
        """Samples that took no part in the fit, at most ``n_samples``; all by default."""
        return self._at_most(self._split.held_out, n_samples)

    def initial_states(self, n_members: int) -> np.ndarray:
        """Starts of a model's members, ``(n_members, n_features)``: training states, repeated if there are fewer."""
        states = self._at_most(self._split.training, n_members)[:]
        return np.resize(states, (n_members, states.shape[1]))

    @property
    def training_trajectory(self) -> xr.DataArray:
        """The training part in memory, ``(member, time, variable)``; shifted copies are members."""
        return self._observed(self._split.training)

    @property
    def held_out_trajectory(self) -> xr.DataArray:
        """The held-out part in memory, ``(member, time, variable)``; shifted copies are members."""
        return self._observed(self._split.held_out)

    @property
    def whole_trajectory(self) -> xr.DataArray:
        """Everything in memory, ``(member, time, variable)``; shifted copies are members."""
        return self._observed(self._trajectory)

    def _at_most(self, part: xr.DataArray, n_samples: int | None) -> Samples:
        everything = Samples(part, None, self._view)
        return everything if n_samples is None else Samples(part, min(n_samples, len(everything)), self._view)

    def _observed(self, part: xr.DataArray) -> xr.DataArray:
        return view_ring(part.load(), self._view)
