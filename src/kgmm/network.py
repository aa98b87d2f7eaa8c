"""A multilayer perceptron with SiLU hidden layers, and its fit to weighted points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits
from torch.nn import functional

from kgmm.errors import ScientificFailure
from kgmm.progress import Progress

_OPTIMIZERS = ("lbfgs", "adam")


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
        for n_in, n_out in pairwise(sizes):
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
    def parameters(self) -> torch.Tensor:
        """All weights and biases in one vector."""
        return torch.cat([part.flatten() for layer in self.layers for part in layer])

    def with_parameters(self, parameters: torch.Tensor) -> Network:
        """The network of the same shape whose weights and biases are views of ``parameters``."""
        layers, start = [], 0
        for weight, bias in self.layers:
            middle, stop = start + weight.numel(), start + weight.numel() + bias.numel()
            layers.append((parameters[start:middle].view(weight.shape), parameters[middle:stop]))
            start = stop
        return Network(tuple(layers))

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(weight.shape[0] for weight, _ in self.layers[:-1])


@dataclass(frozen=True)
class Fit:
    """A fitted network and its loss after each iteration."""

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
    optimizer: str = "lbfgs",
    max_iterations: int = 400,
    steps: int = 6000,
    batch_size: int = 1024,
    learning_rate: float = 4e-3,
    seed: int = 0,
    device: str = "cpu",
) -> Fit:
    """Fits a network to ``targets`` at ``points``.

    The loss is ``Σ w |f(x) − y|² + λ |θ|²`` with ``Σ w = 1`` and ``λ = prior_precision · noise_fraction / n_points``:
    the maximum a posteriori estimate under a normal prior of that precision on the parameters, given the measured
    noise of the targets. Noisy targets are smoothed and quiet ones are not, without a held-out set, which a few dozen
    cells could not afford.

    Parameters
    ----------
    points : ``(n_points, n_features)``; targets : ``(n_points, n_outputs)``, of the order of one.
    weights : ``(n_points,)``, non-negative.
    noise_fraction : variance of the targets' noise over their mean square.
    optimizer : ``"lbfgs"``, full batches for at most ``max_iterations``: best for up to some ten thousand points. Or
        ``"adam"``, ``steps`` batches of ``batch_size`` points drawn by weight, its rate rising to ``learning_rate`` and
        falling to zero (one cycle): better where the function is so rich that L-BFGS does not converge.
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
    if optimizer not in _OPTIMIZERS:
        raise ValueError(f"optimizer is {optimizer!r}: it must be one of {', '.join(_OPTIMIZERS)}")
    x, y, w = (
        torch.as_tensor(a, dtype=torch.float32, device=device) for a in (points, targets, weights / weights.sum())
    )
    start = Network.random((points.shape[1], *hidden, targets.shape[1]), seed)
    decay = prior_precision * noise_fraction / points.shape[0]
    if optimizer == "lbfgs":
        fit = _fit_lbfgs(start, x, y, w, decay, max_iterations)
    else:
        if steps < 2 or batch_size < 1:
            raise ValueError(f"steps is {steps} and batch_size {batch_size}: at least 2 and 1 are needed")
        generator = torch.Generator(device).manual_seed(seed)
        cumulated = w.double().cumsum(0)

        def batch() -> tuple[torch.Tensor, torch.Tensor]:
            uniform = torch.rand(batch_size, dtype=torch.float64, generator=generator, device=device)
            chosen = torch.searchsorted(cumulated, uniform * cumulated[-1]).clamp_(max=len(w) - 1)
            return x[chosen], y[chosen]

        fit = fit_adam(start, batch, decay=decay, steps=steps, learning_rate=learning_rate, device=device)
    if not fit.loss[-1] < fit.loss[0]:
        raise ScientificFailure(f"the network's loss did not fall: {fit.loss[0]:.3g} before, {fit.loss[-1]:.3g} after")
    return fit


def _fit_lbfgs(
    start: Network, x: torch.Tensor, y: torch.Tensor, w: torch.Tensor, decay: float, max_iterations: int
) -> Fit:
    w = w[:, None]
    iterations, history = [0], []

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = torch.from_numpy(flat).to(x.device, torch.float32).requires_grad_()
        loss = (w * (start.with_parameters(parameters)(x) - y) ** 2).sum() + decay * parameters.square().sum()
        loss.backward()
        return loss.item(), parameters.grad.double().cpu().numpy()

    with Progress("fitting the network", max_iterations, "iterations") as progress:

        def note(intermediate_result) -> None:
            iterations.append(len(iterations))
            history.append(float(intermediate_result.fun))
            progress.update(1)

        first = start.parameters.double().numpy()
        history.append(loss_and_gradient(first)[0])
        # SciPy's optimiser and not torch's: the first step of torch.optim imports its compiler, which takes seconds.
        # The gradient is single precision, so neither tolerance may be finer than that.
        options = {"maxiter": max_iterations, "maxfun": 4 * max_iterations, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-8}
        # One BLAS thread: its short vector operations between torch's make the two thread pools wait for each other.
        with threadpool_limits(1, user_api="blas"):
            result = minimize(loss_and_gradient, first, method="L-BFGS-B", jac=True, callback=note, options=options)
    return Fit(start.with_parameters(torch.from_numpy(result.x).float()), np.array(iterations), np.array(history))


def fit_adam(
    start: Network,
    batch: Callable[[], tuple[torch.Tensor, torch.Tensor]],
    *,
    decay: float = 0.0,
    steps: int = 6000,
    learning_rate: float = 4e-3,
    device: str = "cpu",
) -> Fit:
    """Adam with one cycle of the learning rate (Smith & Topin 2018) on batches as they come.

    Parameters
    ----------
    start : where to begin; batch : gives points ``(n, n_in)`` and targets ``(n, n_out)`` on the device.
    decay : of the squared parameters in the loss. The history holds the mean loss of every hundredth part.
    """
    parameters = start.parameters.to(device).requires_grad_()
    optimizer = torch.optim.Adam([parameters], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=max(steps, 2))
    every = max(1, steps // 100)
    iterations, history, recent = [], [], []
    with Progress("fitting the network", steps, "steps") as progress:
        for step in range(steps):
            x, y = batch()
            loss = ((start.with_parameters(parameters)(x) - y) ** 2).sum(dim=1).mean()
            optimizer.zero_grad()
            (loss + decay * parameters.square().sum()).backward()
            optimizer.step()
            schedule.step()
            recent.append(loss.detach())
            progress.update(1)
            if len(recent) == every or step == steps - 1:
                iterations.append(step + 1)
                history.append(float(torch.stack(recent).mean()))
                recent.clear()
    fitted = start.with_parameters(parameters.detach().cpu())
    return Fit(fitted, np.array(iterations), np.array(history))
