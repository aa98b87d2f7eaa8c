"""The control: the network fitted to direct scores of the mixture, which tells what the cells add."""

from kgmm.methods.base import Inputs, Method

# More points are no help: the error is that of their targets.
_POINTS = 20_000


def fit(inputs: Inputs):
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
