"""Comparison of fitted scores at held-out samples, without the exact score."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

Score = Callable[[torch.Tensor], torch.Tensor]
_ROWS_AT_ONCE = 8192


class HeldOutLoss(NamedTuple):
    """Hyvärinen's loss of a score at held-out samples.

    Attributes
    ----------
    losses
        ``½|s|² + ∇·s`` at every sample, ``(n,)``, float64.
    values
        The score there, ``(n, n_features)``.
    """

    losses: torch.Tensor
    values: torch.Tensor

    @classmethod
    def of(cls, score: Score, x: torch.Tensor) -> HeldOutLoss:
        """The divergence is exact, by forward-mode differentiation."""
        losses, values = [], []
        for rows in x.split(_ROWS_AT_ONCE):
            divergence = torch.zeros(rows.shape[0], dtype=torch.float64, device=x.device)
            for k in range(x.shape[1]):
                direction = torch.zeros_like(rows)
                direction[:, k] = 1.0
                value, derivative = torch.func.jvp(score, (rows,), (direction,))
                divergence += derivative[:, k].double()
            losses.append(0.5 * value.double().square().sum(dim=1) + divergence)
            values.append(value.double())
        return cls(torch.cat(losses), torch.cat(values))

    @property
    def mean(self) -> float:
        """The loss: half the mean square error of the score, but for a constant that only the density decides."""
        return float(self.losses.mean())


class Comparison(NamedTuple):
    """How two scores ``a`` and ``b`` differ at the same held-out samples.

    Attributes
    ----------
    difference
        Loss of ``a`` less that of ``b``.
    stderr
        Its standard error, samples taken as independent.
    distance
        ``E|a − b|²``.
    """

    difference: float
    stderr: float
    distance: float

    @classmethod
    def of(cls, a: HeldOutLoss, b: HeldOutLoss) -> Comparison:
        """Paired, sample by sample."""
        difference = a.losses - b.losses
        stderr = float(difference.std()) / len(difference) ** 0.5
        return cls(float(difference.mean()), stderr, float((a.values - b.values).square().sum(dim=1).mean()))

    @property
    def squared_errors(self) -> tuple[float, float]:
        """``E|a − s|²`` and ``E|b − s|²``, if the errors of the two are uncorrelated.

        The loss gives their difference exactly, ``2 E[L_a − L_b]``; uncorrelated errors add up to ``E|a − b|²``.
        """
        half = 0.5 * self.distance
        return max(0.0, half + self.difference), max(0.0, half - self.difference)
