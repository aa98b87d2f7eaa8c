"""Scores that are linear in their coefficients, and what becomes of them where there are no data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from kgmm.score.features import Features, PolynomialFeatures, RadialFeatures
from kgmm.score.splines import SplineFeatures


@dataclass(frozen=True)
class Potential:
    """``f(x) = Σ_j w_j ∇φ_j(x)``, the part of a score beyond that of a Gaussian.

    Polynomials must not be continued where there are no data. Further from the mean than ``reach`` (in the metric of
    ``precision``) ``f`` keeps the value it has where the ray to ``x`` leaves that ellipsoid; further than ``support``
    from every anchor it falls to zero over the same distance again, which leaves the Gaussian. It is never longer than
    ``bound``.

    Attributes
    ----------
    features
        The functions.
    weights
        ``(n_functions,)``.
    precision
        ``(n_features, n_features)``, metric of the ellipsoid.
    reach
        Its radius.
    anchors
        ``(n_anchors, n_features)``, points that the data lie around.
    support
        Distance from them within which there are data.
    bound
        Largest length of ``f``.
    """

    features: Features
    weights: torch.Tensor
    precision: torch.Tensor
    reach: float
    anchors: torch.Tensor
    support: float
    bound: float

    @property
    def parameters(self) -> torch.Tensor:
        """The weights, as :attr:`kgmm.score.network.Network.parameters`."""
        return self.weights

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Values at ``x`` of shape ``(n, n_features)``, same shape."""
        # Reciprocal roots, since differentiating a division loads torch's compiler, for two seconds.
        inverse = ((x @ self.precision) * x).sum(dim=1, keepdim=True).clamp(min=1e-12).rsqrt()
        inside = x * (self.reach * inverse).clamp(max=1.0)
        share = (2.0 - nearest_distance(inside, self.anchors) / self.support).clamp(0.0, 1.0)
        values = self.features.gradient(inside, self.weights)
        inverse = (values * values).sum(dim=1).clamp(min=1e-12).rsqrt()
        return values * (share * (self.bound * inverse).clamp(max=1.0))[:, None]

    def to(self, device: str | torch.device, dtype: torch.dtype = torch.float32) -> Potential:
        """The same potential on another device, in another precision."""
        return replace(
            self,
            features=self.features.to(device, dtype),
            weights=self.weights.to(device, dtype),
            precision=self.precision.to(device, dtype),
            anchors=self.anchors.to(device, dtype),
        )

    def to_variables(self) -> dict:
        """Variables of an xarray dataset from which :meth:`from_dataset` reads the same object."""
        return {
            **self.features.to_variables(),
            "function_weight": ("function", self.weights.cpu().numpy()),
            "metric": (("variable", "other_variable"), self.precision.cpu().numpy()),
            "reach": ((), self.reach),
            "anchor": (("anchor_number", "variable"), self.anchors.cpu().numpy()),
            "support": ((), self.support),
            "bound": ((), self.bound),
        }

    @classmethod
    def from_dataset(cls, dataset) -> Potential:
        """From a dataset that holds :meth:`to_variables`."""

        def tensor(name: str) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(dataset[name].values))

        if "exponents" in dataset:
            exponents = tensor("exponents")
            if (
                exponents.dtype != torch.int64
                or exponents.ndim != 2
                or not 0 <= exponents.min() <= exponents.max() < 64
            ):
                raise ValueError("exponents of the polynomials must be integers from 0 to 63, a row for each function")
            features: Features = PolynomialFeatures(exponents)
        elif "knots" in dataset:
            knots = tensor("knots")
            if knots.dtype != torch.float64 or knots.ndim != 1 or len(knots) < 2 or not (knots.diff() > 0).all():
                raise ValueError("knots of the spline must be at least two increasing numbers of double precision")
            features = SplineFeatures(knots)
        else:
            features = RadialFeatures(tensor("radial_center"), float(dataset["radial_width"]))
        numbers = {name: float(dataset[name]) for name in ("reach", "support", "bound")}
        if min(numbers.values()) <= 0:
            raise ValueError(f"{', '.join(numbers)} are {', '.join(map(str, numbers.values()))}: they must be positive")
        found = cls(features, tensor("function_weight"), tensor("metric"), anchors=tensor("anchor"), **numbers)
        d = found.n_features
        if found.anchors.ndim != 2 or found.anchors.shape[1] != d or found.precision.shape != (d, d):
            raise ValueError("the anchors or the metric of the potential have another number of variables than it has")
        # A look at one point tells whether functions and weights fit together.
        try:
            found(torch.zeros(1, d, dtype=found.weights.dtype))
        except RuntimeError as error:
            raise ValueError("the parts of the potential have shapes or precisions that do not fit together") from error
        return found

    @property
    def n_features(self) -> int:
        """Number of variables."""
        return self.features.n_features


def nearest_distance(x: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """Distance of each row of ``x`` to the nearest anchor, ``(n,)``."""
    scores = torch.addmm((anchors * anchors).sum(dim=1)[:, None], anchors, x.T, alpha=-2.0)
    return ((x * x).sum(dim=1) + scores.amin(dim=0)).clamp(min=1e-12).sqrt()
