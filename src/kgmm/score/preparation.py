"""What a KGMM estimate begins with: the size of the cells, and the partition."""

from __future__ import annotations

import numpy as np
import torch

from kgmm.data.blocks import effective_sizes
from kgmm.data.observation import MIN_SAMPLES_PER_CELL, smallest_min_probability
from kgmm.data.standardization import Standardization, StandardizedSamples
from kgmm.score.partition import Partition, bisect

_SAMPLES_FOR_PARTITION = 250_000


def default_min_probability(effective_size: float, sigma: float, n_features: int) -> float:
    """``p_min`` for data of that effective size.

    Twenty independent samples per cell, and no cell smaller than the noise, since neighbours would hold the same
    samples; within 0.0005 and 0.05. Standardised data extend over about four deviations.
    """
    of_noise = 0.7 * (sigma / 4.0) ** n_features
    return float(min(0.05, max(5e-4, of_noise, 20.0 / effective_size)))


def choose_min_probability(requested: float | None, X, standardization: Standardization, sigma: float) -> float:
    """``p_min`` as requested, or the default; ``ValueError`` if it is finer than the samples can fill."""
    least = smallest_min_probability(X.shape[0])
    if requested is None:
        independent = effective_sizes(X, standardization).min()
        return max(least, default_min_probability(independent, sigma, X.shape[1]))
    if requested < least:
        raise ValueError(
            f"min_probability is {requested:g}: {X.shape[0]} samples allow no less than {least:g} "
            f"({MIN_SAMPLES_PER_CELL} samples per cell)"
        )
    return requested


def build_partition(
    samples: StandardizedSamples, sigma: float, min_probability: float, generator: torch.Generator
) -> Partition:
    """The tree of one noisy draw, from as many samples as its cells need."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    size = max(_SAMPLES_FOR_PARTITION, round(100 / min_probability))
    chosen = samples.choose(size, np.random.default_rng(seed))
    noise = torch.empty_like(chosen).normal_(generator=generator)
    return bisect(chosen + sigma * noise, max_mass=2 * min_probability)
