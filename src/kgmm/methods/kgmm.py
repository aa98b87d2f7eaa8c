"""KGMM: the network fitted to the cells of the partition (arXiv:2503.18054)."""

from kgmm.methods.base import Inputs, Method


def fit(inputs: Inputs):
    from kgmm.score.model import ScoreModel

    network = {name: value for name, value in inputs.network.items() if name != "antithetic"}
    return ScoreModel.fit(inputs.cells, seed=inputs.seed, device=inputs.device, **network)


METHOD = Method(
    label="KGMM network",
    description="network fitted to the cells",
    rank=0,
    style={"color": "#0173b2", "linestyle": "--", "linewidth": 1.9},
    needs=("cells",),
    fit=fit,
    drives_model=True,
)
