"""The direct score of the Gaussian mixture with one kernel per sample."""

from kgmm.methods.base import Inputs, Method


def load(inputs: Inputs):
    """The score of the mixture, which costs every sample at every point.

    Parameters
    ----------
    inputs : Inputs
        Samples and σ.

    Returns
    -------
    score : callable
        ``(n, n_features) -> (n, n_features)``, physical units.
    standardization : Standardization
        That of the samples.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((500, 1))
    >>> score, _ = load(Inputs(sigma=0.5, network={}, seed=0, device="cpu", read_samples=lambda: X))
    >>> score(np.zeros((3, 1))).shape
    (3, 1)
    """
    from kgmm.score.direct_gmm import DirectGMM

    mixture = DirectGMM(inputs.sigma).fit(inputs.samples[:]).mixture_
    return mixture, mixture.standardization


METHOD = Method(
    label="direct GMM score",
    description="direct score of the mixture",
    rank=4,
    style={"color": "#de8f05", "linestyle": "-", "linewidth": 0.7, "alpha": 0.9},
    load=load,
)
