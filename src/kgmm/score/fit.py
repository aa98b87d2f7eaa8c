"""One call from samples to a score."""

from __future__ import annotations

import numpy as np

from kgmm.data.standardization import check_samples, check_sigma
from kgmm.randomness import Seed
from kgmm.score.automatic import fit_automatic
from kgmm.score.dsm import DSM
from kgmm.score.kgmm import KGMM
from kgmm.score.model import ScoreModel

METHODS = ("auto", "kgmm", "dsm")
_LEAST_SAMPLES = 100
_PUBLISHED_SIGMA = 0.05


def fit_score(
    X: np.ndarray, sigma: float | None = None, method: str = "auto", *, random_state: Seed = 0, **options
) -> ScoreModel:
    if method not in METHODS:
        raise ValueError(f"method is {method!r}: it must be one of {', '.join(METHODS)}")
    if sigma is not None:
        check_sigma(sigma)
    X = check_samples(X, at_least=_LEAST_SAMPLES)
    if method == "auto":
        return fit_automatic(X, sigma, random_state=random_state, **options)
    sigma = _PUBLISHED_SIGMA if sigma is None else sigma
    if method == "dsm":
        return DSM(sigma, random_state=random_state, **options).fit(X).score_model_
    return ScoreModel.fit(KGMM(sigma, random_state=random_state).fit(X), **options)
