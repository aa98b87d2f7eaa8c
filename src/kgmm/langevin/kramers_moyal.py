"""Drift and diffusion in one or two variables by averages over bins: the direct estimate after Kramers and Moyal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from kgmm.data.paths import time_step_of
from kgmm.data.segments import states_of
from kgmm.data.trajectory import as_trajectory
from kgmm.randomness import Seed, torch_generator
from kgmm.sde.ensemble import Ensemble

_MIN_COUNT = 30
_CENTRAL = (5e-4, 1 - 5e-4)


@dataclass(frozen=True)
class KramersMoyalModel:
    """``dX = b(X) dt + √(2 D(X)) dW`` with drift and diffusion constant in bins.

    Attributes
    ----------
    edges : tuple of ndarray
        Inner edges of the bins of each variable, ``(n_bins + 1,)`` each; states beyond belong to the outermost bins.
    drift : ndarray of shape (n_features, n_cells)
        ``E[x(t + h) − x(t) | cell]/h``.
    noise_root : ndarray of shape (n_features, n_features, n_cells)
        Lower triangular root of ``E[δx δxᵀ | cell]/h``, ``δx`` being the increment less its mean.
    count : ndarray of shape (n_cells,)
        Increments in each cell; cells with fewer than 30 take the values of the nearest that has as many.
    start : ndarray of shape (n, n_features)
        States of the data from which samples start.

    Notes
    -----
    Source: Siegert, Friedrich & Peinke 1998, "Analysis of data sets of stochastic systems".

    Examples
    --------
    >>> from kgmm import simulate
    >>> path = simulate("double_well", n_members=200, n_times=1000, interval=0.01, seed=1)
    >>> model = KramersMoyalModel.fit(path, n_bins=20)
    >>> sample = model.sample(n_members=200, n_steps=2000, dt=0.01, seed=2)
    >>> bool(abs(float(sample.std()) - float(path.std())) < 0.1)
    True
    """

    edges: tuple[np.ndarray, ...]
    drift: np.ndarray
    noise_root: np.ndarray
    count: np.ndarray
    start: np.ndarray

    @classmethod
    def fit(cls, path: xr.DataArray, n_bins: int = 40) -> KramersMoyalModel:
        """Averages the increments of a path over the cells of a grid.

        Parameters
        ----------
        path : xarray.DataArray
            Dimensions ``(member, time, variable)`` with one or two variables, densely saved.
        n_bins : int
            Of each variable, evenly between the quantiles 5e-4 and 1 − 5e-4.

        Raises
        ------
        ValueError
            If there are more than two variables, fewer than two bins, or no cell with 30 increments.
        """
        d = path.sizes["variable"]
        if d > 2:
            raise ValueError(f"the path has {d} variables: averages over bins are for one or two")
        if n_bins < 2:
            raise ValueError(f"n_bins is {n_bins}: it must be at least 2")
        interval = time_step_of(path)
        values = path.values.astype(float)
        x, increments = values[:, :-1].reshape(-1, d), np.diff(values, axis=1).reshape(-1, d)
        known = ~np.isnan(increments[:, 0])  # none reaches over a gap
        x, increments = x[known], increments[known]
        edges = tuple(np.linspace(*np.quantile(column, _CENTRAL), n_bins + 1) for column in x.T)
        cell = _cells(torch.as_tensor(x.T), edges).numpy()
        n_cells = n_bins**d
        count = np.bincount(cell, minlength=n_cells)
        enough = count >= _MIN_COUNT
        if not enough.any():
            raise ValueError(f"no cell of {n_cells} holds {_MIN_COUNT} increments: use fewer bins or a longer path")
        safe = np.maximum(count, 1)
        mean = np.array([np.bincount(cell, weights=column, minlength=n_cells) for column in increments.T]) / safe
        products = np.array(
            [[np.bincount(cell, weights=a * b, minlength=n_cells) for a in increments.T] for b in increments.T]
        )
        covariance = products / safe - mean[:, None] * mean[None, :]
        nearest = _nearest(enough, n_bins, d)
        roots = np.linalg.cholesky(covariance[:, :, nearest].transpose(2, 0, 1) / interval + 1e-300 * np.eye(d))
        start = states_of(values[:, :: max(1, values.shape[1] // 50)])
        return cls(edges, mean[:, nearest] / interval, roots.transpose(1, 2, 0), count, start)

    def sample(
        self, n_members: int = 1000, n_steps: int = 10_000, dt: float = 0.005, *, save_every: int = 10, seed: Seed = 0
    ) -> xr.DataArray:
        """Integrates an ensemble by Euler and Maruyama from states of the data.

        Parameters
        ----------
        n_members, n_steps : int
        dt : float
            At best the interval of the path that the model was fitted to.
        save_every : int
            Steps between saved states.
        seed : int or numpy.random.SeedSequence

        Returns
        -------
        xarray.DataArray
            Dimensions ``(member, time, variable)``, physical units.
        """
        start = np.resize(self.start, (n_members, self.start.shape[1])).T
        state = torch.tensor(np.ascontiguousarray(start))
        ensemble = Ensemble(
            _BinnedEquation(self), state, dt=dt, scheme="euler_maruyama", generator=torch_generator(seed, "cpu"),
            label="the Kramers-Moyal model",
        )  # fmt: skip
        values = np.concatenate(list(ensemble.record(n_steps // save_every, save_every)), axis=1)
        return as_trajectory(values, [f"x{k + 1}" for k in range(len(self.drift))], save_every * dt, dt=dt)


class _BinnedEquation:
    additive = False

    def __init__(self, model: KramersMoyalModel):
        self._edges = model.edges
        self._drift, self._root = torch.tensor(model.drift), torch.tensor(model.noise_root)

    def drift(self, state: torch.Tensor) -> torch.Tensor:
        return self._drift[:, _cells(state, self._edges)]

    def noise(self, state: torch.Tensor, increment: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ijn,jn->in", self._root[:, :, _cells(state, self._edges)], increment)


def _cells(x: torch.Tensor, edges: tuple[np.ndarray, ...]) -> torch.Tensor:
    """Number of the cell of each state, ``x`` of shape ``(n_features, n)``."""
    cell = torch.zeros(x.shape[1], dtype=torch.long)
    for row, edge in zip(x, edges):
        n_bins = len(edge) - 1
        bin_number = ((row - edge[0]) * (n_bins / (edge[-1] - edge[0]))).floor().clamp(0, n_bins - 1).long()
        cell = cell * n_bins + bin_number
    return cell


def _nearest(enough: np.ndarray, n_bins: int, d: int) -> np.ndarray:
    """For each cell the nearest one with enough increments, ``(n_cells,)``."""
    from scipy.spatial import cKDTree

    grid = np.stack(np.meshgrid(*[np.arange(n_bins)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    return np.flatnonzero(enough)[cKDTree(grid[enough]).query(grid)[1]]
