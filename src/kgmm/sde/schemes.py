"""One-step integration schemes, by name. Itô convention throughout.

A scheme is a function ``scheme(equation, dt) -> step`` with ``step(state, increment) -> state``. The increment is
``ΔW``, that of the Wiener process in the step, and states have shape ``(dimension, n_members)``.

| name | weak order | use |
|---|---|---|
| ``heun`` | 2 | additive noise; the default |
| ``euler_maruyama`` | 1 | any noise; the published experiments, step studies |
| ``rk4`` | 2, and 4 in the drift alone | additive noise that is weak against a fast drift |
| ``milstein`` | 1, strong order 1 | multiplicative noise in one dimension |
| ``etdrk4`` | 4, deterministic | semilinear equations, stiff in their linear part |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    Step = Callable[[Tensor, Tensor], Tensor]


class Equation(Protocol):
    """What a scheme needs of ``dX = f(X) dt + g(X) dW``."""

    additive: bool

    def drift(self, state: Tensor) -> Tensor:
        """``f(X)``."""

    def noise(self, state: Tensor, increment: Tensor) -> Tensor:
        """``g(X) ΔW``."""


def euler_maruyama(equation: Equation, dt: float) -> Step:
    """``X + f(X) dt + g(X) ΔW``: weak order 1 for any noise.

    Source: Kloeden & Platen, *Numerical Solution of Stochastic Differential Equations*, section 10.2.
    """

    def step(state, increment):
        return equation.drift(state).mul_(dt).add_(state).add_(equation.noise(state, increment))

    return step


def heun(equation: Equation, dt: float) -> Step:
    """Predictor–corrector with the trapezoidal rule for the drift: weak order 2 for additive noise.

    Source: Kloeden & Platen, section 15.1 (the simplified order-2 scheme reduces to it for additive noise).
    """
    _refuse_multiplicative(equation, "heun")

    def step(state, increment):
        noise = equation.noise(state, increment)
        slope = equation.drift(state)
        predicted = state.add(slope, alpha=dt).add_(noise)
        return slope.add_(equation.drift(predicted)).mul_(0.5 * dt).add_(state).add_(noise)

    return step


def rk4(equation: Equation, dt: float) -> Step:
    """Classical Runge–Kutta with the noise of the step as a constant forcing ``g ΔW/dt``.

    Weak order 2 for additive noise (its variance is right up to ``dt³`` a step), order 4 as the noise vanishes.
    Source: Butcher, *Numerical Methods for Ordinary Differential Equations*, section 235, for the drift.
    """
    _refuse_multiplicative(equation, "rk4")

    def step(state, increment):
        noise = equation.noise(state, increment)
        half = noise * 0.5
        k1 = equation.drift(state)
        k2 = equation.drift(state.add(k1, alpha=0.5 * dt).add_(half))
        k3 = equation.drift(state.add(k2, alpha=0.5 * dt).add_(half))
        k4 = equation.drift(state.add(k3, alpha=dt).add_(noise))
        return k1.add_(k4).add_(k2.add_(k3), alpha=2.0).mul_(dt / 6.0).add_(state).add_(noise)

    return step


def milstein(equation, dt: float) -> Step:
    """``X + f dt + g ΔW + ½ g g' (ΔW² − dt)``: weak and strong order 1 in one dimension.

    The equation supplies ``g g'``, half the derivative of ``g²``, as ``diffusion_correction(state)``.
    Source: Kloeden & Platen, section 10.3.
    """
    if not hasattr(equation, "diffusion_correction"):
        raise ValueError("scheme 'milstein' needs the derivative of the diffusion (diffusion_correction)")

    def step(state, increment):
        result = state.add(equation.drift(state), alpha=dt).add_(equation.noise(state, increment))
        return result.add_(equation.diffusion_correction(state) * (increment * increment).sub_(dt), alpha=0.5)

    return step


def etdrk4(equation, dt: float) -> Step:
    """Exponential time differencing, fourth order, for ``u_t = L u + N(u)`` with ``L`` diagonal in Fourier space.

    The equation supplies the symbol of ``L`` on the modes of a real transform, ``linear_symbol`` of shape
    ``(n_modes,)``, and ``nonlinear(modes)``, which maps ``(n_modes, n_members)`` to the same shape.
    Source: Cox & Matthews 2002, with the contour integrals of Kassam & Trefethen 2005.
    """
    if not hasattr(equation, "linear_symbol"):
        raise ValueError("scheme 'etdrk4' needs an equation with a linear part in Fourier space (linear_symbol)")
    import torch

    linear = dt * np.asarray(equation.linear_symbol)
    circle = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)
    z = linear[:, None] + circle[None, :]
    weights = (
        (np.exp(z / 2) - 1) / z,
        (-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3,
        2 * (2 + z + np.exp(z) * (z - 2)) / z**3,
        (-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3,
    )
    table = [np.exp(linear), np.exp(linear / 2), *(dt * w.mean(axis=1).real for w in weights)]
    on_device: dict = {}

    def step(state, increment):
        where = (state.dtype, state.device)
        if where not in on_device:
            on_device[where] = [torch.tensor(c[:, None], dtype=state.dtype, device=state.device) for c in table]
        whole, half, q, f1, f2, f3 = on_device[where]
        modes = torch.fft.rfft(state, dim=0)
        n0 = equation.nonlinear(modes)
        a = half * modes + q * n0
        n1 = equation.nonlinear(a)
        b = half * modes + q * n1
        n2 = equation.nonlinear(b)
        n3 = equation.nonlinear(half * a + q * (2 * n2 - n0))
        modes = whole * modes + f1 * n0 + f2 * (n1 + n2) + f3 * n3
        return torch.fft.irfft(modes, n=state.shape[0], dim=0)

    return step


def _refuse_multiplicative(equation: Equation, scheme: str) -> None:
    if not equation.additive:
        raise ValueError(f"scheme {scheme!r} is for additive noise: use 'milstein' or 'euler_maruyama'")


SCHEMES: dict[str, Callable[..., Step]] = {
    "etdrk4": etdrk4,
    "euler_maruyama": euler_maruyama,
    "heun": heun,
    "milstein": milstein,
    "rk4": rk4,
}


def get_scheme(name: str) -> Callable[..., Step]:
    """The scheme of that name; ``ValueError`` names the known ones."""
    if name not in SCHEMES:
        raise ValueError(f"unknown scheme {name!r}: known are {', '.join(sorted(SCHEMES))}")
    return SCHEMES[name]
