"""A score as a function of points in physical units, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from kgmm.data.standardization import Standardization, check_samples
from kgmm.score.fit_record import History
from kgmm.score.network import Network
from kgmm.score.potentials import Potential

_BATCH = 65_536
_MARGIN = 3.0


@dataclass(frozen=True, repr=False)
class ScoreFunction:
    """The form of :class:`kgmm.ScoreModel`, which documents the fields, and its evaluation."""

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

    def to(self, device: str) -> ScoreFunction:
        """The same model with its weights on another device.

        Parameters
        ----------
        device : str
            ``"cpu"`` or ``"cuda"``.

        Returns
        -------
        ScoreModel
            The same function.
        """
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
        """The score.

        Parameters
        ----------
        X : array_like
            Points ``(n, n_features)``, physical units.

        Returns
        -------
        numpy.ndarray
            ``(n, n_features)``, float64.

        Raises
        ------
        ValueError
            For another number of variables and values that are not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import kgmm
        >>> score = kgmm.fit_score(np.random.default_rng(0).uniform(size=(2000, 2)), families=["polynomial"])
        >>> points = np.full((3, 2), 0.5)
        >>> score(points).shape, score.jacobian(points).shape, score.divergence(points).shape
        ((3, 2), (3, 2, 2), (3,))
        """
        return self._in_batches(self.standardized, X) / self.standardization.scale

    def jacobian(self, X: np.ndarray) -> np.ndarray:
        """``∂s_i/∂x_k``, by forward-mode differentiation.

        Parameters
        ----------
        X : array_like
            Points ``(n, n_features)``, physical units.

        Returns
        -------
        numpy.ndarray
            ``(n, n_features, n_features)``, the first index of the score.
        """
        scale = self.standardization.scale
        return self._in_batches(self._standardized_jacobian, X) / np.outer(scale, scale)

    def jacobian_diagonal(self, X: np.ndarray) -> np.ndarray:
        """``∂_k s_k``.

        Parameters
        ----------
        X : array_like
            Points ``(n, n_features)``, physical units.

        Returns
        -------
        numpy.ndarray
            ``(n, n_features)``.
        """
        return np.einsum("nkk->nk", self.jacobian(X))

    def divergence(self, X: np.ndarray) -> np.ndarray:
        """``∇·s``.

        Parameters
        ----------
        X : array_like
            Points ``(n, n_features)``, physical units.

        Returns
        -------
        numpy.ndarray
            ``(n,)``.
        """
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
