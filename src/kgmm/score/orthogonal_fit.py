"""Fits of a network to batches as they come, by orthogonalised momentum."""

from __future__ import annotations

import numpy as np
import torch

from kgmm.progress import Progress
from kgmm.score.network import Network
from kgmm.score.orthogonal_momentum import OrthogonalMomentum
from kgmm.score.training import Batch, Fit, History

_WARM_UP = 0.1  # share of the steps over which the rate rises
_COOL_DOWN = 0.7  # share of the steps over which it falls to zero


def rate_share(step: int, steps: int) -> float:
    """Share of the largest rate at a step, counted from 1: it rises, stays, and falls to zero."""
    return min(1.0, step / max(10.0, _WARM_UP * steps)) * min(1.0, (1.0 - (step - 1) / steps) / _COOL_DOWN)


def fit_orthogonal(start: Network, batch: Batch, *, steps: int, rate: float = 0.03) -> Fit:
    """Fits a network to points ``(n, n_in)`` and targets ``(n, n_out)``, the last state being the result.

    Parameters
    ----------
    start : Network
    batch : callable
        Gives points and targets.
    steps : int
    rate : float
        The largest in the cycle.

    Raises
    ------
    ValueError
        If there are no steps.

    Examples
    --------
    >>> x = torch.linspace(-1, 1, 50)[:, None]
    >>> fit = fit_orthogonal(Network.random((1, 16, 1), seed=0), lambda: (x, x**2), steps=200)
    >>> bool((fit.network(x) - x**2).square().mean() < 1e-3)
    True
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}: at least 1 is needed")
    parameters = [part.clone().requires_grad_() for layer in start.layers for part in layer]
    optimizer = OrthogonalMomentum([p.data for p in parameters])
    every, rows, recent = max(1, steps // 100), [], []

    def network() -> Network:
        return type(start)(tuple(zip(parameters[::2], parameters[1::2])))

    with Progress("fitting the network", steps, "steps") as progress:
        for step in range(1, steps + 1):
            x, y = batch()
            loss = ((network()(x) - y) ** 2).sum(dim=1).mean()
            # The bias of a potential does not move its gradient.
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
            optimizer.step(gradients, rate * rate_share(step, steps))
            recent.append(loss.detach())
            progress.update(1)
            if len(recent) == every or step == steps:
                rows.append((step, float(torch.stack(recent).mean()), np.nan))
                recent.clear()
    final = type(start)(tuple((w.detach(), b.detach()) for w, b in network().layers))
    return Fit(final, History(*(np.array(column) for column in zip(*rows)), len(rows) - 1))
