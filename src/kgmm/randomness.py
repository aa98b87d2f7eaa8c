"""Random generators from seeds of any kind."""

from __future__ import annotations

import numpy as np
import torch

Seed = int | list[int] | np.random.SeedSequence | np.random.RandomState | np.random.Generator | None


def seed_sequence(seed: Seed) -> np.random.SeedSequence:
    """A seed sequence of its own: spawning from it leaves one that the caller passed as it was.

    A generator gives another sequence at each call, ``None`` fresh entropy.
    """
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    if isinstance(seed, np.random.RandomState):
        seed = seed.randint(2**32, size=4, dtype=np.uint64).tolist()
    elif isinstance(seed, np.random.Generator):
        seed = seed.integers(2**32, size=4).tolist()
    try:
        return np.random.SeedSequence(seed)
    except (TypeError, ValueError):
        raise ValueError(
            f"the seed is {seed!r}: a non-negative integer, a list of them, a NumPy seed sequence or generator, or None"
        ) from None


def torch_generator(seed: Seed, device: str = "cpu") -> torch.Generator:
    """A torch generator with a seed as in :func:`seed_sequence`."""
    state = seed_sequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))
