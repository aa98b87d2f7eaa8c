"""A network fitted to all samples by their denoising loss, stopped by that of held-out samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from kgmm.errors import ScientificFailure
from kgmm.progress import Progress
from kgmm.score.fit_record import Fit, History
from kgmm.score.network import Network
from kgmm.score.orthogonal_momentum import OrthogonalMomentum, rate_share

_EVALUATIONS = 12
_OUTPUT_SCALE = 0.1  # of the last layer's initial weights: the fit starts near the base


def fit_denoising(
    samples: torch.Tensor,
    held_out: torch.Tensor,
    precision: torch.Tensor,
    *,
    sigma: float,
    residual_scale: float,
    hidden: Sequence[int] = (128, 64),
    steps: int = 1000,
    batch_size: int = 1024,
    rate: float = 0.03,
    decay: float = 0.01,
    patience: int = 4,
    seed: int = 0,
) -> Fit:
    """Fits ``f`` of the score ``−P x + c f(x)`` by denoising score matching.

    Batches hold antithetic pairs ``μ ± σ z``; the loss per sample is ``σ² |c f(x) − P x + z/σ|²``. The state of least
    loss on the held-out samples, with one common draw of noise, is kept.

    Parameters
    ----------
    samples, held_out
        ``(n, n_features)`` in standardised coordinates, float32, on one device.
    precision
        ``P``, ``(n_features, n_features)``.
    sigma
        Noise amplitude.
    residual_scale
        ``c``.
    hidden
        Widths of the hidden layers; steps, batch_size, rate, decay : of the optimiser.
    patience
        Evaluations in a row without a lower held-out loss, after which the fit stops.
    seed
        Of initial weights and noise.

    Raises
    ------
    ScientificFailure
        If the loss is not finite.
    """
    device, d = samples.device, samples.shape[1]
    generator = torch.Generator(device).manual_seed(seed)
    start = Network.random((d, *hidden, d), seed).to(device)
    parameters = [part.clone() for layer in start.layers for part in layer]
    parameters[-2].mul_(_OUTPUT_SCALE)
    parameters = [p.requires_grad_() for p in parameters]
    optimizer = OrthogonalMomentum([p.data for p in parameters])
    held_x, held_target = _pairs(held_out, sigma, precision, residual_scale, generator)
    weight = (sigma * residual_scale) ** 2

    def network() -> Network:
        return Network(tuple(zip(parameters[::2], parameters[1::2])))

    rows, best, kept, recent = [], np.inf, 0, []
    state = [p.detach().clone() for p in parameters]
    marks = {round(steps * (k + 1) / _EVALUATIONS) for k in range(_EVALUATIONS)}
    with Progress("refining the network", steps, "steps") as progress:
        for step in range(1, steps + 1):
            chosen = torch.randint(samples.shape[0], (batch_size // 2,), generator=generator, device=device)
            x, target = _pairs(samples[chosen], sigma, precision, residual_scale, generator)
            loss = weight * ((network()(x) - target) ** 2).sum(dim=1).mean()
            gradients = torch.autograd.grad(loss, parameters)
            optimizer.step(gradients, rate * rate_share(step, steps), decay)
            recent.append(loss.detach())
            progress.update(1)
            if step in marks:
                with torch.no_grad():
                    found = weight * float(((network()(held_x) - held_target) ** 2).sum(dim=1).mean())
                if not np.isfinite(found):
                    raise ScientificFailure(f"the network's loss is {found} after {step} steps")
                rows.append((step, float(torch.stack(recent).mean()), found))
                recent = []
                if found < best:
                    best, kept, state = found, len(rows) - 1, [p.detach().clone() for p in parameters]
                elif len(rows) - 1 - kept >= patience:
                    break
    columns = [np.array(column) for column in zip(*rows)]
    return Fit(Network(tuple(zip(state[::2], state[1::2]))), History(*columns, kept))


def _pairs(
    mu: torch.Tensor, sigma: float, precision: torch.Tensor, residual_scale: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Points ``μ ± σ z`` and what ``f`` should be there, both ``(2 n, n_features)``."""
    z = torch.empty_like(mu).normal_(generator=generator)
    x, z = torch.cat([mu + sigma * z, mu - sigma * z]), torch.cat([z, -z])
    return x, (x @ precision - z / sigma) / residual_scale
