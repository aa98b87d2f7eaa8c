"""One call from a path and its score to a Langevin model."""

from __future__ import annotations

import logging

import numpy as np

from kgmm.data.paths import as_path, states
from kgmm.data.segments import in_one_member
from kgmm.errors import ScientificFailure
from kgmm.langevin.dynamics import CIRCULATIONS, Dynamics
from kgmm.langevin.fit_dynamics import fit_dynamics
from kgmm.langevin.model import LangevinModel
from kgmm.langevin.model_score import fit_model_score, fit_network
from kgmm.langevin.other_data import refuse_other_data
from kgmm.langevin.simulation_check import check_density
from kgmm.randomness import Seed
from kgmm.score.gradient_network import GradientNetwork
from kgmm.score.model import ScoreModel
from kgmm.statistics.quantiles import wrong_quantiles

logger = logging.getLogger("kgmm")


def fit_langevin(
    path,
    score: ScoreModel | None = None,
    *,
    circulation: str = "auto",
    symmetries: tuple[np.ndarray, ...] = (),
    random_state: Seed = 0,
) -> LangevinModel:
    """A Langevin model with the stationary density and the time scales of a path.

    Parameters
    ----------
    path : array_like
        A densely saved path, many decorrelation times long, see :func:`kgmm.data.paths.as_path`.
    score : ScoreModel, optional
        The score of its density; by default :func:`kgmm.langevin.model_score.fit_model_score` of its states and, if
        the model with it does not pass its check, the network of :func:`kgmm.fit_score`: the better of both models is
        returned.
    circulation : str
        How probability moves along the density, ``dX = [(D + R(X)) s + ∇·R(X)] dt + √2 D^½ dW`` with an antisymmetric
        ``R``; the density is that of the score for every ``R``. ``"none"``: the identity as mobility in standardised
        coordinates; the time scales are arbitrary. ``"constant"``: constant ``D`` and ``R``, from the slope of the
        correlations at short lags where noise dominates these, else from one finite lag or by rescaling time.
        ``"state"``: ``R(x)`` by regression on the velocities of the path, which must be saved densely.
        ``"velocity"``: their mean ``v(x)`` in place of ``R s + ∇·R``; where the density has a hole, as inside a limit
        cycle, no bounded ``R`` gives it. The density is kept only as far as ``v`` is right.
        ``"hidden"``: variables beside those of the path, fitted to its autocorrelations, which give the model memory
        and keep the density exactly; the path may be saved less densely, and the fit takes some simulations.
        ``"auto"``: constant, if the simulated autocorrelations are then within 0.04 of those of the last fifth of the
        path, which takes no part in the estimates; else the circulation that comes nearest to them. Hidden variables
        are tried where none comes near.
    symmetries : tuple of array_like, each of shape (n_features, n_features)
        Signed permutations of the variables under which the law of the path is invariant, such as
        ``diag(−1, −1, 1)`` of Lorenz 63; used with ``"state"`` and ``"velocity"``.
    random_state : int or numpy.random.SeedSequence
        Seed.

    Returns
    -------
    LangevinModel
        In the units of the path. ``model.dynamics`` says what was chosen and why, and how far the autocorrelations of
        the simulated model are from those of the data.

    Raises
    ------
    ValueError
        For unusable arguments, or a score of other variables or in other units.
    ScientificFailure
        If the path is too short for its time scales, or does not allow the circulation that is asked for.

    References
    ----------
    arXiv:2503.18054; arXiv:2505.01895 for constant mobilities; Ma, Chen & Fox, "A complete recipe for stochastic
    gradient MCMC", 2015, for the form of the drift; ``docs/circulation.md`` for its estimate.

    Examples
    --------
    >>> import kgmm
    >>> path = kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=1000, interval=0.05, seed=0)
    >>> model = kgmm.fit_langevin(path, kgmm.fit_score(path, families=("polynomial",)), circulation="constant")
    >>> model.dynamics.method, model.mobility.shape
    ('slope', (2, 2))
    """
    if circulation not in CIRCULATIONS:
        raise ValueError(f"circulation is {circulation!r}: it must be one of {', '.join(CIRCULATIONS)}")
    path = as_path(path)
    is_given = score is not None
    if not is_given:
        score = fit_model_score(states(path), random_state=random_state)
    refuse_other_data(score, states(path))
    scale = score.standardization.scale
    if circulation == "none":
        diffusion = np.diag(scale**2)
        nothing = np.full_like(diffusion, np.nan)
        dynamics = Dynamics("none", "identity", "no other was asked for", diffusion, nothing, "identity")
        model = LangevinModel(score, dynamics=dynamics)
        names = [str(name) for name in path["variable"].values]
        found = wrong_quantiles(check_density(model, states(path), seed=random_state), names)
        for warning in found:
            logger.warning("%s", warning)
        return model.with_dynamics(dynamics.replace(warnings=tuple(found)))
    options = {"circulation": circulation, "symmetries": tuple(symmetries), "seed": random_state}
    path = in_one_member(path)
    model = fit_dynamics(path, score, **options)
    if is_given or not model.dynamics.warnings or isinstance(score.network, GradientNetwork):
        return model
    logger.info("the model does not pass its check (%s): a network is tried", "; ".join(model.dynamics.warnings))
    network = fit_network(states(path), random_state=random_state)
    try:
        other = fit_dynamics(path, network, **options)
    except ScientificFailure as failure:
        logger.info("there is no model with the network: %s", failure)
        return model
    return min(model, other, key=lambda one: (one.dynamics.check.members_reset > 0, one.dynamics.check.worst))
