"""An optimiser for small networks: momentum whose matrices are orthogonalised before each step."""

from __future__ import annotations

from collections.abc import Sequence

import torch

# Coefficients of the quintic iteration and its number of passes, as published with the optimiser.
_QUINTIC = (3.4445, -4.7750, 2.0315)
_PASSES = 5
_WARM_UP = 0.1  # share of the steps over which the rate rises
COOL_DOWN = 0.7  # share of the steps over which it falls to zero


def rate_share(step: int, steps: int, cool_down: float = COOL_DOWN) -> float:
    """Share of the largest rate at a step, counted from 1: it rises, stays, and falls to zero."""
    return min(1.0, step / max(10.0, _WARM_UP * steps)) * min(1.0, (1.0 - (step - 1) / steps) / cool_down)


def orthogonalized(matrices: torch.Tensor) -> torch.Tensor:
    """About the nearest matrices with orthonormal rows or columns: singular values between 0.7 and 1.2.

    Of ``matrices`` of shape ``(n_matrices, n_rows, n_columns)``: one call for many costs little more than for one.
    """
    a, b, c = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None]
    for _ in range(_PASSES):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class OrthogonalMomentum:
    """Orthogonalised momentum for weight matrices, Adam for biases.

    All directions of a weight matrix move at the same rate, however small their gradients, so that a network needs
    three to four times fewer steps than with Adam (measured, see ``docs/score-research.md``).

    Parameters
    ----------
    parameters
        Weight matrices and bias vectors; changed in place.
    momentum
        Share of the old gradient that is kept.
    bias_rate
        Rate of the biases over that of the matrices.

    Source: Jordan et al. 2024 (the optimiser Muon); Adam is Kingma & Ba 2015, arXiv:1412.6980.
    """

    def __init__(self, parameters: Sequence[torch.Tensor], momentum: float = 0.9, bias_rate: float = 0.3):
        self._parameters = list(parameters)
        self._momentum, self._bias_rate = momentum, bias_rate
        self._first = [torch.zeros_like(p) for p in self._parameters]
        self._second = [torch.zeros_like(p) for p in self._parameters]
        self._step = 0
        self._of_shape = {}
        for number, parameter in enumerate(self._parameters):
            if parameter.ndim == 2:
                self._of_shape.setdefault(parameter.shape, []).append(number)

    @torch.no_grad()
    def step(self, gradients: Sequence[torch.Tensor], rate: float, decay: float = 0.0) -> None:
        """One step against ``gradients``; ``decay`` shrinks the matrices by ``rate · decay``."""
        self._step += 1
        for (n_rows, n_columns), numbers in self._of_shape.items():
            for number in numbers:
                self._first[number].lerp_(gradients[number], 1.0 - self._momentum)
            pulls = [gradients[number].lerp(self._first[number], self._momentum) for number in numbers]
            stretch = max(1.0, n_rows / n_columns) ** 0.5
            for number, direction in zip(numbers, orthogonalized(torch.stack(pulls))):
                self._parameters[number].mul_(1.0 - rate * decay).add_(direction, alpha=-rate * stretch)
        for parameter, gradient, first, second in zip(self._parameters, gradients, self._first, self._second):
            if parameter.ndim == 1:
                first.lerp_(gradient, 0.1)
                second.lerp_(gradient * gradient, 0.05)
                size = (second / (1.0 - 0.95**self._step)).sqrt_().add_(1e-8)
                parameter.addcdiv_(first, size, value=-rate * self._bias_rate / (1.0 - 0.9**self._step))
