"""The score as a function: a network fitted to scores at points, with the pull of a Gaussian outside the data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from kgmm.data.standardization import Standardization, check_samples
from kgmm.score.gradient_network import GradientNetwork
from kgmm.score.network import Network
from kgmm.score.options import NetworkOptions
from kgmm.score.potentials import Potential
from kgmm.score.training import History, Observer, fit_network

if TYPE_CHECKING:
    from kgmm.score.cell_score import CellScore
    from kgmm.score.cells import CellEstimates
    from kgmm.score.direct_gmm import DirectGMM
    from kgmm.score.kgmm import KGMM

_DEFAULTS = NetworkOptions()
_FORMAT = "kgmm score model"
_VERSION = 1
_BATCH = 65_536
_MARGIN = 3.0
_FEWEST_FOR_FOLD = 500
_LOSSES = ("iteration", "loss", "validation_loss")


@dataclass(frozen=True, repr=False)
class ScoreModel:
    """A fitted score ``s(x) ≈ ∇ log p_σ(x)`` in physical coordinates.

    In standardised coordinates ``s̃(x̃) = −x̃/(1 + σ²) + c f(x̃)``: the score of the Gaussian with the data's mean and
    smoothed variance, plus a network ``f`` for the difference, ``c`` being the root mean square of that difference.
    Beyond the range of the data, and three σ on either side of it, the difference is continued as a constant, so that
    far away the Gaussian's pull always wins.

    Attributes
    ----------
    network : ``f``, a network or a :class:`kgmm.score.potentials.Potential`.
    residual_scale : ``c``.
    sigma : noise amplitude in standard deviations; 0 for a score of the density itself.
    standardization : mean, deviation and range of the data it was fitted to.
    history : losses of the fit, or ``None`` for a model put together by hand.
    precision : ``P`` of the Gaussian score ``−P x̃``, ``(n_features, n_features)``; ``None`` is ``1/(1 + σ²)`` times the
        identity.
    error_estimate : the model's estimate of its own relative mean square error, ``E|ŝ − s|²/E|s|²`` in standardised
        coordinates, or ``None``.
    method : name of the estimate.
    """

    network: Network | Potential
    residual_scale: float
    sigma: float
    standardization: Standardization
    history: History | None = None
    precision: np.ndarray | None = None
    error_estimate: float | None = None
    method: str = "network"

    def __repr__(self) -> str:
        error = "unknown" if self.error_estimate is None else f"{self.error_estimate:.2g}"
        return (
            f"ScoreModel({self.method}, {self.standardization.scale.size} variables, sigma={self.sigma:g}, "
            f"estimated relative error {error})"
        )

    @classmethod
    def fit(
        cls,
        cells: CellScore | KGMM,
        hidden: Sequence[int] = tuple(_DEFAULTS.hidden),
        *,
        optimizer: str = _DEFAULTS.optimizer,
        max_iterations: int = _DEFAULTS.max_iterations,
        held_out: float = _DEFAULTS.held_out,
        patience: int = _DEFAULTS.patience,
        steps: int = _DEFAULTS.steps,
        batch_size: int = _DEFAULTS.batch_size,
        learning_rate: float = _DEFAULTS.learning_rate,
        prior_precision: float = _DEFAULTS.prior_precision,
        seed: int = 0,
        device: str = "cpu",
        observe: Observer | None = None,
    ) -> ScoreModel:
        """Fits the network to cells, weighted by their counts.

        The noise of the targets is taken from the standard errors of the cells.

        Parameters
        ----------
        cells
            A fitted :class:`kgmm.KGMM`, or its :class:`kgmm.CellScore`.
        hidden
            Widths of the hidden layers.
        optimizer
            ``"lbfgs"`` or ``"adam"``, see :func:`kgmm.score.training.fit_network`.
        max_iterations
            Iterations of L-BFGS.
        held_out
            Share of the cells that tell which state of the fit to keep; none of fewer than 500 cells, which are better
            used for the fit.
        patience
            Evaluations in a row, all worse than the best, after which the fit stops.
        steps
            Batches of Adam.
        batch_size
            Points in a batch of Adam.
        learning_rate
            Largest learning rate of Adam.
        prior_precision
            Precision of the normal prior on the parameters.
        seed
            Of the start of the network, the held-out cells and the batches.
        device
            ``"cpu"`` or ``"cuda"``.
        observe
            Called along the way with the number of iterations and the network.

        Returns
        -------
        ScoreModel
            The fitted model.

        Raises
        ------
        ValueError
            For unusable arguments.
        ScientificFailure
            If the fit does not lower its loss.

        Examples
        --------
        >>> import numpy as np
        >>> from kgmm import KGMM, ScoreModel
        >>> X = np.random.default_rng(0).standard_normal((2000, 1))
        >>> score = ScoreModel.fit(KGMM(sigma=0.3).fit(X), hidden=(16,), max_iterations=50)
        >>> score(np.array([[-1.0], [1.0]])).shape
        (2, 1)
        """
        options = NetworkOptions.checked(
            hidden=hidden, optimizer=optimizer, max_iterations=max_iterations, held_out=held_out, patience=patience,
            steps=steps, batch_size=batch_size, learning_rate=learning_rate, prior_precision=prior_precision,
        )  # fmt: skip
        cells = getattr(cells, "cell_score_", cells)
        if not hasattr(cells, "estimates"):
            raise ValueError(f"cells is {cells!r}: a fitted KGMM or its CellScore is expected")
        estimates = cells.estimates
        points, noise, weights = estimates.center, estimates.noise_mean, estimates.count
        if estimates.slope is not None:
            points, noise = _points_in_cells(estimates, seed)
        group_size = len(points) // len(weights)
        stderr = estimates.stderr / cells.sigma
        return cls.fit_points(
            points,
            -noise / cells.sigma,
            np.repeat(weights, group_size),
            sigma=cells.sigma,
            standardization=cells.standardization,
            # The points of a linear cell have the noise of its line: the error of their mean is that of the cell.
            stderr=np.repeat(stderr, group_size, axis=0) * group_size**0.5,
            group_size=group_size,
            seed=seed,
            device=device,
            observe=observe,
            **options.model_dump(),
        )

    @classmethod
    def fit_mixture(cls, mixture: DirectGMM, points: np.ndarray, **options) -> ScoreModel:
        """Fits the network to direct scores of a mixture at points: the control that tells what clustering adds.

        Parameters
        ----------
        mixture
            A fitted :class:`kgmm.DirectGMM`.
        points
            ``(n, n_features)``, physical units.
        **options
            Those of :meth:`fit`.

        Returns
        -------
        ScoreModel
            The fitted model.
        """
        fitted = mixture.mixture_
        scale = fitted.standardization.scale
        scores, stderr = fitted.with_stderr(points)
        return cls.fit_points(
            fitted.standardization.forward(points),
            scores * scale,
            np.ones(len(points)),
            sigma=fitted.sigma,
            standardization=fitted.standardization,
            stderr=stderr * scale,
            **options,
        )

    @classmethod
    def fit_points(
        cls,
        points: np.ndarray,
        scores: np.ndarray,
        weights: np.ndarray,
        *,
        sigma: float,
        standardization: Standardization,
        stderr: np.ndarray | float = 0.0,
        group_size: int = 1,
        seed: int = 0,
        device: str = "cpu",
        observe: Observer | None = None,
        **options,
    ) -> ScoreModel:
        """Fits the network to scores at points, all in standardised coordinates.

        Parameters
        ----------
        points
            ``(n_points, n_features)``.
        scores
            ``(n_points, n_features)``.
        weights
            ``(n_points,)``.
        sigma
            Noise amplitude in standard deviations.
        standardization
            That of the data.
        stderr
            Standard errors of the scores, a number or ``(n_points, n_features)``.
        group_size
            Points that belong together, such as those of one cell, and follow each other.
        seed, device, observe
            As in :meth:`fit`.
        **options
            The other arguments of :meth:`fit`; ``held_out`` is a share of the groups.

        Returns
        -------
        ScoreModel
            The fitted model.

        Raises
        ------
        ValueError
            For unusable arguments.
        """
        options = NetworkOptions.checked(**options).model_dump()
        held_out = options.pop("held_out")
        residual = scores + points / (1.0 + sigma**2)
        share = weights / weights.sum()
        mean_square = float((share[:, None] * residual**2).sum())
        # For Gaussian data the difference vanishes; its scale must not.
        residual_scale = max(mean_square, 1e-12) ** 0.5
        noise = float((share[:, None] * np.broadcast_to(stderr, scores.shape) ** 2).sum())
        fit = fit_network(
            points,
            residual / residual_scale,
            weights,
            held_out=np.repeat(_fold(len(points) // group_size, held_out, seed), group_size),
            seed=seed,
            noise_fraction=min(1.0, noise / residual_scale**2),
            device=device,
            observe=observe,
            **options,
        )
        return cls(fit.network, residual_scale, float(sigma), standardization, fit.history)

    def to(self, device: str) -> ScoreModel:
        """The same model with its weights on another device."""
        return replace(self, network=self.network.to(device))

    @cached_property
    def _range(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the network is asked, standardised coordinates, both ``(n_features,)``."""
        weight, margin = self.network.parameters, _MARGIN * self.sigma
        bounds = (self.standardization.lower, -margin), (self.standardization.upper, margin)
        lower, upper = (self.standardization.forward(bound) + shift for bound, shift in bounds)
        return tuple(torch.as_tensor(b, dtype=weight.dtype, device=weight.device) for b in (lower, upper))

    def standardized(self, x: torch.Tensor) -> torch.Tensor:
        """Score in standardised coordinates at ``x`` of shape ``(n, n_features)``, in the dtype of the network."""
        difference = self.network(x.clamp(*self._range)).mul_(self.residual_scale)
        if self._pull is None:
            return difference.add_(x, alpha=-1.0 / (1.0 + self.sigma**2))
        return difference.addmm_(x, self._pull, alpha=-1.0)

    @cached_property
    def _pull(self) -> torch.Tensor | None:
        weight = self.network.parameters
        return None if self.precision is None else torch.as_tensor(self.precision).to(weight.device, weight.dtype)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Score at ``X`` of shape ``(n, n_features)``, physical units; shape ``(n, n_features)``, float64."""
        return self._in_batches(self.standardized, X) / self.standardization.scale

    def jacobian(self, X: np.ndarray) -> np.ndarray:
        """``∂s_i/∂x_k`` at ``X``, shape ``(n, n_features, n_features)``, by forward-mode differentiation."""
        scale = self.standardization.scale
        return self._in_batches(self._standardized_jacobian, X) / np.outer(scale, scale)

    def jacobian_diagonal(self, X: np.ndarray) -> np.ndarray:
        """``∂_k s_k`` at ``X``, shape ``(n, n_features)``."""
        return np.einsum("nkk->nk", self.jacobian(X))

    def divergence(self, X: np.ndarray) -> np.ndarray:
        """``∇·s`` at ``X`` of shape ``(n, n_features)``, physical units; shape ``(n,)``."""
        return self.jacobian_diagonal(X).sum(axis=1)

    def _standardized_jacobian(self, x: torch.Tensor) -> torch.Tensor:
        columns = []
        for k in range(x.shape[1]):
            direction = torch.zeros_like(x)
            direction[:, k] = 1.0
            columns.append(torch.func.jvp(self._smooth, (x,), (direction,))[1])
        return torch.stack(columns, dim=2)

    def _smooth(self, x: torch.Tensor) -> torch.Tensor:
        # The in-place variant is not differentiable.
        with torch.enable_grad():
            difference = self.residual_scale * self.network(x.clamp(*self._range))
            return difference - (x / (1.0 + self.sigma**2) if self._pull is None else x @ self._pull)

    def _in_batches(self, function, X: np.ndarray) -> np.ndarray:
        X = check_samples(X, n_features=self.standardization.scale.size)
        x = torch.from_numpy(np.asarray(self.standardization.forward(X), dtype=np.float32))
        with torch.no_grad():
            return torch.cat([function(batch) for batch in x.split(_BATCH)]).double().numpy()

    def to_dataset(self) -> xr.Dataset:
        """The model as a dataset that :meth:`from_dataset` reads back; weights only, nothing executable."""
        variables = dict(self.standardization.to_variables())
        variables |= self.network.to_variables()
        if self.precision is not None:
            variables["precision"] = (("variable", "other_variable"), self.precision)
        if self.history is not None:
            for name in _LOSSES:
                variables[name] = ("evaluation", getattr(self.history, name))
            variables["kept"] = ((), self.history.kept)
        attributes = {
            "format": _FORMAT,
            "version": _VERSION,
            "sigma": self.sigma,
            "residual_scale": self.residual_scale,
        }
        if isinstance(self.network, Network):
            attributes |= {"hidden": json.dumps(self.network.hidden), "activation": "silu"}
        if isinstance(self.network, GradientNetwork):
            attributes["gradient"] = "f is the gradient of the network's one output"
        pull = "x̃/(1 + sigma²)" if self.precision is None else "precision x̃"
        attributes["coordinates"] = (
            f"s(x) = [−{pull} + residual_scale f(x̃)]/scale with x̃ = (x − mean)/scale, f constant "
            "beyond the range of the data and 3 sigma"
        )
        if self.method != "network":
            attributes["method"] = self.method
        if self.error_estimate is not None:
            attributes["error_estimate"] = self.error_estimate
        return xr.Dataset(variables, attrs=attributes)

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> ScoreModel:
        """A model from what :meth:`to_dataset` made; ``ValueError`` if the dataset is something else."""
        if dataset.attrs.get("format") != _FORMAT:
            raise ValueError(f"this is no score model: attribute 'format' is {dataset.attrs.get('format')!r}")
        if dataset.attrs["version"] > _VERSION:
            raise ValueError(f"score model of version {dataset.attrs['version']}: this kgmm reads up to {_VERSION}")
        history = None
        if "validation_loss" in dataset:
            history = History(*(dataset[name].values for name in _LOSSES), kept=int(dataset["kept"]))
        error = dataset.attrs.get("error_estimate")
        kind = Potential if "hidden" not in dataset.attrs else Network
        return cls(
            (GradientNetwork if "gradient" in dataset.attrs else kind).from_dataset(dataset),
            float(dataset.attrs["residual_scale"]),
            float(dataset.attrs["sigma"]),
            Standardization.from_dataset(dataset),
            history,
            dataset["precision"].values if "precision" in dataset else None,
            None if error is None else float(error),
            dataset.attrs.get("method", "network"),
        )

    def save(self, path: str | Path) -> None:
        """Writes the model to one NetCDF file."""
        self.to_dataset().to_netcdf(path)

    @classmethod
    def load(cls, path: str | Path) -> ScoreModel:
        """The model in a file that :meth:`save` wrote."""
        with xr.open_dataset(path) as dataset:
            return cls.from_dataset(dataset.load())


def _fold(n_groups: int, share: float, seed: int) -> np.ndarray:
    """Which of the groups are held out, ``(n_groups,)`` bool."""
    fold = np.zeros(n_groups, dtype=bool)
    if n_groups >= _FEWEST_FOR_FOLD:
        fold[np.random.default_rng(seed).choice(n_groups, round(share * n_groups), replace=False)] = True
    return fold


def _points_in_cells(estimates: CellEstimates, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in linear cells, and ``E[z | x]`` there: ``d + 1`` per cell, cell by cell, standardised coordinates.

    They are the corners of a regular simplex in a random orientation, stretched so that their mean and covariance are
    those of the cell. A smooth function has the same average over them as over the cell to second order, so that the
    network is compared with averages over cells and not with their values at one point.
    """
    n_cells, d = estimates.center.shape
    corners = np.linalg.svd(np.eye(d + 1) - 1.0 / (d + 1))[0][:, :d] * np.sqrt(d + 1.0)
    rotations = np.linalg.qr(np.random.default_rng(seed).standard_normal((n_cells, d, d)))[0]
    values, vectors = np.linalg.eigh(estimates.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    shift = np.einsum("cij,cjk,mk->cmi", root, rotations, corners)
    points = estimates.center[:, None] + shift
    noise = estimates.noise_mean[:, None] + np.einsum("cij,cmj->cmi", estimates.slope, shift)
    return points.reshape(-1, d), noise.reshape(-1, d)
