"""The time step of a Langevin model: from the stiffness of its drift, checked by halving."""

from __future__ import annotations

import logging
import math
from typing import NamedTuple

import numpy as np
import torch

from kgmm.errors import ScientificFailure
from kgmm.randomness import Seed, torch_generator
from kgmm.sde.schemes import Equation, get_scheme

logger = logging.getLogger("kgmm")

# Steps in units of 1/L with which the search begins: L is that of the stiffest hundredth of the data. The check alone
# would let pass what only shows in the long run: with 1/L the wells of the asymmetric potential were off by a relative
# entropy of 0.003, which falls as the fourth power of the step.
_FIRST = {"heun": 0.35, "euler_maruyama": 0.05}
_TOLERANCE = 0.005
_STIFFEST = 0.99
_DURATION = 2.0
_MAX_HALVINGS = 8


class Step(NamedTuple):
    """A time step and its diagnostics.

    Attributes
    ----------
    dt
        Time step.
    lipschitz
        The 99th percentile over the data of the norm of the drift's Jacobian, a rate.
    difference
        Largest difference of a first or second moment, in standardised coordinates, between ``dt`` and half of it on
        the same noise.
    stderr
        Of that difference.
    """

    dt: float
    lipschitz: float
    difference: float
    stderr: float


def whole_steps(interval: float, dt: float) -> float:
    """The largest step, at most ``dt``, of which ``interval`` is a whole multiple."""
    return interval / math.ceil(interval / dt * (1 - 1e-9))


def first_step(jacobians: np.ndarray, scheme: str) -> tuple[float, float]:
    """The stiffness of a drift, see :attr:`Step.lipschitz`, and the step with which a search begins.

    Raises
    ------
    ScientificFailure
        If derivatives are not finite.
    """
    if not np.isfinite(jacobians).all():
        raise ScientificFailure("the score has derivatives at samples of the data that are not finite numbers")
    lipschitz = float(np.quantile(np.linalg.norm(jacobians, ord=2, axis=(1, 2)), _STIFFEST))
    return lipschitz, _FIRST.get(scheme, 0.05) / lipschitz


def choose_step(
    equation: Equation, initial: torch.Tensor, jacobians: np.ndarray, *, scheme: str, longest: float, seed: Seed = 0
) -> Step:
    """The largest step, found by halving, whose moments after two relaxation times are those of half the step.

    Parameters
    ----------
    equation
        Drift and noise in standardised coordinates, in units of the fastest relaxation time.
    initial
        States of the test ensemble, ``(n_features, n_members)``.
    jacobians
        Of the drift at points of the data, ``(n, n_features, n_features)``.
    scheme
        A name known to :func:`kgmm.sde.schemes.get_scheme`.
    longest
        The step is this interval over a whole number.

    Raises
    ------
    ScientificFailure
        If derivatives are not finite, or eight halvings do not bring the moments within 0.005 (and twice their noise)
        of each other.
    """
    lipschitz, dt = first_step(jacobians, scheme)
    dt = whole_steps(longest, dt)
    for _ in range(_MAX_HALVINGS + 1):
        difference, stderr = _halving_difference(equation, initial, dt, scheme, seed)
        # Written so that what is not a number is refused.
        if difference < _TOLERANCE + 2 * stderr:
            logger.info("time step %.3g: moments differ by %.1e ± %.1e from half of it", dt, difference, stderr)
            return Step(dt, lipschitz, difference, stderr)
        dt /= 2
    raise ScientificFailure(
        f"no time step down to {2 * dt:.2g} gives the moments of half of it: they differ by {difference:.2g}"
    )


@torch.no_grad()
def _halving_difference(
    equation: Equation, initial: torch.Tensor, dt: float, scheme: str, seed: Seed
) -> tuple[float, float]:
    """Largest difference of a moment between two ensembles on the same noise, and its standard error."""
    generator = torch_generator(seed, str(initial.device))
    coarse_step, fine_step = (get_scheme(scheme)(equation, step) for step in (dt, dt / 2))
    coarse, fine = initial.clone(), initial.clone()
    for _ in range(math.ceil(_DURATION / dt)):
        halves = torch.randn((2, *initial.shape), generator=generator, dtype=initial.dtype, device=initial.device)
        halves *= (dt / 2) ** 0.5
        fine = fine_step(fine_step(fine, halves[0]), halves[1])
        coarse = coarse_step(coarse, halves[0] + halves[1])
    moments = torch.cat([coarse - fine, coarse**2 - fine**2]).double()
    if not torch.isfinite(moments).all():
        return float("inf"), 0.0
    means, spread = moments.mean(dim=1).abs(), moments.std(dim=1) / moments.shape[1] ** 0.5
    worst = int(torch.argmax(means - 2 * spread))
    return float(means[worst]), float(spread[worst])
