"""Seeds that depend on what is computed, and not on the order of jobs, retries, or rows added later."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_sequence(base_seed: int, stage: str, key: str) -> np.random.SeedSequence:
    """Seed of one task: ``base_seed`` and a stable hash of stage and key."""
    digest = hashlib.sha256(f"{stage}/{key}".encode()).digest()
    words = np.frombuffer(digest[:16], dtype="<u4")
    return np.random.SeedSequence([base_seed, *(int(word) for word in words)])
