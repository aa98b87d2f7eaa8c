"""The estimate that :func:`kgmm.fit_score` makes by default: the family that held-out samples prefer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgmm.data.standardization import Standardization, StandardizedSamples
from kgmm.randomness import Seed, torch_generator
from kgmm.score.candidates import (
    MAX_FITTED_RADIAL,
    MAX_RADIAL_FEATURES,
    best_polynomial,
    best_radial,
    radial_width,
)
from kgmm.score.denoising_fit import HIDDEN
from kgmm.score.folds import fold
from kgmm.score.model import ScoreModel
from kgmm.score.selection import Selection
from kgmm.score.spline_likelihood import best_spline

FAMILIES = ("polynomial", "spline", "radial", "network")
_MAX_ROWS = 4_000_000


def fit_automatic(
    X,
    sigma: float | None,
    *,
    hidden: Sequence[int] = HIDDEN,
    families: Sequence[str] = FAMILIES,
    random_state: Seed = 0,
) -> ScoreModel:
    """The score that held-out samples prefer among potentials and a network.

    Parameters
    ----------
    X : array_like or Samples
        Samples ``(n_samples, n_features)``, physical units, checked already.
    sigma : float or None
        Noise amplitude in standard deviations of the data; ``None`` aims at the score of the data themselves.
    hidden : sequence of int
        Widths of the network's hidden layers.
    families : sequence of str
        Some of ``"polynomial"``, ``"spline"`` (of one variable only, where it takes the place of bumps), ``"radial"``
        and ``"network"``.
    random_state : int or numpy.random.SeedSequence
        Seed.

    Returns
    -------
    ScoreModel
        With the name of the family and the estimate of its error.

    Raises
    ------
    ValueError
        For unknown families, constant variables, and splines alone of several variables.

    Examples
    --------
    >>> import numpy as np
    >>> fit_automatic(np.random.default_rng(0).uniform(size=(2000, 1)), 0.2, families=["polynomial"]).sigma
    0.2
    """
    unknown = set(families) - set(FAMILIES)
    if unknown or not families:
        raise ValueError(f"families is {tuple(families)}: it must hold some of {', '.join(FAMILIES)}")
    if set(families) == {"spline"} and X.shape[1] > 1:
        raise ValueError(f"splines are of one variable, and X has {X.shape[1]}: take another family too")
    standardization = Standardization.of(X)
    generator = torch_generator(random_state)
    seed = generator.initial_seed() % 2**32
    clean = StandardizedSamples(X, standardization).choose(_MAX_ROWS, np.random.default_rng(seed))
    plain = data = fold(clean, 0.0, generator)
    if sigma is not None:
        data = fold(clean, sigma, generator)
    selection = Selection(data, plain, sigma, tuple(hidden), seed)
    polynomial = best_polynomial(data) if "polynomial" in families else None
    spline = best_spline(data) if "spline" in families else None
    # A spline holds any smooth density: only a simple polynomial need not beat it.
    for candidate in (polynomial, spline) if polynomial is not None and polynomial.simple else (spline, polynomial):
        selection.add_linear(candidate)
    if spline:
        doubtful = spline.rough
    else:
        doubtful = data.x.shape[1] > MAX_RADIAL_FEATURES or polynomial is None or selection.makeshift
        width = radial_width(data, selection.linear) if "radial" in families else None
        doubtful |= width is not None
        if width is not None and (data.x.shape[1] <= MAX_FITTED_RADIAL or "network" not in families):
            selection.add_linear(best_radial(data, width))
    # Where bumps add nothing to a low polynomial there is nothing left that a network could find.
    if "network" in families and doubtful:
        selection.add_network()
    return selection.model(standardization)
