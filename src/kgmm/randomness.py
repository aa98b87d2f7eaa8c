"""Random generators from NumPy seed sequences."""

from __future__ import annotations

import numpy as np
import torch


def torch_generator(seed: int | np.random.SeedSequence, device: str = "cpu") -> torch.Generator:
    """A torch generator seeded from an integer or a NumPy seed sequence."""
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    return torch.Generator(device).manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))
