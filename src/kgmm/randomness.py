"""Random generators from integers and NumPy seed sequences."""

from __future__ import annotations

import numpy as np
import torch

Seed = int | list[int] | np.random.SeedSequence


def seed_sequence(seed: Seed) -> np.random.SeedSequence:
    """A seed sequence of its own: spawning from it leaves one that the caller passed as it was."""
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    return np.random.SeedSequence(seed)


def torch_generator(seed: Seed, device: str = "cpu") -> torch.Generator:
    """A torch generator seeded from an integer or a NumPy seed sequence."""
    state = seed_sequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))
