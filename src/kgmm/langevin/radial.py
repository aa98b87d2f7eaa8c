"""Radial functions about points of the data: the basis of a circulation where polynomials are too stiff."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from scipy.cluster.vq import kmeans2
from scipy.spatial import cKDTree

from kgmm.langevin.polynomials import BasisValues

_NEIGHBOURS = 3
_KMEANS_POINTS = 20_000
_KMEANS_ITERATIONS = 10


class _Constants(NamedTuple):
    origin: torch.Tensor
    unit: torch.Tensor
    centers: torch.Tensor
    half_square: torch.Tensor
    slope: torch.Tensor


@dataclass(frozen=True)
class RadialBasis:
    """``φ_m(x) = exp(−|y − c_m|²/(2 w²))`` with ``y = (x − origin)/unit``: all vanish away from the data.

    Attributes
    ----------
    origin, unit : ndarray of shape (n_features,)
        Of the coordinates in which distances are measured.
    centers : ndarray of shape (n_terms, n_features)
        ``c_m``, in these coordinates.
    width : float
        ``w``.

    Examples
    --------
    >>> basis = RadialBasis(np.zeros(2), np.ones(2), np.array([[0.0, 0.0], [1.0, 0.0]]), 1.0)
    >>> basis.evaluate(torch.tensor([[0.0], [0.0]])).values.ravel()
    tensor([1.0000, 0.6065])
    """

    origin: np.ndarray
    unit: np.ndarray
    centers: np.ndarray
    width: float

    @classmethod
    def of_data(
        cls,
        x: np.ndarray,
        n_terms: int,
        *,
        origin: np.ndarray,
        unit: np.ndarray,
        group: np.ndarray,
        width_factor: float = 2.5,
        seed: int = 0,
    ) -> RadialBasis:
        """Centres by K-means, with their images under a group of symmetries.

        Parameters
        ----------
        x : ndarray of shape (n, n_features)
            Points of the data.
        n_terms : int
            Functions, about as many: a multiple of the size of the group.
        origin, unit : ndarray of shape (n_features,)
            Invariant under the group.
        group : ndarray of shape (n_elements, n_features, n_features)
            Signed permutations.
        width_factor : float
            The width in units of the median distance of a centre from its three nearest neighbours.
        seed : int
            Of K-means.
        """
        y = (x[:: -(-len(x) // _KMEANS_POINTS)] - origin) / unit
        n_orbits = max(1, min(n_terms // len(group), len(y) // 4))
        rng = np.random.default_rng(seed)
        own, _ = kmeans2(y, n_orbits, iter=_KMEANS_ITERATIONS, minit="++", rng=rng)
        centers = np.concatenate([own @ element.T for element in group])
        distances = cKDTree(centers).query(centers, k=min(_NEIGHBOURS + 1, len(centers)))[0]
        distance = np.median(np.reshape(distances, (len(centers), -1))[:, 1:]) if len(centers) > 1 else 1.0
        return cls(origin, unit, centers, float(width_factor * max(distance, 1e-3)))

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.origin.size

    @property
    def n_terms(self) -> int:
        """Number of functions."""
        return len(self.centers)

    def evaluate(self, x: torch.Tensor) -> BasisValues:
        """Values and the parts of their derivatives at ``x`` of shape ``(n_features, n)``."""
        where = (x.dtype, x.device)
        if where not in self._constants:
            self._constants[where] = self._on(*where)
        constants = self._constants[where]
        y = (x - constants.origin) / constants.unit
        # |y − c|² as a product of matrices: c·y less half of both squares.
        exponent = torch.addmm(constants.half_square, constants.centers, y)
        values = exponent.sub_(0.5 * y.square().sum(dim=0)).div_(self.width**2).exp_()
        slope = constants.slope.expand(x.shape)
        return BasisValues(values, -y * slope, slope)

    @cached_property
    def _constants(self) -> dict[tuple[torch.dtype, torch.device], _Constants]:
        """What :meth:`evaluate` needs at every step of a simulation, by type and device."""
        return {}

    def _on(self, dtype: torch.dtype, device: torch.device) -> _Constants:
        def tensor(values: np.ndarray) -> torch.Tensor:
            return torch.as_tensor(values, dtype=dtype, device=device)

        centers, unit = tensor(self.centers), tensor(self.unit)[:, None]
        half_square = -0.5 * centers.square().sum(dim=1, keepdim=True)
        return _Constants(tensor(self.origin)[:, None], unit, centers, half_square, 1.0 / (self.width**2 * unit))

    def differentiate(self, coefficients: np.ndarray, k: int) -> np.ndarray:
        """See :class:`kgmm.langevin.polynomials.BasisValues`; ``(…, n_terms)``."""
        return coefficients * self.centers[:, k]

    def differentiate_values(self, values: torch.Tensor, k: int) -> torch.Tensor:
        """The transpose of :meth:`differentiate`, for values ``(n_terms, n)``."""
        return torch.tensor(self.centers[:, k, None], dtype=values.dtype) * values

    def image(self, source: np.ndarray, sign: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``φ_m(Sᵀ x) = φ_{images_m}(x)`` for ``(S x)_i = sign_i x_source_i``: the function about ``S c_m``."""
        images = cKDTree(self.centers).query(sign * self.centers[:, source])[1]
        return images, np.ones(self.n_terms)
