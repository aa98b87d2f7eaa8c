"""Integration of an ensemble of independent members: shared by simulations and Langevin models."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from kgmm.data.trajectory import times_per_piece
from kgmm.errors import DivergenceError
from kgmm.progress import Progress
from kgmm.sde.schemes import Equation, get_scheme
from kgmm.sde.wiener import Increments

# The largest array whose release tells glibc to keep memory of that size for the next one, mallopt(3).
_KEPT_BYTES = 31 << 20


def _keep_freed_memory() -> None:
    """Keeps the memory of temporary arrays in the process: fresh pages for each would cost more than a step itself."""
    torch.empty(_KEPT_BYTES, dtype=torch.uint8)


def steps_in(duration: float, dt: float, name: str) -> int:
    """Number of steps ``dt`` in ``duration``; ``ValueError`` unless it is a whole number."""
    steps = round(duration / dt) if math.isfinite(duration) else -1
    if steps < 0 or abs(steps * dt - duration) > 1e-6 * max(duration, dt):
        raise ValueError(f"{name} is {duration}: it must be a non-negative multiple of dt = {dt}")
    return steps


class Ensemble:
    """Members of one SDE advanced together.

    Parameters
    ----------
    equation
        Drift and noise, see :class:`kgmm.sde.schemes.Equation`; a :class:`kgmm.systems.System` is one.
    state
        Initial states, shape ``(dimension, n_members)``; its dtype and device are those of the integration.
    dt
        Time step, in the time units of the drift.
    scheme
        A name known to :func:`kgmm.sde.schemes.get_scheme`.
    generator
        Source of the noise.
    label
        What is integrated, for progress and errors.
    after_step
        Called with the state after every step; may change it in place.
    """

    def __init__(
        self,
        equation: Equation,
        state: torch.Tensor,
        *,
        dt: float,
        scheme: str,
        generator: torch.Generator,
        label: str,
        after_step: Callable[[torch.Tensor], None] | None = None,
    ):
        if not dt > 0:
            raise ValueError(f"dt is {dt}: it must be positive")
        self.state = state
        self.dt = dt
        self.time = 0.0
        self._step = get_scheme(scheme)(equation, dt)
        self._stochastic = getattr(equation, "stochastic", True)
        self._generator = generator
        self._increments = Increments(state, generator, dt)
        self._after_step = after_step
        self._scheme = scheme
        self._label = label
        if state.device.type == "cpu":
            _keep_freed_memory()

    def keep_members(self, n_members: int) -> None:
        """Drops all but the first ``n_members`` members."""
        self.state = self.state[:, :n_members].contiguous()
        self._increments.close()
        self._increments = Increments(self.state, self._generator, self.dt)

    @torch.no_grad()
    def advance(self, n_steps: int) -> None:
        """Integrates ``n_steps`` steps. Raises :class:`DivergenceError` if a state is no longer finite."""
        state, increment = self.state, None
        for _ in range(n_steps):
            if self._stochastic:
                increment = self._increments.draw()
            state = self._step(state, increment)
            if self._after_step is not None:
                self._after_step(state)
        self.state = state
        self.time += n_steps * self.dt
        self._refuse_divergence()

    def _refuse_divergence(self) -> None:
        # One reduction is enough to see that something is wrong; the search for the member is paid only then.
        if torch.isfinite(self.state.sum()):
            return
        diverged = ~torch.isfinite(self.state).all(dim=0)
        if not diverged.any():
            return
        raise DivergenceError(
            f"{self._label} diverged: scheme {self._scheme} with dt = {self.dt:g} left member "
            f"{int(diverged.nonzero()[0, 0])} non-finite by time {self.time:g} "
            f"({int(diverged.sum())} of {diverged.numel()} members); use a smaller dt"
        )

    def record(
        self,
        n_times: int,
        steps_between: int,
        observe: Callable[[torch.Tensor], torch.Tensor] = lambda state: state,
        dtype: type = np.float32,
    ) -> Iterator[np.ndarray]:
        """Yields the observed states every ``steps_between`` steps, ``n_times`` in all, the first after one interval.

        Each piece has shape ``(n_members, k, n_features)`` and type ``dtype``; the pieces follow each other in time.
        """
        n_features, n_members = observe(self.state).shape
        per_piece = min(n_times, times_per_piece(n_members, n_features))
        with Progress(self._label, n_times * steps_between * n_members, "member-steps") as progress:
            done = 0
            while done < n_times:
                count = min(per_piece, n_times - done)
                piece = np.empty((count, n_features, n_members), dtype=dtype)
                for k in range(count):
                    self.advance(steps_between)
                    piece[k] = observe(self.state).cpu().numpy()
                    progress.update(steps_between * n_members)
                done += count
                yield np.ascontiguousarray(piece.transpose(2, 0, 1))
