"""Denoising score matching: the network fitted to single draws of the noise (doi 10.1162/NECO_a_00142)."""

from kgmm.methods.base import Inputs, Method

_OPTIONS = ("hidden", "steps", "batch_size", "learning_rate", "antithetic")


def fit(inputs: Inputs):
    """The network after ``steps`` batches.

    Parameters
    ----------
    inputs : Inputs
        Samples, σ, seed, device, and of ``network`` the options of :class:`kgmm.DSM`.

    Returns
    -------
    ScoreModel
        The score of the data blurred by σ.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((500, 1))
    >>> network = {"hidden": [8], "steps": 20, "batch_size": 64, "learning_rate": 0.01, "antithetic": True}
    >>> fit(Inputs(sigma=0.2, network=network, seed=0, device="cpu", read_samples=lambda: X)).sigma
    0.2
    """
    from kgmm.score.dsm import DSM

    options = {name: inputs.network[name] for name in _OPTIONS}
    return DSM(inputs.sigma, random_state=inputs.seed, device=inputs.device, **options).fit(inputs.samples).score_model_


METHOD = Method(
    label="denoising score matching",
    description="the network fitted to single draws (denoising score matching)",
    rank=3,
    style={"color": "#882255", "linestyle": (0, (5, 1.5, 1, 1.5)), "linewidth": 1.4},
    fit=fit,
    steps="batches",
)
