"""Functions of one variable whose derivatives are splines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from scipy.interpolate import BSpline

_DEGREE = 4  # of the score: the minimiser of a likelihood with the penalty ``∫ (s'')²`` is a spline of this degree


@dataclass(frozen=True)
class SplineFeatures:
    """Antiderivatives of B-splines of degree four, continued beyond the outermost knots by parabolas.

    Attributes
    ----------
    knots
        ``(n_knots,)``, increasing, float64.
    """

    knots: torch.Tensor

    @property
    def n_functions(self) -> int:
        return len(self.knots) - 1 + _DEGREE

    @property
    def n_features(self) -> int:
        return 1

    @cached_property
    def _all_knots(self) -> np.ndarray:
        knots = self.knots.cpu().numpy().astype(float)
        return np.concatenate([[knots[0]] * _DEGREE, knots, [knots[-1]] * _DEGREE])

    @cached_property
    def _pieces(self) -> torch.Tensor:
        """Coefficients of the B-splines in every interval, ``(degree + 1, n_functions, n_intervals)``, highest first.

        The variable is the share of the interval, which single precision holds.
        """
        knots = self.knots.cpu().numpy().astype(float)
        widths = np.diff(knots)[:, None]
        powers = range(_DEGREE, -1, -1)
        scaled = [self.values(knots[:-1], power + 1) * widths**power / math.factorial(power) for power in powers]
        return torch.from_numpy(np.stack(scaled).transpose(0, 2, 1).copy()).to(self.knots.device)

    @cached_property
    def _derived(self) -> sparse.csr_array:
        """Derivatives of the B-splines by those of the next lower degree, ``(n_functions − 1, n_functions)``."""
        knots = self._all_knots[1:-1]
        inverse = _DEGREE / (knots[_DEGREE:] - knots[:-_DEGREE])
        return sparse.diags_array([-inverse, inverse], offsets=[0, 1], shape=(len(inverse), len(inverse) + 1)).tocsr()

    def values(self, x: np.ndarray, derivative: int = 0) -> np.ndarray:
        """The functions, or their derivatives, at points between the outermost knots, ``(n, n_functions)``."""
        spline = BSpline(self._all_knots, np.eye(self.n_functions), _DEGREE)
        if derivative == 0:
            return spline.antiderivative()(x)
        return spline.derivative(derivative - 1)(x)

    def totals(self, x: np.ndarray) -> np.ndarray:
        """Sums of the functions over points between the outermost knots, ``(n_functions,)``."""
        knots = self._all_knots
        extended = np.concatenate([knots[:1], knots, knots[-1:]])
        of_splines = np.asarray(BSpline.design_matrix(x, extended, _DEGREE + 1).sum(axis=0)).ravel()
        # The antiderivative of a B-spline is the sum of all of the next degree from there on.
        widths = (knots[_DEGREE + 1 :] - knots[: -_DEGREE - 1]) / (_DEGREE + 1)
        return widths * np.cumsum(of_splines[::-1])[::-1][1:]

    def sums(self, x: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, ...]:
        points, knots = x[:, 0].double().cpu().numpy(), self._all_knots
        inside = np.clip(points, knots[0], knots[-1])
        first = BSpline.design_matrix(inside, knots, _DEGREE)
        second = BSpline.design_matrix(inside, knots[1:-1], _DEGREE - 1) @ self._derived
        first = first + sparse.diags_array(points - inside) @ second
        linear = second.sum(axis=0) + first.T @ base[:, 0].double().cpu().numpy()
        return torch.from_numpy((first.T @ first).toarray()), torch.from_numpy(np.asarray(linear).ravel())

    def moments(self, *sums: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return sums

    def gradient(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        knots = self.knots.to(x.dtype)
        highest, *rest = torch.einsum("pjk,j->pk", self._pieces.to(weights.dtype), weights).to(x.dtype)
        inside = x[:, 0].clamp(knots[0], knots[-1])
        interval = (torch.bucketize(inside.detach(), knots, right=True) - 1).clamp(0, len(knots) - 2)
        width = (knots[1:] - knots[:-1])[interval]
        share, beyond = (inside - knots[interval]) / width, (x[:, 0] - inside) / width
        value, slope = highest[interval], torch.zeros_like(share)
        for coefficient in rest:
            value, slope = value * share + coefficient[interval], slope * share + value
        return (value + slope * beyond)[:, None]

    def to(self, device: str | torch.device, dtype: torch.dtype) -> SplineFeatures:
        return SplineFeatures(self.knots.to(device))

    def to_variables(self) -> dict:
        return {"knots": ("knot", self.knots.cpu().numpy())}
