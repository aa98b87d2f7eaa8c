"""The choice of :func:`kgmm.fit_score`: of potentials in closed form and a network what held-out samples prefer."""

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
        Its ``method`` tells which family it is, its ``error_estimate`` how good it believes to be.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).laplace(size=(2000, 1))
    >>> fit(Inputs(sigma=0.2, network={}, seed=0, device="cpu", read_samples=lambda: X)).sigma
    0.2
    """
    from kgmm.score.fit import fit_score

    return fit_score(inputs.samples, inputs.sigma, random_state=inputs.seed)


METHOD = Method(
    label="automatic choice",
    description="potentials in closed form or a network, by held-out loss (kgmm.fit_score)",
    rank=1,
    style={"color": "#ca9161", "linestyle": (0, (4, 1.2)), "linewidth": 1.6},
    fit=fit,
    drives_model=True,
    steps="batches",
    least_samples=100,
)
