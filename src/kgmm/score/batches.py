"""Fits of a network to batches of points as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from kgmm.progress import Progress
from kgmm.score.fit_record import Fit, Observer, Record
from kgmm.score.network import Network
from kgmm.score.options import LEARNING_RATES, NetworkOptions
from kgmm.score.orthogonal_momentum import COOL_DOWN, OrthogonalMomentum, rate_share

_DEFAULTS = NetworkOptions()
_EVALUATIONS = 100
Batch = Callable[[], tuple[torch.Tensor, torch.Tensor]]
MakeUpdate = Callable[[list[torch.Tensor]], Callable[[Sequence[torch.Tensor]], None]]


def batches_by_weight(x: torch.Tensor, y: torch.Tensor, w: torch.Tensor, batch_size: int, seed: int) -> Batch:
    """Batches of points ``x`` and targets ``y`` that are drawn by weight."""
    generator = torch.Generator(x.device).manual_seed(seed)
    cumulated = w.double().cumsum(0)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        uniform = torch.rand(batch_size, dtype=torch.float64, generator=generator, device=x.device)
        chosen = torch.searchsorted(cumulated, uniform * cumulated[-1]).clamp_(max=len(w) - 1)
        return x[chosen], y[chosen]

    return batch


def fit_batches(
    start: Network,
    batch: Batch,
    *,
    optimizer: str = "adam",
    steps: int = _DEFAULTS.steps,
    learning_rate: float | None = _DEFAULTS.learning_rate,
    device: str = "cpu",
    observe: Observer | None = None,
) -> Fit:
    """Fits a network to batches as they come, the last state being the result.

    Parameters
    ----------
    start : Network
    batch : callable
        Gives points ``(n, n_in)`` and targets ``(n, n_out)`` on the device.
    optimizer : str
        ``"adam"``, with one cycle of the learning rate (Smith & Topin 2018), or ``"orthogonal"``, see
        :class:`kgmm.score.orthogonal_momentum.OrthogonalMomentum`.
    steps : int
    learning_rate : float, optional
        The largest in the cycle; 0.004 or 0.03 if there is none.
    device : str
    observe : callable, optional
        See :data:`kgmm.score.fit_record.Observer`.

    Raises
    ------
    ValueError
        For unusable arguments.

    Examples
    --------
    >>> x = torch.linspace(-1, 1, 50)[:, None]
    >>> start = Network.random((1, 16, 1), seed=0)
    >>> fit = fit_batches(start, lambda: (x, x**2), optimizer="orthogonal", steps=200)
    >>> bool((fit.network(x) - x**2).square().mean() < 1e-3)
    True
    """
    NetworkOptions.checked(steps=steps, learning_rate=learning_rate)
    record = Record(None, 1, observe)
    run_batches(record, start, batch, update_of(optimizer, steps, learning_rate), steps=steps, device=device)
    return record.fit()


def update_of(optimizer: str, steps: int, rate: float | None) -> MakeUpdate:
    """The optimiser of that name, ``"adam"`` or ``"orthogonal"``, with its own rate if there is none."""
    if optimizer not in _UPDATES:
        raise ValueError(f"optimizer is {optimizer!r}: it should be {' or '.join(map(repr, _UPDATES))}")
    return partial(_UPDATES[optimizer], steps=steps, rate=rate or LEARNING_RATES[optimizer])


def run_batches(
    record: Record,
    start: Network,
    batch: Batch,
    make_update: MakeUpdate,
    *,
    steps: int,
    device: str,
    penalty: float = 0.0,
    evaluations: int = _EVALUATIONS,
) -> None:
    """The steps of a fit, noted in ``record``; ``penalty`` times ``|θ|²`` is added to the loss."""
    parameters = [part.detach().to(device).clone().requires_grad_() for layer in start.layers for part in layer]
    update = make_update(parameters)

    def network(parts: Sequence[torch.Tensor]) -> Network:
        return type(start)(tuple(zip(parts[::2], parts[1::2])))

    every, recent = max(1, steps // evaluations), []
    with Progress("fitting the network", steps, "steps") as progress:
        for step in range(1, steps + 1):
            x, y = batch()
            loss = ((network(parameters)(x) - y) ** 2).sum(dim=1).mean()
            total = loss + penalty * sum(p.square().sum() for p in parameters) if penalty else loss
            # The bias of a potential does not move its gradient.
            update(torch.autograd.grad(total, parameters, allow_unused=True, materialize_grads=True))
            recent.append(loss.detach())
            progress.update(1)
            if len(recent) == every or step == steps:
                state = network([p.detach().cpu().clone() for p in parameters])
                if not record.add(step, float(torch.stack(recent).mean()), state):
                    return
                recent.clear()


class _Adam:
    def __init__(self, parameters: list[torch.Tensor], steps: int, rate: float):
        self._parameters = parameters
        self._optimizer = torch.optim.Adam(parameters, lr=rate)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, rate, total_steps=steps)

    def __call__(self, gradients: Sequence[torch.Tensor]) -> None:
        for parameter, gradient in zip(self._parameters, gradients):
            parameter.grad = gradient
        self._optimizer.step()
        self._schedule.step()


class Orthogonal:
    """Steps of :class:`kgmm.score.orthogonal_momentum.OrthogonalMomentum` at its rates."""

    def __init__(
        self,
        parameters: list[torch.Tensor],
        steps: int,
        rate: float,
        decay: float = 0.0,
        cool_down: float = COOL_DOWN,
    ):
        self._optimizer = OrthogonalMomentum([p.data for p in parameters])
        self._rate, self._decay, self._made = rate, decay, 0
        self._share = partial(rate_share, steps=steps, cool_down=cool_down)

    def __call__(self, gradients: Sequence[torch.Tensor]) -> None:
        self._made += 1
        self._optimizer.step(gradients, self._rate * self._share(self._made), self._decay)


_UPDATES = {"adam": _Adam, "orthogonal": Orthogonal}
