"""One call from data to a score."""

from __future__ import annotations

import numpy as np

from kgmm.data.paths import states
from kgmm.randomness import Seed, seed_sequence
from kgmm.score.dsm import DSM
from kgmm.score.kgmm import KGMM
from kgmm.score.model import ScoreModel
from kgmm.score.options import NoiseOptions

METHODS = ("auto", "kgmm", "dsm")
_KGMM_OPTIONS = ("min_probability", "max_draws", "min_draws", "stopping", "convergence", "n_blocks", "cells")


def fit_score(X, sigma: float | None = None, method: str = "auto", random_state: Seed = 0, **options) -> ScoreModel:
    """Estimates the score ``∇ log p`` of the stationary density of data.

    Parameters
    ----------
    X : array_like
        Samples ``(n_samples, n_features)`` in physical units, in order of time, or a path as
        :func:`kgmm.data.paths.as_path` takes it.
    sigma : float, optional
        Noise amplitude in standard deviations of the data; 0.05 by default. The score carries a smoothing bias O(σ²).
    method : str
        ``"kgmm"`` (``"auto"``): a network fitted to the cells of a partition (arXiv:2503.18054). ``"dsm"``: denoising
        score matching, the network fitted to single draws of the noise (doi 10.1162/NECO_a_00142).
    random_state : int or numpy.random.SeedSequence
        Seed.
    **options
        Of :class:`kgmm.KGMM` and :meth:`kgmm.ScoreModel.fit`, or of :class:`kgmm.DSM`.

    Returns
    -------
    ScoreModel
        ``score(x)`` gives the score, ``score.divergence(x)`` its divergence, in physical units.

    Raises
    ------
    ValueError
        For unusable data or options, in one sentence.
    ScientificFailure
        If the fit does not lower its loss.

    Examples
    --------
    >>> import numpy as np, kgmm
    >>> X = np.random.default_rng(0).normal(size=(5000, 1))
    >>> score = kgmm.fit_score(X, sigma=0.2)
    >>> bool(abs(score(np.array([[1.0]]))[0, 0] + 1) < 0.25)
    True
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}: it must be one of {', '.join(METHODS)}")
    samples = X if hasattr(X, "ndim") and X.ndim == 2 and not hasattr(X, "dims") else states(X)
    sigma = NoiseOptions().sigma if sigma is None else sigma
    if method == "dsm":
        return DSM(sigma, random_state=random_state, **options).fit(samples).score_model_
    of_cells = {name: options.pop(name) for name in _KGMM_OPTIONS if name in options}
    cells = KGMM(sigma, random_state=random_state, **of_cells).fit(np.asarray(samples))
    seed = int(seed_sequence(random_state).generate_state(1)[0])
    return ScoreModel.fit(cells, **{"seed": seed} | options)
