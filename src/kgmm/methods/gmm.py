"""The direct score of the Gaussian mixture with one kernel per sample."""

from kgmm.methods.base import Inputs, Method


def load(inputs: Inputs):
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
