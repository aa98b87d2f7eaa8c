"""The score of a user's model: that of ``auto``, or a network where its trajectories would leave the data."""

from kgmm.methods.base import Inputs, Method


def fit(inputs: Inputs):
    """The score at the experiment's σ; the section ``network`` is about other methods: this one has its own.

    Parameters
    ----------
    inputs : Inputs
        Samples, σ and seed.

    Returns
    -------
    ScoreModel
        See :func:`kgmm.langevin.model_score.fit_model_score`.
    """
    from kgmm.langevin.model_score import fit_model_score

    return fit_model_score(inputs.samples, inputs.sigma, random_state=inputs.seed)


METHOD = Method(
    label="automatic choice, stable",
    description="as auto, or its network where trajectories of that choice leave the data",
    rank=1,
    style={"color": "#8c510a", "linestyle": (0, (5, 1)), "linewidth": 1.6},
    fit=fit,
    drives_model=True,
    steps="batches",
    least_samples=100,
)
