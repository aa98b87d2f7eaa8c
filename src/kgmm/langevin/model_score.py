"""The score that a Langevin model is built on: what held-out samples prefer, if its trajectories stay with the data."""

from __future__ import annotations

import logging
import math

import numpy as np

from kgmm.errors import ScientificFailure
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.options import LangevinOptions
from kgmm.langevin.step_size import first_step
from kgmm.randomness import Seed
from kgmm.score.automatic import fit_automatic
from kgmm.score.fit import fit_score
from kgmm.score.model import ScoreModel

logger = logging.getLogger("kgmm")

_MEMBERS, _DURATION, _MAX_STEPS = 1000, 6.0, 4000
_LARGEST_RESET_SHARE = 1e-3
_STEPS_BETWEEN_LOOKS = 100
_LEAST_SAMPLES = 2000


def fit_model_score(X: np.ndarray, sigma: float | None = None, *, random_state: Seed = 0, **options) -> ScoreModel:
    """:func:`kgmm.fit_score`, or its network where trajectories of its choice leave the data.

    A potential of high degree can have the least loss and still let trajectories escape where there are hardly any
    samples. A thousand members run for six relaxation times with the identity as mobility: if more than a
    thousandth of them leave the box of the data, the network is taken. It needs two thousand samples: from fewer it
    would be worse than what it replaces.

    Parameters
    ----------
    X : ndarray or Samples
        ``(n_samples, n_features)``, physical units.
    sigma : float, optional
        Noise amplitude in standard deviations of the data; the network has 0.05 if there is none.
    random_state : int or numpy.random.SeedSequence
    **options
        Of :func:`kgmm.fit_score` with the method ``"auto"``.

    Returns
    -------
    ScoreModel

    Raises
    ------
    ValueError
        See :func:`kgmm.fit_score`.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((5000, 1)) ** 3
    >>> fit_model_score(X[abs(X[:, 0]) < 4], 0.2, families=("polynomial",)).sigma
    0.2
    """
    score = fit_score(X, sigma, random_state=random_state, **options)
    if len(X) < _LEAST_SAMPLES:
        return score
    found = escapes(score, X, seed=random_state)
    if not found:
        return score
    logger.info("the model of the %s does not stay with the data (%s): a network is fitted", score.method, found)
    return fit_network(X, sigma, random_state=random_state)


def fit_network(X: np.ndarray, sigma: float | None = None, *, random_state: Seed = 0) -> ScoreModel:
    """The network that :func:`fit_model_score` falls back on."""
    return fit_automatic(X, sigma, families=("network",), random_state=random_state)


def escapes(score: ScoreModel, X: np.ndarray, *, seed: Seed = 0) -> str:
    """How trajectories of the score's reversible model leave the data; empty if they do not.

    Parameters
    ----------
    score : ScoreModel
    X : ndarray or Samples, (n_samples, n_features)
        Samples, from which trajectories start.
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    str
        A clause with numbers.
    """
    start = X[:][np.linspace(0, len(X) - 1, min(len(X), _MEMBERS)).round().astype(int)].astype(float)
    model = LangevinModel(score)
    scale = score.standardization.scale
    try:
        # No search follows: nothing here asks for small errors of time.
        _, dt = first_step(score.jacobian(start) * np.outer(scale, scale), LangevinOptions().scheme)
    except ScientificFailure as failure:
        return str(failure)
    ensemble = model.ensemble(start, dt=dt, seed=seed)
    left = min(_MAX_STEPS, math.ceil(_DURATION / dt))
    while left > 0:
        ensemble.advance(min(_STEPS_BETWEEN_LOOKS, left))
        left -= _STEPS_BETWEEN_LOOKS
        # Lost members count for good: what is too much early is too much at the end.
        if ensemble.members_reset > _LARGEST_RESET_SHARE * len(start):
            return f"{ensemble.members_reset} of {len(start)} trajectories left the range of the data"
    return ""
