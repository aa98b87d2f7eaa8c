"""The cells of KGMM without a network: constant or linear in each."""

from kgmm.methods.base import Inputs, Method


def load(inputs: Inputs):
    return inputs.cells, inputs.cells.standardization


METHOD = Method(
    label="KGMM cells",
    description="the cells alone",
    rank=1,
    style={"color": "#d55e00", "linestyle": "none", "marker": "o", "markersize": 3.2, "linewidth": 0.8},
    needs=("cells",),
    load=load,
)
