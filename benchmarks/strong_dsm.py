"""Denoising score matching at its best: what `estimator_table.py` compares with.

The network, the Gaussian baseline with full covariance and the held-out samples are those of ``kgmm.fit_score``. AdamW
on one cycle of the rate, antithetic draws, an exponential average of the weights beside the last ones, and of all
states along the way the one of least held-out denoising loss. The caller chooses steps and decay with hindsight, by the
true error, which no user could: a baseline stronger than any that can be run.
"""

from __future__ import annotations

import numpy as np
import torch

from kgmm.data.standardization import Standardization
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network

RATE, BATCH, EVALUATIONS, LONGEST_MEMORY = 4e-3, 1024, 20, 0.99


def fit_dsm(X: np.ndarray, sigma: float, steps: int, decay: float, seed: int, hidden=(128, 64)) -> ScoreModel:
    standardization = Standardization.of(X)
    samples = torch.tensor(standardization.forward(X), dtype=torch.float32)
    n, d = samples.shape
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(n, generator=generator)
    held_out, training = samples[order[: min(n // 10, 10_000)]], samples[order[min(n // 10, 10_000) :]]
    covariance = (samples.T @ samples / n).double()
    precision = torch.linalg.inv(covariance + sigma**2 * torch.eye(d, dtype=torch.float64))
    pull = precision.float()

    def pairs(mu: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        z = torch.empty_like(mu).normal_(generator=generator)
        x, z = torch.cat([mu + sigma * z, mu - sigma * z]), torch.cat([z, -z])
        return x, sigma * (x @ pull) - z

    held_x, held_target = pairs(held_out)
    network = Network.random((d, *hidden, d), seed)
    parameters = network.parameters.clone().requires_grad_()
    average = parameters.detach().clone()
    optimizer = torch.optim.AdamW([parameters], lr=RATE, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    best, kept = np.inf, average
    for step in range(1, steps + 1):
        x, target = pairs(training[torch.randint(len(training), (BATCH // 2,), generator=generator)])
        loss = ((network.with_parameters(parameters)(x) - target) ** 2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.lerp_(parameters.detach(), 1.0 - min(LONGEST_MEMORY, step / (step + 9)))
        if step % max(1, steps // EVALUATIONS) == 0:
            for state in (parameters.detach(), average):
                with torch.no_grad():
                    found = float(((network.with_parameters(state)(held_x) - held_target) ** 2).sum(dim=1).mean())
                if found < best:
                    best, kept = found, state.clone()
    fitted = network.with_parameters(kept)
    return ScoreModel(fitted, 1.0 / sigma, sigma, standardization, precision=precision.numpy(), method="dsm")
