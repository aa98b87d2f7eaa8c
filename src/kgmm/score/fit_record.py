"""What is known of a fit: its losses along the way, and the state that is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kgmm.score.network import Network

_STANDARD_ERRORS = 2.0
# Called after iterations of a fit with their number and the network as it is then.
Observer = Callable[[int, Network], None]


@dataclass(frozen=True)
class History:
    """Losses of a fit along the way, all ``(n_evaluations,)``.

    Attributes
    ----------
    iteration
        Iterations or batches made.
    loss
        On the points of the fit; that of L-BFGS includes the prior.
    validation_loss
        On the held-out fold, NaN where there is none.
    kept
        Index of the state that was kept.
    """

    iteration: np.ndarray
    loss: np.ndarray
    validation_loss: np.ndarray
    kept: int


@dataclass(frozen=True)
class Fit:
    """A fitted network and the losses on the way to it."""

    network: Network
    history: History


class Record:
    """Losses as they come, and the state to keep: the last that is not worse on the fold than the best.

    Worse means by more than two standard errors of the difference. The fold's targets are noisy and few, so that the
    lowest of many losses alone says little: it is often that of a fit which has hardly begun.
    """

    def __init__(self, fold_losses: Callable[[Network], np.ndarray] | None, patience: int, observe: Observer | None):
        self._fold_losses, self._patience, self._observe = fold_losses, patience, observe
        self._rows: list[tuple[int, float, float]] = []
        self._best = np.array([np.inf])
        self._kept = 0
        self.network: Network | None = None

    def add(self, iteration: int, loss: float, network: Network) -> bool:
        """Notes a state; false once the fold has found as many in a row worse as there is patience."""
        if self._observe is not None:
            self._observe(iteration, network)
        losses = np.array([np.nan]) if self._fold_losses is None else self._fold_losses(network)
        self._rows.append((iteration, loss, float(losses.sum())))
        if self._fold_losses is None or not self._is_worse(losses):
            self.network, self._kept = network, len(self._rows) - 1
        if losses.sum() < self._best.sum():
            self._best = losses
        return len(self._rows) - 1 - self._kept < self._patience

    def _is_worse(self, losses: np.ndarray) -> bool:
        if losses.sum() <= self._best.sum():
            return False
        difference = losses - self._best
        return difference.sum() > _STANDARD_ERRORS * difference.std() * len(difference) ** 0.5

    def fit(self) -> Fit:
        return Fit(self.network, History(*(np.array(column) for column in zip(*self._rows)), self._kept))
