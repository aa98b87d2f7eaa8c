"""Denoising score matching: the network fitted to single draws of the noise (doi 10.1162/NECO_a_00142)."""

from kgmm.methods.base import Inputs, Method

_OPTIONS = ("hidden", "steps", "batch_size", "learning_rate", "antithetic")


def fit(inputs: Inputs):
    from kgmm.score.dsm import DSM

    options = {name: inputs.network[name] for name in _OPTIONS}
    return DSM(inputs.sigma, random_state=inputs.seed, device=inputs.device, **options).fit(inputs.samples).score_model_


METHOD = Method(
    label="denoising score matching",
    description="the network fitted to single draws (denoising score matching)",
    rank=3,
    style={"color": "#cc78bc", "linestyle": (0, (5, 1.5, 1, 1.5)), "linewidth": 1.4},
    fit=fit,
    steps="batches",
)
