"""The control: the network fitted to direct scores of the mixture, which tells what the cells add."""

from kgmm.methods.base import Inputs, Method

# More points are no help: the error is that of their targets.
_POINTS = 20_000


def fit(inputs: Inputs):
    """The network fitted to the mixture's score at (some of) the samples.

    Parameters
    ----------
    inputs : Inputs
        Samples, σ, seed, device, and of ``network`` the options of :meth:`kgmm.ScoreModel.fit`.

    Returns
    -------
    ScoreModel
        The score of the data blurred by σ.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).laplace(size=(500, 1))
    >>> network = {"hidden": [8], "max_iterations": 20}
    >>> fit(Inputs(sigma=0.5, network=network, seed=0, device="cpu", read_samples=lambda: X)).sigma
    0.5
    """
    from kgmm.score.direct_gmm import DirectGMM
    from kgmm.score.model import ScoreModel

    samples = inputs.samples[:]
    points = samples[:: max(1, len(samples) // _POINTS)]
    network = {name: value for name, value in inputs.network.items() if name != "antithetic"}
    mixture = DirectGMM(inputs.sigma).fit(samples)
    return ScoreModel.fit_mixture(mixture, points, seed=inputs.seed, device=inputs.device, **network)


METHOD = Method(
    label="network fitted to direct GMM scores",
    description="the network fitted to direct scores (the control)",
    rank=2,
    style={"color": "#029e73", "linestyle": "-.", "linewidth": 1.4},
    fit=fit,
)
