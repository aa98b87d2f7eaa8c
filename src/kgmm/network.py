"""A multilayer perceptron with SiLU hidden layers, and its fit to weighted points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from kgmm.errors import ScientificFailure
from kgmm.progress import Progress

_ITERATIONS_PER_CALL = 10


@dataclass(frozen=True)
class Network:
    """``f(x) = W_k silu(… silu(W_1 x + b_1) …) + b_k``.

    ``layers`` holds the pairs ``(W, b)`` of shapes ``(n_out, n_in)`` and ``(n_out,)``.
    """

    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    @classmethod
    def random(cls, sizes: Sequence[int], seed: int) -> Network:
        """Weights uniform in ``±1/√n_in`` (LeCun et al. 1998, as torch's linear layers), float32."""
        generator = torch.Generator().manual_seed(seed)
        layers = []
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            bound = n_in**-0.5
            weight = torch.empty(n_out, n_in).uniform_(-bound, bound, generator=generator)
            bias = torch.empty(n_out).uniform_(-bound, bound, generator=generator)
            layers.append((weight, bias))
        return cls(tuple(layers))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Values at ``x`` of shape ``(n, n_in)``, shape ``(n, n_out)``."""
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            # In place: the product is this function's own, and a second buffer would halve the cache.
            x = functional.silu(torch.addmm(b, x, w.T), inplace=not torch.is_grad_enabled())
        return torch.addmm(bias, x, weight.T)

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(weight.shape[0] for weight, _ in self.layers[:-1])


@dataclass(frozen=True)
class Fit:
    """A fitted network and the history of its loss, one entry per ``iterations`` entry."""

    network: Network
    iterations: np.ndarray
    loss: np.ndarray


def fit_network(
    points: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    *,
    hidden: Sequence[int] = (128, 64),
    noise_fraction: float = 0.0,
    prior_precision: float = 0.1,
    max_iterations: int = 400,
    seed: int = 0,
    device: str = "cpu",
) -> Fit:
    """Fits a network to ``targets`` at ``points`` by full-batch L-BFGS with a strong Wolfe line search.

    The loss is ``Σ w |f(x) − y|² + λ |θ|²`` with ``Σ w = 1`` and ``λ = prior_precision · noise_fraction / n_points``:
    the maximum a posteriori estimate under a normal prior of that precision on the parameters, given the measured
    noise of the targets. Noisy targets are smoothed and quiet ones are not, without a held-out set, which a few dozen
    cells could not afford.

    Parameters
    ----------
    points : ``(n_points, n_features)``; targets : ``(n_points, n_outputs)``, of the order of one.
    weights : ``(n_points,)``, non-negative.
    noise_fraction : variance of the targets' noise over their mean square.
    device : ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    ValueError for unusable shapes, ScientificFailure if the fit does not lower its loss.
    """
    if points.shape[0] != targets.shape[0] or weights.shape != (points.shape[0],):
        raise ValueError(
            f"points {points.shape}, targets {targets.shape} and weights {weights.shape} must agree in their first axis"
        )
    if not len(hidden) or min(hidden) < 1:
        raise ValueError(f"hidden is {tuple(hidden)}: at least one layer of positive width is needed")
    if max_iterations < 1:
        raise ValueError(f"max_iterations is {max_iterations}: at least 1 is needed")
    x, y, w = (
        torch.as_tensor(a, dtype=torch.float32, device=device) for a in (points, targets, weights / weights.sum())
    )
    w = w[:, None]
    start = Network.random((points.shape[1], *hidden, targets.shape[1]), seed)
    layers = tuple((a.to(device).requires_grad_(), b.to(device).requires_grad_()) for a, b in start.layers)
    network = Network(layers)
    parameters = [p for layer in layers for p in layer]
    decay = prior_precision * noise_fraction / points.shape[0]
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=_ITERATIONS_PER_CALL,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
    )

    def misfit() -> torch.Tensor:
        return (w * (network(x) - y) ** 2).sum()

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = misfit() + decay * sum((p * p).sum() for p in parameters)
        loss.backward()
        return loss

    iterations, history = [0], [float(misfit().detach())]
    with Progress("fitting the network", max_iterations, "iterations") as progress:
        while iterations[-1] < max_iterations:
            optimizer.step(closure)
            done = optimizer.state[parameters[0]]["n_iter"]
            progress.update(done - iterations[-1])
            if done == iterations[-1]:
                break  # the line search finds no further descent in this precision
            iterations.append(done)
            history.append(float(misfit().detach()))
    if not history[-1] < history[0]:
        raise ScientificFailure(f"the network's loss did not fall: {history[0]:.3g} before, {history[-1]:.3g} after")
    fitted = Network(tuple((a.detach().cpu(), b.detach().cpu()) for a, b in layers))
    return Fit(fitted, np.array(iterations), np.array(history))
