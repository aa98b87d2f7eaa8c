"""How strongly noisy cells should pull a network: the precision of its prior by the evidence of the cells."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch

from kgmm.score.fit_record import Fit
from kgmm.score.network import Network
from kgmm.score.options import PRIOR_PRECISION

logger = logging.getLogger("kgmm")

_MAX_VALUES = 1000
_LEAST_NOISE = 0.01
_CANDIDATES = (PRIOR_PRECISION, 0.14, 0.2, 0.28, 0.4)
# Evidences that differ by less do not tell two precisions apart; the weaker prior shrinks the score less. Fits from
# other starts differ by up to two in it, so that one lower evidence does not yet end the trial.
_INDISTINCT, _CLEARLY_WORSE = 0.5, 3.0
_COLLAPSED = 0.1


def evidence_tells(n_values: int, noise_fraction: float) -> bool:
    """Whether the evidence is affordable and the prior matters: at most 1000 values, their noise a hundredth or more.

    Parameters
    ----------
    n_values : int
        Points times outputs.
    noise_fraction : float
        Variance of the targets' noise over their mean square.
    """
    return n_values <= _MAX_VALUES and noise_fraction >= _LEAST_NOISE


def log_evidence(
    network: Network,
    points: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    noise_fraction: float,
    prior_precision: float,
) -> float:
    """Logarithm of the evidence of a prior precision, but for a constant, by Laplace's method.

    With the residuals ``r`` in units of their noise, the Jacobian ``J`` of the outputs by the parameters in the same
    units, and ``α`` the precision of the prior, it is ``−½|r|² − ½α|θ|² − ½ log det(1 + J Jᵀ/α)``: MacKay, *Neural
    Computation* 4, 415 (1992), with the Hessian of Gauss and Newton.

    Parameters
    ----------
    network : Network
        As :func:`kgmm.score.training.fit_network` fitted it with ``prior_precision``.
    points, targets, weights : ndarray
        ``(n_points, n_features)``, ``(n_points, n_outputs)`` and ``(n_points,)``, those of the fit.
    noise_fraction : float
        As in the fit, > 0.
    prior_precision : float
        > 0.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 9)[:, None]
    >>> network = Network.random((1, 4, 1), seed=0)
    >>> far, near = (log_evidence(network, x, y, np.ones(9), 0.1, 0.1) for y in (x + 5.0, 0.0 * x))
    >>> far < near
    True
    """
    n_points, n_outputs = targets.shape
    x, y = torch.from_numpy(points).double(), torch.from_numpy(targets).double()
    parameters = network.parameters.double().cpu()

    def outputs(parameters: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return network.with_parameters(parameters)(x)

    # Of each value by its mean, so that λ of the fit is this precision over the number of values.
    precision = prior_precision * n_outputs
    of_noise = torch.from_numpy(weights / weights.sum()).double() * n_points * n_outputs / noise_fraction
    root = of_noise.sqrt()[:, None]
    residuals = root * (outputs(parameters, x) - y)
    one = torch.func.jacrev(lambda parameters, x: outputs(parameters, x[None])[0])
    jacobian = torch.func.vmap(one, (None, 0))(parameters, x) * root[..., None]
    jacobian = jacobian.reshape(n_points * n_outputs, -1)
    determined = torch.eye(len(jacobian), dtype=torch.float64) + jacobian @ jacobian.T / precision
    exponent = residuals.square().sum() + precision * parameters.square().sum()
    return float(-0.5 * (exponent + torch.linalg.slogdet(determined)[1]))


def fit_by_evidence(
    fit: Callable[..., Fit],
    points: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    noise_fraction: float,
) -> Fit:
    """The fit with the weakest prior whose evidence is within a half of the greatest.

    Precisions are tried upwards, until one is clearly worse than the best. A fit whose network has all but
    vanished ends the trial: there every derivative vanishes with the others, and an expansion about the maximum tells
    nothing.

    Parameters
    ----------
    fit : callable
        :func:`kgmm.score.training.fit_network` with all arguments but ``prior_precision``.
    points, targets, weights, noise_fraction
        As in :func:`log_evidence`.
    """
    found: list[tuple[float, float, Fit]] = []
    for precision in _CANDIDATES:
        fitted = fit(prior_precision=precision)
        size = _mean_square(fitted.network, points, weights)
        if found and size < _COLLAPSED * _mean_square(found[0][2].network, points, weights):
            break
        evidence = log_evidence(fitted.network, points, targets, weights, noise_fraction, precision)
        found.append((evidence, precision, fitted))
        if evidence < max(found, key=lambda one: one[0])[0] - _CLEARLY_WORSE:
            break
    greatest = max(evidence for evidence, _, _ in found)
    evidence, precision, fitted = next(one for one in found if one[0] >= greatest - _INDISTINCT)
    logger.info(
        "prior precision %g: of %s, the evidences are %s", precision,
        ", ".join(f"{p:g}" for _, p, _ in found), ", ".join(f"{e:.1f}" for e, _, _ in found),
    )  # fmt: skip
    return fitted


def _mean_square(network: Network, points: np.ndarray, weights: np.ndarray) -> float:
    values = network(torch.from_numpy(points).to(network.parameters)).square().sum(dim=1).double()
    return float((values * torch.from_numpy(weights / weights.sum())).sum())
