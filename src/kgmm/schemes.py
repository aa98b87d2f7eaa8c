"""One-step integration schemes for Itô SDEs with additive diagonal or constant-matrix noise.

A scheme is a function ``scheme(drift, dt) -> step`` with ``step(state, noise) -> state``; ``noise`` is ``g ΔW`` of
that step. States have shape ``(dimension, n_members)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    Drift = Callable[[Tensor], Tensor]
    Step = Callable[[Tensor, Tensor], Tensor]


def euler_maruyama(drift: Drift, dt: float) -> Step:
    """``X + f(X) dt + g ΔW``: weak order 1. The scheme of the published experiments; use it for comparison.

    Source: Kloeden & Platen, *Numerical Solution of Stochastic Differential Equations*, section 10.2.
    """

    def step(state, noise):
        return state.add(drift(state), alpha=dt).add_(noise)

    return step


def heun(drift: Drift, dt: float) -> Step:
    """Predictor–corrector with the trapezoidal rule for the drift: weak order 2 for additive noise, the default.

    Source: Kloeden & Platen, section 15.1 (the simplified order-2 scheme reduces to it for additive noise).
    """

    def step(state, noise):
        slope = drift(state)
        predicted = state.add(slope, alpha=dt).add_(noise)
        return slope.add_(drift(predicted)).mul_(0.5 * dt).add_(state).add_(noise)

    return step


SCHEMES: dict[str, Callable[[Drift, float], Step]] = {"euler_maruyama": euler_maruyama, "heun": heun}


def get_scheme(name: str) -> Callable[[Drift, float], Step]:
    """The scheme of that name; ``ValueError`` names the known ones."""
    if name not in SCHEMES:
        raise ValueError(f"unknown scheme {name!r}: known are {', '.join(sorted(SCHEMES))}")
    return SCHEMES[name]
