"""The score of a user's model: that of ``auto``, or a network where its trajectories would leave the data."""

from kgmm.methods.base import Inputs, Method


def fit(inputs: Inputs):
    """The score at the experiment's σ; of the section ``network`` only the widths of the layers count.

    Parameters
    ----------
    inputs : Inputs
        Samples, σ, seed and ``network["hidden"]``.

    Returns
    -------
    ScoreModel
        See :func:`kgmm.langevin.model_score.fit_model_score`.
    """
    from kgmm.langevin.model_score import fit_model_score

    return fit_model_score(inputs.samples, inputs.sigma, hidden=inputs.network["hidden"], random_state=inputs.seed)


METHOD = Method(
    label="automatic choice, simulated",
    description="as auto; a network whose score is a gradient where trajectories of that choice leave the data",
    rank=1,
    style={"color": "#8c510a", "linestyle": (0, (5, 1)), "linewidth": 1.6},
    fit=fit,
    drives_model=True,
    steps="batches",
    least_samples=100,
)
