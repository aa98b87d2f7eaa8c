"""A network fitted to all samples by their denoising loss, stopped by that of held-out samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from kgmm.errors import ScientificFailure
from kgmm.score.batches import Orthogonal, run_batches
from kgmm.score.fit_record import Fit, Record
from kgmm.score.gradient_network import GradientNetwork
from kgmm.score.network import Network
from kgmm.score.orthogonal_momentum import COOL_DOWN

HIDDEN = (64, 64, 64)  # measured, see docs/score-research.md
_EVALUATIONS = 12
_FEW_SAMPLES = 30_000
# Small samples are seen no more often than large ones: small batches let the fit pass as many steps over fewer of them.
_BATCH_OF_FEW, _COOL_DOWN_OF_FEW = 512, COOL_DOWN
# Large batches at the end, where the noise of the gradient is what is left; many variables need them at the start too.
_PHASES, _FIRST_PER_VARIABLE, _BATCHES, _COOL_DOWN = (0.5, 0.8, 1.0), 64, (256, 1024, 4096), 0.4
_RATE = 0.03
_PATIENCE = 4


def fit_denoising(
    samples: torch.Tensor,
    held_out: torch.Tensor,
    precision: torch.Tensor,
    *,
    sigma: float,
    residual_scale: float,
    hidden: Sequence[int] = HIDDEN,
    steps: int = 1000,
    decay: float = 0.01,
    signs: bool = False,
    seed: int = 0,
) -> Fit:
    """Fits ``∇ψ`` of the score ``−P x + c ∇ψ(x)`` by denoising score matching.

    Batches hold antithetic pairs ``μ ± σ z``; the loss per sample is ``σ² |c ∇ψ(x) − P x + z/σ|²``. On the held-out
    samples every state has the same noise, and the last is kept that is not worse there than the best.

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
        Widths of the hidden layers of ``ψ``.
    steps, decay
        Batches, and the decay of the weights.
    signs
        Noise of ``±1`` in every variable in the place of normal noise: ``zᵀ J z``, which the pairs estimate, varies
        less by the diagonal of the Jacobian. The score is that of the samples up to ``σ²`` as with normal noise, but
        not that of normally blurred samples.
    seed
        Of initial weights and noise.

    Raises
    ------
    ScientificFailure
        If the loss is not finite.

    Examples
    --------
    >>> x = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
    >>> fit = fit_denoising(x[:1800], x[1800:], torch.eye(2), sigma=0.05, residual_scale=1.0, steps=100)
    >>> bool(fit.network(x).square().mean() < 0.2)
    True
    """
    generator = torch.Generator(samples.device).manual_seed(seed)

    def pairs(mu: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        z = torch.empty_like(mu).normal_(generator=generator)
        z = z.sign() if signs else z
        x, z = torch.cat([mu + sigma * z, mu - sigma * z]), torch.cat([z, -z])
        return x, (x @ precision - z / sigma) / residual_scale

    few = len(samples) < _FEW_SAMPLES
    sizes = iter([_BATCH_OF_FEW] * steps if few else growing_batches(samples.shape[1], steps))

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        n_pairs = next(sizes) // 2
        return pairs(samples[torch.randint(len(samples), (n_pairs,), generator=generator, device=samples.device)])

    record = Record(_losses_of_pairs(*pairs(held_out)), _PATIENCE, None)
    start = GradientNetwork.random((samples.shape[1], *hidden, 1), seed)
    cool_down = _COOL_DOWN_OF_FEW if few else _COOL_DOWN
    update = partial(Orthogonal, steps=steps, rate=_RATE, decay=decay, cool_down=cool_down)
    run_batches(record, start, batch, update, steps=steps, evaluations=_EVALUATIONS, device=str(samples.device))
    fit = record.fit()
    losses = fit.history.validation_loss
    if not np.isfinite(losses).all():
        raise ScientificFailure(f"the network's loss is {losses[-1]} after {fit.history.iteration[-1]} steps")
    unit = (sigma * residual_scale) ** 2
    history = replace(fit.history, loss=unit * fit.history.loss, validation_loss=unit * losses)
    return Fit(fit.network, history)


def growing_batches(n_features: int, steps: int) -> list[int]:
    """Samples in the batch of each step, in three phases."""
    first = min(max(_BATCHES[0], _FIRST_PER_VARIABLE * n_features), _BATCHES[1])
    sizes, ends = (first, *_BATCHES[1:]), [round(share * steps) for share in _PHASES]
    return [size for size, begin, end in zip(sizes, [0, *ends], ends) for _ in range(begin, end)]


def _losses_of_pairs(x: torch.Tensor, target: torch.Tensor) -> Callable[[Network], np.ndarray]:
    """A function that gives the share of each antithetic pair in the mean loss of a network."""
    n_pairs = len(x) // 2

    @torch.no_grad()
    def losses(network: Network) -> np.ndarray:
        squares = ((network.to(x.device)(x) - target) ** 2).sum(dim=1).double().view(2, n_pairs)
        return (squares.mean(dim=0) / n_pairs).cpu().numpy()

    return losses
