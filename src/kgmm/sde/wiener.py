"""Increments of the Wiener process, drawn ahead of the integration on a second thread where there is one."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor

import torch

# Numbers drawn at once: enough that handing them over costs nothing, few enough to stay in the cache.
_NUMBERS_AT_ONCE = 1 << 19
# Operations on more numbers than this are divided over threads by torch itself: a further one would be in their way.
_MAX_PER_THREAD = 32_768


class Increments:
    """Yields ``ΔW ~ N(0, dt)`` of the shape of a state, one after the other.

    The generator is a thread of its own when torch may use more than one and the state is too small for it: numbers
    are half the work of a simple equation. They are the same either way.

    Parameters
    ----------
    like
        A state.
    generator
        Source of the numbers, of the same device.
    dt
        Time step.
    """

    def __init__(self, like: torch.Tensor, generator: torch.Generator, dt: float):
        self._shape = (max(1, _NUMBERS_AT_ONCE // like.numel()), *like.shape)
        self._like, self._generator, self._deviation = like, generator, math.sqrt(dt)
        alone = like.device.type == "cpu" and like.numel() < _MAX_PER_THREAD
        self._ahead = alone and torch.get_num_threads() > 1
        self._pool: ThreadPoolExecutor | None = None
        self._next: Future | None = None
        self._block = self._empty()
        self._other = self._empty() if self._ahead else self._block
        self._used = self._shape[0]

    def _empty(self) -> torch.Tensor:
        return torch.empty(self._shape, dtype=self._like.dtype, device=self._like.device)

    def draw(self) -> torch.Tensor:
        """The next increment; it may be changed in place, and is gone after the next call."""
        if self._used == self._shape[0]:
            self._refill()
            self._used = 0
        self._used += 1
        return self._block[self._used - 1]

    def _refill(self) -> None:
        if not self._ahead:
            self._fill(self._block)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1)
            self._next = self._pool.submit(self._fill, self._other)
        self._next.result()
        self._block, self._other = self._other, self._block
        self._next = self._pool.submit(self._fill, self._other)

    def close(self) -> None:
        """Gives the generator back as if the block that was drawn ahead had not been."""
        if self._next is not None:
            self._next.result()
            self._generator.set_state(self._before)
            self._pool.shutdown()
            self._pool = self._next = None

    @torch.no_grad()
    def _fill(self, block: torch.Tensor) -> None:
        if self._ahead:
            self._before = self._generator.get_state()
        block.normal_(std=self._deviation, generator=self._generator)
