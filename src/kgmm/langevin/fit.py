"""One call from a path and its score to a Langevin model."""

from __future__ import annotations

import numpy as np
import xarray as xr

from kgmm.data.paths import as_path, equal_members, states
from kgmm.langevin.mobility import ModelPathMissing, estimate_mobility
from kgmm.langevin.model import LangevinModel
from kgmm.randomness import Seed, seed_sequence
from kgmm.score.fit import fit_score
from kgmm.score.model import ScoreModel

CIRCULATIONS = ("auto", "none", "constant")
# The sample whose clock is compared with that of the data, in units of the fastest relaxation.
_MEMBERS, _BURN_IN, _LENGTH, _INTERVAL = 256, 15.0, 50.0, 0.05


def fit_langevin(
    path, score: ScoreModel | None = None, *, circulation: str = "auto", random_state: Seed = 0
) -> LangevinModel:
    """A Langevin model with the stationary density and the time scales of a path.

    Parameters
    ----------
    path : array_like
        A densely saved path, many decorrelation times long, see :func:`kgmm.data.paths.as_path`.
    score : ScoreModel, optional
        The score of its density; by default :func:`kgmm.fit_score` of its states.
    circulation : str
        ``"none"``: the identity as mobility in standardised coordinates; the density is that of the score and the clock
        arbitrary. ``"constant"`` (``"auto"``): a constant mobility, estimated by :func:`kgmm.estimate_mobility` from
        the slope of the correlations at short lags where noise dominates these, and else matched to the
        autocorrelations.
    random_state : int or numpy.random.SeedSequence
        Seed.

    Returns
    -------
    LangevinModel
        In the units of the path.

    Raises
    ------
    ValueError
        For unusable arguments, or a score of another number of variables.
    ScientificFailure
        If the path is too short for its time scales.

    References
    ----------
    arXiv:2503.18054 and, for the mobility, arXiv:2505.01895.

    Examples
    --------
    >>> import kgmm
    >>> path = kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=1000, interval=0.05, seed=0)
    >>> kgmm.fit_langevin(path, kgmm.fit_score(path, sigma=0.2), circulation="none").mobility.shape
    (2, 2)
    """
    if circulation not in CIRCULATIONS:
        raise ValueError(f"circulation is {circulation!r}: it must be one of {', '.join(CIRCULATIONS)}")
    path = as_path(path)
    if score is None:
        score = fit_score(path, random_state=random_state)
    scale = score.standardization.scale
    if scale.size != path.sizes["variable"]:
        raise ValueError(f"the score is of {scale.size} variables: the path has {path.sizes['variable']}")
    identity = LangevinModel(score)
    if circulation == "none":
        return identity
    path = equal_members(path)
    try:
        return LangevinModel(score, estimate_mobility(path))
    except ModelPathMissing:
        sample = _sample(identity, states(path), random_state)
        return LangevinModel(score, estimate_mobility(path, model_path=sample, model_mobility=np.diag(scale**2)))


def _sample(model: LangevinModel, data: np.ndarray, random_state: Seed) -> xr.DataArray:
    """A path of the model with the identity as mobility, in units of its fastest relaxation."""
    initial = data[np.linspace(0, len(data) - 1, _MEMBERS).astype(int)]
    dt = model.choose_step(initial, longest=_INTERVAL).dt
    return model.sample(
        _MEMBERS, round(_LENGTH / dt), dt, save_every=round(_INTERVAL / dt), burn_in=dt * round(_BURN_IN / dt),
        initial=initial, seed=seed_sequence(random_state),
    )  # fmt: skip
