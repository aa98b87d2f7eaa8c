"""The diffusion beside a circulation: from increments where the path resolves the noise, else by simulation."""

from __future__ import annotations

import logging

import numpy as np

from kgmm.data.segments import every
from kgmm.errors import ScientificFailure
from kgmm.langevin.circulation_fit import CirculationFit
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.simulation_check import autocorrelation_errors, simulate_model
from kgmm.langevin.velocities import difference_diffusion
from kgmm.randomness import Seed
from kgmm.score.model import ScoreModel
from kgmm.statistics.autocorrelation import BlockedAutocorrelation

logger = logging.getLogger("kgmm")

# The path resolves the noise if twice its interval gives the same diffusion within this share.
_RESOLVED = 0.15
# Diffusions, in units of the rate of the circulation, that are simulated where the path does not resolve it.
_DIFFUSION_SHARES = (0.003, 0.01, 0.03, 0.1, 0.3)
_POINTS_OF_PARABOLA = 4
_SEARCH_MEMBERS = 128
_WORSE = 1.25


def resolves_noise(diffusion: np.ndarray, values: np.ndarray, interval: float) -> bool:
    """Whether twice the interval gives the same diffusion: otherwise differences hold velocities, not noise.

    Of a path that is too short at twice the interval this is not known, and so is the noise.
    """
    if np.linalg.eigvalsh(diffusion)[0] <= 0:
        return False
    try:
        twice, _ = difference_diffusion(every(values, 2), 2 * interval)
    except ScientificFailure:
        return False
    root = np.sqrt(np.diag(diffusion))
    return bool(np.abs((twice - diffusion) / np.outer(root, root)).max() < _RESOLVED)


def simulated_diffusion(
    score: ScoreModel, regression: CirculationFit, data: BlockedAutocorrelation, start: np.ndarray, seed: Seed
) -> np.ndarray:
    """The multiple of the identity, standardised, whose autocorrelations are nearest those of the data."""
    identity = np.diag(score.standardization.scale**2)
    times, rate = data.decorrelation_times, regression.circulation.rate
    errors, failures = {}, []

    def simulate(share: float) -> None:
        diffusion = share * rate * identity
        model = LangevinModel(score, diffusion, regression.circulation, largest_reset_share=1.0)
        try:
            path = simulate_model(model, start, float(times.max()), data.interval, n_members=_SEARCH_MEMBERS, seed=seed)
            rho = BlockedAutocorrelation.of(path.values.astype(float), data.interval, 6.0 * float(times.max()))
        except ScientificFailure as failure:
            failures.append(str(failure))
            return
        # Over one decorrelation time and over five: either alone can be right by chance.
        error = float(autocorrelation_errors(data, rho).max())
        logger.info("diffusion %.3g of the circulation's rate: autocorrelation error %.3f", share, error)
        if np.isfinite(error):
            errors[share] = error

    for share in _DIFFUSION_SHARES:
        simulate(share)
        if share in errors and errors[share] > _WORSE * min(errors.values()):
            break  # more diffusion takes shorter steps, and the best is behind
    if not errors:
        raise ScientificFailure(f"no diffusion gives a model that can be simulated: {'; '.join(failures)}")
    return _lowest_of_parabola(errors) * rate * identity


def _lowest_of_parabola(errors: dict[float, float]) -> float:
    """Where a parabola through the errors against the logarithm of the share is lowest.

    The simulations are short: the single lowest of their errors is low by chance.
    """
    lowest = min(errors, key=errors.get)
    if len(errors) < _POINTS_OF_PARABOLA:
        return lowest
    logarithms = np.log(list(errors))
    second, first, _ = np.polyfit(logarithms, list(errors.values()), 2)
    if second <= 0:
        return lowest
    return float(np.exp(np.clip(-first / (2 * second), logarithms.min(), logarithms.max())))
