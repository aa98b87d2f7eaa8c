"""One call from samples to a score."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np

from kgmm.data.paths import states
from kgmm.data.standardization import check_samples
from kgmm.randomness import Seed, seed_sequence
from kgmm.score.automatic import fit_automatic
from kgmm.score.dsm import DSM
from kgmm.score.kgmm import KGMM
from kgmm.score.model import ScoreModel
from kgmm.score.noise_amplitude import amplitude_curve
from kgmm.score.options import NoiseOptions
from kgmm.statistics.diagnosis import DataWarning, diagnose
from kgmm.statistics.findings import summaries

_CELL_OPTIONS = ("min_probability", "max_draws", "min_draws", "stopping", "convergence", "n_blocks", "cells")
METHODS = ("auto", "kgmm", "dsm")
_MIN_SAMPLES = 100


def fit_score(
    X: np.ndarray, sigma: float | None = None, method: str = "auto", *, random_state: Seed = 0, **options
) -> ScoreModel:
    """Estimates the score ``∇ log p`` of the density that samples come from.

    ``"auto"`` fits potentials (polynomials of growing degree; of one variable a smoothing spline of largest penalised
    likelihood; of two Gaussian bumps at K-means centres) and, where these may miss something, a network that is a
    gradient: of one variable only where the score jumps. Hyvärinen's loss
    ``E[½|s|² + ∇·s]`` decides: by cross-validation between potentials, at held-out samples between the best of them and
    the network. The network must beat a polynomial up to degree 6 by a standard error, any other potential at all; it
    is also taken if its distance from the potential is more than its own error explains. If nothing is better than the
    Gaussian of the data's mean and covariance by two standard errors, that Gaussian's score is returned, with a
    warning. What :func:`kgmm.diagnose` finds in the samples is a warning too.

    Parameters
    ----------
    X : array_like
        Samples ``(n_samples, n_features)`` in physical units, or a path as :func:`kgmm.data.paths.as_path` takes it.
        Correlated samples must be in order: folds and held-out samples are contiguous blocks.
    sigma : float, optional
        Noise amplitude in standard deviations of the data; the score is then that of ``p ∗ N(0, σ² S²)``. ``None`` aims
        at the score of ``p`` itself: ``"auto"`` fits potentials without noise and the network with noise of ±0.05; the
        other methods choose from 0.02, 0.05, 0.1 and 0.2 the amplitude that comes nearest to it, see
        :func:`kgmm.score.noise_amplitude.amplitude_curve`.
    method : str
        ``"auto"``; ``"kgmm"``, the published one (cells of a K-means tree, then a network); or ``"dsm"``.
    random_state : int or numpy.random.SeedSequence
        Seed.
    **options
        Of ``"auto"``: ``hidden`` (widths of the network's layers) and ``families`` (some of ``"polynomial"``,
        ``"spline"``, ``"radial"``, ``"network"``). Of ``"kgmm"``: those of :class:`kgmm.KGMM` and of
        :meth:`kgmm.ScoreModel.fit`. Of ``"dsm"``: those of :class:`kgmm.DSM`.

    Returns
    -------
    ScoreModel
        The score as a function of points in physical units. ``method`` tells what was chosen, ``error_estimate`` its
        relative mean square error as far as the data tell; it does not contain the bias of σ and of a polynomial's
        degree.

    Raises
    ------
    ValueError
        For non-finite or constant data, fewer than 100 samples, or unusable arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import kgmm
    >>> X = kgmm.get_system("phi4_chain", n_variables=2).sample(10_000, np.random.default_rng(0))
    >>> score = kgmm.fit_score(X)
    >>> score.method
    'polynomial of degree 4'
    >>> score([[1.0, 1.0]]).shape
    (1, 2)
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}: it must be one of {', '.join(METHODS)}")
    if sigma is not None:
        NoiseOptions.checked(sigma=sigma)
    if not (hasattr(X, "ndim") and X.ndim == 2 and not hasattr(X, "dims")):
        X = states(X)
    X = check_samples(X)
    if len(X) < _MIN_SAMPLES:
        raise ValueError(
            f"X has {len(X)} samples: at least {_MIN_SAMPLES} are needed, since parts of them choose between the "
            f"estimates and tell their error"
        )
    for sentence in summaries(diagnose(X, sigma)):
        warnings.warn(sentence, DataWarning, stacklevel=2)
    if method == "auto":
        return fit_automatic(X, sigma, random_state=random_state, **options)
    fit = partial({"kgmm": _fit_kgmm, "dsm": _fit_dsm}[method], random_state=random_state, **options)
    if sigma is None:
        return amplitude_curve(X, fit, fit_automatic(X, None, random_state=random_state)).best
    return fit(X, sigma)


def _fit_kgmm(X: np.ndarray, sigma: float, *, random_state: Seed, **options) -> ScoreModel:
    of_cells = {name: options.pop(name) for name in _CELL_OPTIONS if name in options}
    cells = KGMM(sigma, random_state=random_state, **of_cells).fit(X)
    return ScoreModel.fit(cells, **{"seed": int(seed_sequence(random_state).generate_state(1)[0])} | options)


def _fit_dsm(X: np.ndarray, sigma: float, *, random_state: Seed, **options) -> ScoreModel:
    return DSM(sigma, random_state=random_state, **options).fit(X).score_model_
